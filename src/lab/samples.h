// Why: what a model writes from the same beginnings, checkpoint after checkpoint, shows its growth
// better than a number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/line_tail.h"

namespace pioneer::lab {

struct Sample {
  std::string prompt, text;
};

struct SampleStep {
  int64_t step = 0, tokens = 0;
  std::vector<Sample> samples;
};

// Of a run's samples.jsonl: one {"step", "tokens", "prompt", "text"} a line. Of many checkpoints
// every second, fourth, ... is kept, and the latest always. One thread.
class SampleBook {
 public:
  static constexpr size_t kMaxSteps = 64, kMaxSamplesAStep = 16, kMaxTextBytes = 4096;

  explicit SampleBook(fs::path path) : tail_(std::move(path)) {}

  // Reads what was added; true when that was something.
  bool Update();
  const std::vector<SampleStep>& steps() const { return steps_; }

 private:
  void Take(std::string_view line);

  LineTail tail_;
  std::vector<SampleStep> steps_;
};

}  // namespace pioneer::lab
