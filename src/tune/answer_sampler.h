// Why: GRPO learns from what the model says now: answers are drawn by the engine, many at a time,
// from the base model with the adapter as it is at that moment.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "tune/adapter_layout.h"

namespace pioneer::tune {

struct SampledAnswer {
  std::vector<int32_t> tokens;  // without the one that ends it
  std::string text;
  bool ended = false;  // by the model; else max_tokens were reached
};

// The engine's model beside the frozen one: packed for the engine's kernels. One thread.
class AnswerSampler {
 public:
  // Throws what LoadModel throws.
  AnswerSampler(const fs::path& model, std::shared_ptr<ThreadPool> threads);

  struct Request {
    double temperature = 1.0;  // 0 = greedy
    int n = 1;                 // answers to each prompt
    int max_tokens = 256;
    uint64_t seed = 0;  // the same seed, prompts and adapter give the same answers
  };
  // [prompts][n]. adapter: [layout.size()]. Throws Error{kCancelled}, and kInternal with the
  // engine's words when it fails.
  std::vector<std::vector<SampledAnswer>> Sample(const AdapterLayout& layout, const float* adapter,
                                                 std::span<const std::vector<int32_t>> prompts,
                                                 const Request& request, const CancelToken& cancel);

 private:
  std::shared_ptr<ThreadPool> threads_;
  std::shared_ptr<Model> model_;
};

}  // namespace pioneer::tune
