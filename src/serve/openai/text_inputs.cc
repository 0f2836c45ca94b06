#include "serve/openai/text_inputs.h"

#include <fmt/format.h>

#include <limits>

#include "serve/api_error.h"

namespace pioneer::serve::openai {
namespace {

constexpr int kMaxInputTokens = 1 << 22;

std::vector<int32_t> ReadTokens(const Json& array, const std::string& path) {
  if (array.empty()) throw InvalidField(path, "must not be empty");
  if (array.size() > kMaxInputTokens) {
    throw InvalidField(path, fmt::format("must have at most {} tokens", kMaxInputTokens));
  }
  std::vector<int32_t> tokens;
  tokens.reserve(array.size());
  for (const Json& id : array) {
    const std::string at = fmt::format("{}[{}]", path, tokens.size());
    tokens.push_back(
        static_cast<int32_t>(RequireInt(id, at, 0, std::numeric_limits<int32_t>::max())));
  }
  return tokens;
}

TextInput ReadOne(const Json& value, const std::string& path) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) return ReadTokens(value, path);
  throw InvalidField(path, "must be a string or an array of token ids, not " + DescribeType(value));
}

}  // namespace

std::vector<TextInput> ReadTextInputs(const FieldReader& body, const char* name, int max_inputs) {
  const Json* value = body.Find(name);
  if (!value) throw InvalidField(name, "is missing");
  if (value->is_array() && value->empty()) throw InvalidField(name, "must not be empty");
  if (!value->is_array() || value->front().is_number()) return {ReadOne(*value, name)};
  if (std::ssize(*value) > max_inputs) {
    throw InvalidField(name, fmt::format("must have at most {} {}s", max_inputs, name));
  }
  std::vector<TextInput> inputs;
  for (size_t i = 0; i < value->size(); ++i) {
    inputs.push_back(ReadOne((*value)[i], fmt::format("{}[{}]", name, i)));
  }
  return inputs;
}

}  // namespace pioneer::serve::openai
