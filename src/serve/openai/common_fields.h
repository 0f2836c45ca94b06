// Why: /v1/chat/completions and /v1/completions share most of their fields; each is read here once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/generator.h"
#include "serve/json_fields.h"

namespace pioneer::serve::openai {

inline constexpr int kMaxAnswers = 8;       // n
inline constexpr int kMaxStops = 16;        // stop
inline constexpr int kMaxStopBytes = 1024;  // of one stop string
inline constexpr int kMaxLogitBias = 1024;  // entries
inline constexpr int kMaxTopLogprobs = 20;
inline constexpr int kMaxTokensLimit = 1 << 24;

// What the wire layer itself acts on; the rest of a request goes to the engine.
struct WireOptions {
  std::string model;  // "" = the default model
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
};

WireOptions ReadWireOptions(const FieldReader& body);

// adapters: a list of {name, scale}.
std::vector<AdapterUse> ReadAdapters(const FieldReader& body);

// temperature, top_p, top_k, min_p, the penalties, seed, logit_bias, stop, n, adapters. Not the token limit
// and the logprobs, which differ between the endpoints.
GenerationOptions ReadGenerationOptions(const FieldReader& body);

}  // namespace pioneer::serve::openai
