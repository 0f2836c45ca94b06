#include "search/answer/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "search/answer/words.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kWholeWords = 8;  // longer quotes are named by their ends
constexpr size_t kEndWords = 4;
constexpr size_t kPrefixWords = 3;

std::string EncodeFragment(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    // '-', ',' and '&' have a meaning in text directives.
    const bool plain = std::isalnum(c) != 0 || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return out;
}

bool OccursOnce(std::string_view text, std::string_view part) {
  const size_t first = text.find(part);
  return first != std::string_view::npos && text.find(part, first + 1) == std::string_view::npos;
}

// The last words before `at`, on the same line.
std::string_view WordsBefore(std::string_view text, size_t at) {
  const size_t line = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t from = line == std::string_view::npos ? 0 : line + 1;
  const std::string_view before = text.substr(from, at - from);
  const std::vector<Word> words = ReadWords(before);
  if (words.empty()) return {};
  const size_t first = words.size() - std::min(kPrefixWords, words.size());
  const size_t begin = words[first].begin;
  return before.substr(begin, words.back().end - begin);
}

}  // namespace

std::string LinkTo(const Passage& passage, size_t begin, size_t end) {
  const size_t hash = passage.uri.find('#');
  const std::string base = passage.uri.substr(0, hash);
  if (passage.page > 0) return fmt::format("{}#page={}", base, passage.page);
  const std::string_view quote = std::string_view(passage.text).substr(begin, end - begin);
  const std::vector<Word> words = ReadWords(quote);
  if (words.empty()) return passage.uri;
  const std::string fragment = hash == std::string::npos ? "#" : passage.uri.substr(hash);
  // A text directive matches within one block when it is one piece.
  const bool whole = words.size() <= kWholeWords && quote.find('\n') == std::string_view::npos;
  const size_t start_end =
      whole ? words.back().end : words[std::min(kEndWords, words.size()) - 1].end;
  const std::string_view start = quote.substr(words.front().begin, start_end - words.front().begin);
  std::string directive;
  if (!OccursOnce(passage.text, start)) {
    const std::string_view before = WordsBefore(passage.text, begin + words.front().begin);
    if (!before.empty()) directive = EncodeFragment(before) + "-,";
  }
  directive += EncodeFragment(start);
  if (!whole && words.size() > kEndWords) {
    const size_t last = std::max(words.size() - kEndWords, kEndWords);
    directive +=
        "," + EncodeFragment(quote.substr(words[last].begin, words.back().end - words[last].begin));
  }
  return fmt::format("{}{}:~:text={}", base, fragment, directive);
}

}  // namespace pioneer::search::answer
