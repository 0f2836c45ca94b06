#include "serve/openai/common_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "engine/validate.h"
#include "serve/api_error.h"

namespace pioneer::serve::openai {
namespace {

std::optional<uint64_t> ReadSeed(const FieldReader& body) {
  const Json* value = body.Find("seed");
  if (!value) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  return static_cast<uint64_t>(RequireInt(*value, "seed", std::numeric_limits<int64_t>::min(),
                                          std::numeric_limits<int64_t>::max()));
}

std::string ReadShortString(const Json& value, const std::string& path) {
  std::string text = RequireString(value, path);
  if (text.empty()) throw InvalidField(path, "must not be empty");
  if (text.size() > kMaxStopBytes) {
    throw InvalidField(path, fmt::format("must not be longer than {} bytes", kMaxStopBytes));
  }
  return text;
}

// A string or an array of strings.
std::vector<std::string> ReadStrings(const FieldReader& body, const char* name) {
  const Json* value = body.Find(name);
  if (!value) return {};
  if (value->is_string()) return {ReadShortString(*value, name)};
  if (!value->is_array()) {
    throw InvalidField(name,
                       "must be a string or an array of strings, not " + DescribeType(*value));
  }
  if (value->size() > kMaxStops) {
    throw InvalidField(name, fmt::format("must have at most {} strings", kMaxStops));
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < value->size(); ++i) {
    texts.push_back(ReadShortString((*value)[i], fmt::format("{}[{}]", name, i)));
  }
  return texts;
}

std::map<int32_t, double> ReadLogitBias(const FieldReader& body) {
  const Json* value = body.Object("logit_bias");
  if (!value) return {};
  if (value->size() > kMaxLogitBias) {
    throw InvalidField("logit_bias", fmt::format("must have at most {} entries", kMaxLogitBias));
  }
  std::map<int32_t, double> bias;
  for (const auto& [key, number] : value->items()) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      throw InvalidField("logit_bias", "its keys must be token ids such as \"42\"");
    }
    bias[id] = RequireNumber(number, "logit_bias." + key, -100, 100);
  }
  return bias;
}

// The names are llama.cpp's.
DryParams ReadDry(const FieldReader& body) {
  DryParams dry;
  dry.multiplier = body.Number("dry_multiplier", 0, 100).value_or(dry.multiplier);
  dry.base = body.Number("dry_base", 1, 8).value_or(dry.base);
  dry.allowed_length =
      static_cast<int>(body.Int("dry_allowed_length", 0, 1000).value_or(dry.allowed_length));
  dry.window = static_cast<int>(body.Int("dry_penalty_last_n", -1, 1 << 30).value_or(dry.window));
  if (body.Has("dry_sequence_breakers")) {
    dry.sequence_breakers = ReadStrings(body, "dry_sequence_breakers");
  }
  return dry;
}

SamplingParams ReadSampling(const FieldReader& body) {
  SamplingParams sampling;
  sampling.temperature = body.Number("temperature", 0, 2).value_or(1.0);
  sampling.top_p = body.Number("top_p", 0, 1).value_or(1.0);
  if (sampling.top_p == 0) throw InvalidField("top_p", "must be above 0 and at most 1, not 0");
  // Clients write "off" as 0 and as -1.
  const int64_t top_k = body.Int("top_k", -1, std::numeric_limits<int32_t>::max()).value_or(0);
  sampling.top_k = static_cast<int>(std::max<int64_t>(top_k, 0));
  sampling.min_p = body.Number("min_p", 0, 1).value_or(0.0);
  sampling.typical_p = body.Number("typical_p", 0, 1).value_or(1.0);
  if (sampling.typical_p == 0) {
    throw InvalidField("typical_p", "must be above 0 and at most 1, not 0");
  }
  sampling.repetition_penalty = body.Number("repetition_penalty", 0.01, 100).value_or(1.0);
  sampling.presence_penalty = body.Number("presence_penalty", -2, 2).value_or(0.0);
  sampling.frequency_penalty = body.Number("frequency_penalty", -2, 2).value_or(0.0);
  sampling.dry = ReadDry(body);
  sampling.seed = ReadSeed(body);
  sampling.logit_bias = ReadLogitBias(body);
  return sampling;
}

}  // namespace

WireOptions ReadWireOptions(const FieldReader& body) {
  WireOptions wire;
  wire.model = body.String("model").value_or("");
  wire.stream = body.Bool("stream").value_or(false);
  if (const Json* options = body.Object("stream_options")) {
    if (!wire.stream) throw InvalidField("stream_options", "is allowed only when stream is true");
    wire.include_usage =
        FieldReader(*options, "stream_options").Bool("include_usage").value_or(false);
  }
  return wire;
}

std::vector<AdapterUse> ReadAdapters(const FieldReader& body) {
  const Json* list = body.Array("adapters");
  if (!list) return {};
  if (list->size() > kMaxAdapters) {
    throw InvalidField("adapters", fmt::format("must have at most {}", kMaxAdapters));
  }
  std::vector<AdapterUse> adapters;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("adapters[{}]", i);
    const FieldReader fields((*list)[i], path);
    AdapterUse use;
    const auto name = fields.String("name");
    if (!name) throw InvalidField(path + ".name", "is missing");
    use.name = *name;
    use.scale = fields.Number("scale", -100, 100).value_or(1.0);
    adapters.push_back(std::move(use));
  }
  return adapters;
}

namespace {

// OpenAI's "flex" is slower and cheaper; who does not ask for it is waited for.
Priority ReadPriority(const FieldReader& body) {
  const bool flex = body.String("service_tier").value_or("") == "flex";
  return flex ? Priority::kBatch : Priority::kInteractive;
}

// vLLM's.
std::string ReadCacheSalt(const FieldReader& body) {
  std::string salt = body.String("cache_salt").value_or("");
  if (salt.size() <= kMaxSaltBytes) return salt;
  throw InvalidField("cache_salt", fmt::format("must not be longer than {} bytes", kMaxSaltBytes));
}

}  // namespace

GenerationOptions ReadGenerationOptions(const FieldReader& body) {
  GenerationOptions options;
  options.priority = ReadPriority(body);
  options.cache_salt = ReadCacheSalt(body);
  options.sampling = ReadSampling(body);
  options.limits.stop = ReadStrings(body, "stop");
  options.limits.ignore_eos = body.Bool("ignore_eos").value_or(false);
  options.adapters = ReadAdapters(body);
  options.n = static_cast<int>(body.Int("n", 1, kMaxAnswers).value_or(1));
  return options;
}

}  // namespace pioneer::serve::openai
