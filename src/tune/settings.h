// Why: everything that decides what a tuning run does; kept in its folder, so that it can go on.
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/json.h"
#include "train/precision.h"
#include "tune/tune_data.h"

namespace pioneer::tune {

struct TuneSettings {
  Method method = Method::kSft;
  fs::path model, data;  // GGUF; JSONL (tune_data.h)
  int rank = 16;
  double alpha = 32;
  double learning_rate = 0;  // 0: 2e-4 (sft), 5e-5 (dpo), 1e-4 (grpo)
  int64_t steps = 0;         // 0: two passes over the data (sft), one (dpo), 100 (grpo)
  int64_t batch = 0;         // of a step: tokens (sft: 4096), pairs (dpo: 16), prompts (grpo: 8)
  int64_t context = 1024;    // longer texts are left out; at most the model's
  uint64_t seed = 1;
  int threads = 0;  // 0 = UsableCores()
  Precision precision = Precision::kAuto;
  double checkpoint_minutes = 10;
  double beta = 0.1;     // dpo: how far from the base model a preference may lead, in (0, 10]
  int group = 8;         // grpo: answers to each prompt
  int max_tokens = 256;  // grpo: of an answer
  double kl = 0;         // grpo: the weight of the divergence from the base model
  int updates = 1;       // grpo: how often a step learns from its answers
};

// With the method's defaults in place of zeros, but for steps. Throws Error{kInvalidArgument} that
// names the setting.
TuneSettings Completed(TuneSettings settings);

// Paths become absolute. FromJson is strict: it throws Error{kInvalidArgument}.
Json SettingsToJson(const TuneSettings& settings);
TuneSettings SettingsFromJson(const Json& json);

}  // namespace pioneer::tune
