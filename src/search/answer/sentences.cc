#include "search/answer/sentences.h"

#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>

#include "base/error.h"

namespace pioneer::search::answer {
namespace {

icu::BreakIterator& SentenceBreaks() {
  thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createSentenceInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status))
      Fail(ErrorCode::kInternal, "ICU has no sentence breaks: {}", u_errorName(status));
    return made;
  }();
  return *iterator;
}

std::vector<size_t> BreakOffsets(std::string_view text) {
  const icu::UnicodeString wide = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  icu::BreakIterator& breaks = SentenceBreaks();
  breaks.setText(wide);
  std::vector<size_t> offsets;
  size_t bytes = 0;
  int32_t last = breaks.first();
  for (int32_t at = breaks.next(); at != icu::BreakIterator::DONE; at = breaks.next()) {
    std::string piece;
    wide.tempSubStringBetween(last, at).toUTF8String(piece);
    bytes += piece.size();
    offsets.push_back(bytes);
    last = at;
  }
  return offsets;
}

TextSpan Trimmed(std::string_view text, size_t begin, size_t end) {
  while (begin < end && std::isspace(static_cast<unsigned char>(text[begin])) != 0) ++begin;
  while (end > begin && std::isspace(static_cast<unsigned char>(text[end - 1])) != 0) --end;
  return {begin, end};
}

// What ends with a point that ends no sentence.
bool EndsWithAbbreviation(std::string_view sentence) {
  static constexpr std::string_view kAbbreviations[] = {
      "Dr.",   "Mr.",   "Mrs.",  "Ms.",     "Prof.", "St.",  "e.g.", "i.e.",  "cf.",
      "vs.",   "No.",   "Fig.",  "approx.", "Inc.",  "Ltd.", "Co.",  "Corp.", "Jr.",
      "Sr.",   "U.S.",  "U.K.",  "p.",      "pp.",   "vol.", "ca.",  "Gen.",  "Lt.",
      "dept.", "incl.", "resp.", "univ.",   "prof.", "corp."};
  return std::any_of(
      std::begin(kAbbreviations), std::end(kAbbreviations), [&](std::string_view abbreviation) {
        if (!sentence.ends_with(abbreviation)) return false;
        const size_t before = sentence.size() - abbreviation.size();
        return before == 0 || std::isalnum(static_cast<unsigned char>(sentence[before - 1])) == 0;
      });
}

// One capital letter and a point: an initial.
bool EndsWithInitial(std::string_view sentence) {
  const size_t n = sentence.size();
  return n >= 2 && sentence[n - 1] == '.' &&
         std::isupper(static_cast<unsigned char>(sentence[n - 2])) != 0 &&
         (n == 2 || sentence[n - 3] == ' ' || sentence[n - 3] == '.');
}

// Who writes without capitals ends sentences all the same. Short words may be abbreviated ("ft.").
std::vector<size_t> BreaksWithoutCapitals(std::string_view text) {
  constexpr size_t kLeastLetters = 4;
  std::vector<size_t> offsets;
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isupper(c) != 0; })) {
    return offsets;
  }
  size_t letters = 0;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    const bool stop = text[i] == '.' || text[i] == '?' || text[i] == '!';
    const bool dots = text[i + 2] == '.' || (i > 1 && text[i - 2] == '.');  // ". . ."
    const bool alone = letters == 0 && i > 0 && text[i - 1] == ' ' && !dots;
    if (stop && text[i + 1] == ' ' && (alone || letters >= kLeastLetters)) offsets.push_back(i + 2);
    letters = std::islower(static_cast<unsigned char>(text[i])) != 0 ? letters + 1 : 0;
  }
  return offsets;
}

std::vector<size_t> SentenceEnds(std::string_view text) {
  std::vector<size_t> ends;
  size_t begin = 0;
  for (const size_t end : BreakOffsets(text)) {
    for (const size_t at : BreaksWithoutCapitals(text.substr(begin, end - begin)))
      ends.push_back(begin + at);
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

}  // namespace

std::vector<TextSpan> SplitSentences(std::string_view text) {
  std::vector<TextSpan> sentences;
  size_t begin = 0;
  for (const size_t end : SentenceEnds(text)) {
    const TextSpan span = Trimmed(text, begin, end);
    const bool line_ends = text.substr(0, end).ends_with('\n');
    if (!line_ends && end < text.size() &&
        (EndsWithAbbreviation(span.In(text)) || EndsWithInitial(span.In(text)))) {
      continue;
    }
    if (span.end > span.begin) sentences.push_back(span);
    begin = end;
  }
  const TextSpan rest = Trimmed(text, begin, text.size());
  if (rest.end > rest.begin) sentences.push_back(rest);
  return sentences;
}

}  // namespace pioneer::search::answer
