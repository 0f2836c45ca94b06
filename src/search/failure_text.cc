#include "search/failure_text.h"

namespace pioneer::search {
namespace {

constexpr char kBetween = '\x1F';  // ASCII's own separator of units: no message has it

}  // namespace

std::string FailureText(std::string_view code, std::string_view message) {
  std::string text(code);
  text += kBetween;
  return text += message;
}

FailureParts SplitFailure(std::string_view text) {
  const size_t at = text.find(kBetween);
  if (at == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

}  // namespace pioneer::search
