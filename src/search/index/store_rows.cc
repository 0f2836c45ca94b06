#include "search/index/store_rows.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/error.h"

namespace pioneer::search {

SourceKind ParseSourceKind(std::string_view name) {
  for (const SourceKind kind :
       {SourceKind::kFiles, SourceKind::kSite, SourceKind::kFeed, SourceKind::kPage}) {
    if (name == SourceKindName(kind)) return kind;
  }
  Fail(ErrorCode::kCorruptFile, "the index has a source of an unknown kind, {}", name);
}

JobState ParseJobState(std::string_view name) {
  for (const JobState state : {JobState::kWaiting, JobState::kRunning, JobState::kDone,
                               JobState::kFailed, JobState::kStopped}) {
    if (name == JobStateName(state)) return state;
  }
  Fail(ErrorCode::kCorruptFile, "the index has a job of an unknown state, {}", name);
}

std::string ContentHash(const NewDocument& document) {
  std::string all = document.document.title;
  const auto add = [&](std::string_view part) { all.append(1, '\0').append(part); };
  for (const NewPassage& passage : document.passages) {
    for (const std::string& heading : passage.headings) add(heading);
    add(std::to_string(passage.page));
    add(passage.before);
    add(passage.text);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest);
  constexpr size_t kKept = 16;
  std::string hex;
  for (size_t i = 0; i < kKept; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string JoinHeadings(const std::vector<std::string>& headings) {
  return fmt::format("{}", fmt::join(headings, "\n"));
}

std::vector<std::string> SplitHeadings(std::string_view joined) {
  std::vector<std::string> lines;
  while (!joined.empty()) {
    const size_t end = std::min(joined.find('\n'), joined.size());
    lines.emplace_back(joined.substr(0, end));
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
  return lines;
}

bool FiltersAnything(const RetrievalFilter& filter) {
  return !filter.source_ids.empty() || !filter.languages.empty() || filter.from_ms ||
         filter.until_ms;
}

void AddRange(PassageRange range, std::vector<PassageRange>& ranges) {
  if (!ranges.empty() && ranges.back().end == range.begin) {
    ranges.back().end = range.end;
  } else {
    ranges.push_back(range);
  }
}

std::string TextAround(const Passage& passage, size_t bytes,
                       const std::function<PassageParts(int64_t id)>& read) {
  std::string text = passage.text;
  std::string gap = read(passage.id).first;
  for (size_t left = bytes, id = 1;; ++id) {
    const auto [before, own] = read(passage.id - static_cast<int64_t>(id));
    if (own.empty() || own.size() + gap.size() > left) break;
    left -= own.size() + gap.size();
    text = own + gap + text;
    gap = before;
  }
  for (size_t left = bytes, id = 1;; ++id) {
    const auto [before, own] = read(passage.id + static_cast<int64_t>(id));
    if (own.empty() || own.size() + before.size() > left) break;
    left -= own.size() + before.size();
    text += before + own;
  }
  return text;
}

}  // namespace pioneer::search
