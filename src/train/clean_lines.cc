#include "train/clean_lines.h"

#include <algorithm>

#include "text/string_index.h"

namespace pioneer {
namespace {

constexpr size_t kSeenBits = size_t{1} << 27;

struct TextLine {
  std::string_view text;
  bool often = false, goes = false;
};

std::vector<TextLine> SplitLines(std::string_view text) {
  std::vector<TextLine> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back({text.substr(0, end)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// A sentence: long, not indented as code is, with spaces.
bool IsLongSentence(std::string_view line) {
  return line.size() >= RepeatedLines::kLongLineBytes && line[0] != ' ' && line[0] != '\t' &&
         std::count(line.begin(), line.end(), ' ') >= 6;
}

template <typename Iterator>
void MarkEdge(Iterator begin, Iterator end) {
  for (; begin != end && (begin->often || begin->text.empty()); ++begin) begin->goes = true;
}

}  // namespace

RepeatedLines::RepeatedLines() : seen_once_(kSeenBits / 64) {}

bool RepeatedLines::SeenOften(std::string_view line) {
  const uint64_t hash = HashBytes(line);
  uint64_t& word = seen_once_[(hash % kSeenBits) / 64];
  const uint64_t bit = uint64_t{1} << (hash % 64);
  if ((word & bit) == 0) {
    word |= bit;
    return false;
  }
  const auto found = documents_.find(hash);
  if (found != documents_.end()) return ++found->second > kKeptDocuments;
  if (documents_.size() < kMaxRememberedLines) documents_.emplace(hash, 2);
  return false;
}

size_t RepeatedLines::Strip(std::string& text) {
  std::vector<TextLine> lines = SplitLines(text);
  std::unordered_map<std::string_view, bool> often;  // a line counts once a document
  for (TextLine& line : lines) {
    if (line.text.empty()) continue;
    const auto [entry, added] = often.try_emplace(line.text, false);
    if (added) entry->second = SeenOften(line.text);
    line.often = entry->second;
    line.goes = line.often && IsLongSentence(line.text);
  }
  MarkEdge(lines.begin(), lines.end());
  MarkEdge(lines.rbegin(), lines.rend());
  if (std::none_of(lines.begin(), lines.end(), [](const TextLine& l) { return l.goes; })) return 0;
  std::string kept;
  for (const TextLine& line : lines) {
    if (!line.goes) kept.append(line.text).append("\n");
  }
  if (kept.ends_with('\n')) kept.pop_back();
  const size_t removed = text.size() - kept.size();
  text = std::move(kept);
  return removed;
}

}  // namespace pioneer
