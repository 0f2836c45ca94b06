#include "train/dedup_overlap.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "train/dedup_words.h"
#include "train/line_reader.h"
#include "train/source_files.h"

namespace pioneer {
namespace {

constexpr uint8_t kRowsOfLongTexts = kOverlapWords - kOverlapSeedWords + 1;

// All strings in a value; its nesting is limited by the parser.
void AddStrings(const Json& value, EvaluationOverlap& overlap) {
  if (value.is_string()) overlap.Add(value.get_ref<const std::string&>());
  if (value.is_structured()) {
    for (const Json& part : value) AddStrings(part, overlap);
  }
}

struct ByteRange {
  size_t begin, end;
};

// The whole lines that the range touches, with their line break.
ByteRange WholeLines(std::string_view text, ByteRange range) {
  const size_t before =
      range.begin == 0 ? std::string_view::npos : text.rfind('\n', range.begin - 1);
  const size_t after = text.find('\n', range.end);
  return {before == std::string_view::npos ? 0 : before + 1,
          after == std::string_view::npos ? text.size() : after + 1};
}

size_t Erase(std::string& text, const std::vector<ByteRange>& ranges) {
  std::string kept;
  size_t at = 0;
  for (const ByteRange& range : ranges) {
    if (range.begin > at) kept.append(text, at, range.begin - at);
    at = std::max(at, range.end);
  }
  kept.append(text, at);
  const size_t removed = text.size() - kept.size();
  text = std::move(kept);
  return removed;
}

}  // namespace

void EvaluationOverlap::Add(std::string_view test_text) {
  const std::vector<TextWord> words = FindWords(test_text);
  if (words.size() < kOverlapSeedWords) return;
  ++n_texts_;
  const size_t n_rows = words.size() - kOverlapSeedWords + 1;
  const auto needed = static_cast<uint8_t>(std::min<size_t>(n_rows, kRowsOfLongTexts));
  for (const uint64_t row : ShingleHashes(words, kOverlapSeedWords)) {
    const auto [entry, added] = needed_.try_emplace(row, needed);
    if (!added) entry->second = std::min(entry->second, needed);
  }
}

void EvaluationOverlap::AddFile(const fs::path& path) {
  const bool json = FormatOf(path) == SourceFormat::kJsonLines;
  LineReader reader(path);
  std::string paragraph;
  for (std::string line; reader.Next(line);) {
    if (json) {
      try {
        if (!line.empty()) AddStrings(ParseJson(line), *this);
      } catch (const Error& error) {
        Fail(ErrorCode::kCorruptFile, "{}, line {}: {}", path.string(), reader.line_number(),
             error.what());
      }
    } else if (line.empty()) {
      Add(paragraph);
      paragraph.clear();
    } else {
      paragraph.append(line).append("\n");
    }
  }
  Add(paragraph);
}

size_t EvaluationOverlap::Cut(std::string& text) const {
  if (needed_.empty()) return 0;
  const std::vector<TextWord> words = FindWords(text);
  if (words.size() < kOverlapSeedWords) return 0;
  const std::vector<uint64_t> rows = ShingleHashes(words, kOverlapSeedWords);
  std::vector<ByteRange> ranges;
  size_t run = 0;
  uint8_t least = kRowsOfLongTexts;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = needed_.find(rows[i]);
    if (found == needed_.end()) {
      run = 0;
      least = kRowsOfLongTexts;
      continue;
    }
    ++run;
    least = std::min(least, found->second);
    if (run < least) continue;
    const ByteRange words_of_run = {words[i + 1 - run].begin, words[i + kOverlapSeedWords - 1].end};
    ranges.push_back(WholeLines(text, words_of_run));
  }
  return ranges.empty() ? 0 : Erase(text, ranges);
}

}  // namespace pioneer
