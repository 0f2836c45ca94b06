#include "eval/pattern.h"

#include <unicode/regex.h>

#include "base/error.h"

namespace pioneer::eval {
namespace {

// ICU counts steps, not seconds: about 10,000 a millisecond.
constexpr int32_t kMaxMatchSteps = 5000;
constexpr int32_t kMaxStackBytes = 8 << 20;

icu::UnicodeString FromUtf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string ToUtf8(const icu::UnicodeString& text) {
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

}  // namespace

struct Pattern::Compiled {
  std::unique_ptr<icu::RegexPattern> pattern;
  std::string expression;

  // A matcher of `text`, which must outlive it.
  std::unique_ptr<icu::RegexMatcher> Matcher(const icu::UnicodeString& text) const {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(text, status));
    if (matcher) {
      matcher->setTimeLimit(kMaxMatchSteps, status);
      matcher->setStackLimit(kMaxStackBytes, status);
    }
    Check(status);
    return matcher;
  }

  void Check(UErrorCode status) const {
    if (U_SUCCESS(status)) return;
    Fail(ErrorCode::kInvalidArgument,
         "the pattern {} takes too long on an answer ({}); write it without nested repetitions",
         expression, u_errorName(status));
  }
};

Pattern::Pattern(const std::string& expression) : compiled_(std::make_unique<Compiled>()) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where = {};
  compiled_->expression = expression;
  compiled_->pattern.reset(icu::RegexPattern::compile(FromUtf8(expression), 0, where, status));
  if (U_SUCCESS(status)) return;
  Fail(ErrorCode::kInvalidArgument, "the pattern {} is wrong at its character {} ({})", expression,
       where.offset + 1, u_errorName(status));
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

std::vector<std::string> Pattern::FindAll(std::string_view text) const {
  const icu::UnicodeString unicode = FromUtf8(text);
  const auto matcher = compiled_->Matcher(unicode);
  std::vector<std::string> matches;
  UErrorCode status = U_ZERO_ERROR;
  while (matcher->find(status) && U_SUCCESS(status)) {
    int32_t group = 0;
    while (group < matcher->groupCount() && (group == 0 || matcher->start(group, status) < 0)) {
      ++group;
    }
    matches.push_back(ToUtf8(matcher->group(group, status)));
  }
  compiled_->Check(status);
  return matches;
}

bool Pattern::Matches(std::string_view text) const {
  const icu::UnicodeString unicode = FromUtf8(text);
  const auto matcher = compiled_->Matcher(unicode);
  UErrorCode status = U_ZERO_ERROR;
  const bool found = matcher->find(status);
  compiled_->Check(status);
  return found;
}

std::string Pattern::Remove(std::string_view text) const {
  const icu::UnicodeString unicode = FromUtf8(text);
  const auto matcher = compiled_->Matcher(unicode);
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString rest = matcher->replaceAll(icu::UnicodeString(), status);
  compiled_->Check(status);
  return ToUtf8(rest);
}

}  // namespace pioneer::eval
