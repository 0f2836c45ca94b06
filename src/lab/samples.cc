#include "lab/samples.h"

#include "base/error.h"
#include "base/json.h"

namespace pioneer::lab {
namespace {

// A thinned list: every second, counted so that the last stays.
void DropEverySecond(std::vector<SampleStep>& steps) {
  std::vector<SampleStep> kept;
  for (size_t i = (steps.size() - 1) % 2; i < steps.size(); i += 2) {
    kept.push_back(std::move(steps[i]));
  }
  steps = std::move(kept);
}

}  // namespace

bool SampleBook::Update() {
  bool changed = false;
  tail_.Read(
      [&] {
        steps_.clear();
        changed = true;
      },
      [&](std::string_view line) {
        Take(line);
        changed = true;
      });
  return changed;
}

void SampleBook::Take(std::string_view line) {
  Sample sample;
  int64_t step = 0, tokens = 0;
  try {
    const Json json = ParseJson(line);
    step = json.at("step").get<int64_t>();
    tokens = json.value("tokens", int64_t{0});
    sample.prompt = json.at("prompt").get<std::string>().substr(0, kMaxTextBytes);
    sample.text = json.at("text").get<std::string>().substr(0, kMaxTextBytes);
  } catch (const std::exception&) {
    return;  // unfinished or foreign
  }
  // A run that went back to a checkpoint writes later samples again.
  while (!steps_.empty() && steps_.back().step > step) steps_.pop_back();
  if (steps_.empty() || steps_.back().step < step) {
    if (steps_.size() == kMaxSteps) DropEverySecond(steps_);
    steps_.push_back({step, tokens, {}});
  }
  auto& samples = steps_.back().samples;
  for (Sample& known : samples) {
    if (known.prompt != sample.prompt) continue;
    known = std::move(sample);
    return;
  }
  if (samples.size() < kMaxSamplesAStep) samples.push_back(std::move(sample));
}

}  // namespace pioneer::lab
