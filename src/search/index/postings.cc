#include "search/index/postings.h"

#include <algorithm>

#include "base/error.h"
#include "search/index/analyzer.h"

namespace pioneer::search {
namespace {

constexpr int kMostCounted = 255;
constexpr int kMostCountedShort = 127;

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

class PostingReader {
 public:
  explicit PostingReader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size(); }

  uint8_t Byte() {
    if (at_end()) Fail(ErrorCode::kCorruptFile, "the index has a list of passages that is cut off");
    return static_cast<uint8_t>(bytes_[at_++]);
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const uint8_t byte = Byte();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    Fail(ErrorCode::kCorruptFile, "the index has a number that is too long");
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

// Positions of a text; counts how often each term stands there.
uint32_t CountTerms(std::string_view text, int field,
                    std::map<std::string, Posting, std::less<>>& found) {
  uint32_t length = 0, last = 0;
  for (const Term& term : Analyze(text)) {
    if (term.kind == TermKind::kFunction) continue;
    length += term.position != last;
    last = term.position;
    uint8_t& count = found[term.text].counts[field];
    if (count < kMostCounted) ++count;
  }
  return length;
}

// A passage that a group found by one of its terms.
struct GroupHit {
  int64_t passage = 0;
  int order = 0;  // of the term among those of all groups
  int term = 0;
  const Posting* posting = nullptr;
};

// Where all terms of the group occur.
void MatchGroup(const std::vector<std::vector<Posting>>& postings, const std::vector<int>& group,
                int order, size_t limit, std::vector<GroupHit>& out) {
  std::vector<const Posting*> at, end;
  for (const int term : group) {
    const std::vector<Posting>& list = postings[static_cast<size_t>(term)];
    if (list.empty()) return;
    at.push_back(list.data());
    end.push_back(list.data() + list.size());
  }
  for (size_t n = 0; limit == 0 || n < limit;) {
    int64_t furthest = 0;
    for (size_t i = 0; i < at.size(); ++i) {
      if (at[i] == end[i]) return;
      furthest = std::max(furthest, at[i]->passage);
    }
    bool same = true;
    for (size_t i = 0; i < at.size(); ++i) {
      while (at[i] != end[i] && at[i]->passage < furthest) ++at[i];
      same = same && at[i] != end[i] && at[i]->passage == furthest;
    }
    if (!same) continue;
    ++n;
    for (size_t i = 0; i < at.size(); ++i) {
      out.push_back({furthest, order + static_cast<int>(i), group[i], at[i]});
      ++at[i];
    }
  }
}

}  // namespace

void AppendPostings(const std::vector<Posting>& postings, std::string& out) {
  AppendVarint(postings.size(), out);
  int64_t before = postings.front().passage;
  AppendVarint(static_cast<uint64_t>(before), out);
  for (const Posting& posting : postings) {
    AppendVarint(static_cast<uint64_t>(posting.passage - before), out);
    before = posting.passage;
    const uint8_t in_text = posting.counts[kTextField];
    if (posting.counts[kTitleField] == 0 && posting.counts[kHeadingsField] == 0 && in_text > 0 &&
        in_text <= kMostCountedShort) {
      out += static_cast<char>(in_text);
    } else {
      out += '\0';
      for (const uint8_t count : posting.counts) out += static_cast<char>(count);
    }
    for (const uint32_t length : posting.lengths) AppendVarint(length, out);
  }
}

void DecodePostings(std::string_view bytes, std::vector<Posting>& out) {
  for (PostingReader reader(bytes); !reader.at_end();) {
    const uint64_t n = reader.Varint();
    uint64_t passage = reader.Varint();
    for (uint64_t i = 0; i < n; ++i) {
      Posting posting;
      passage += reader.Varint();
      posting.passage = static_cast<int64_t>(passage);
      posting.counts[kTextField] = reader.Byte();
      if (posting.counts[kTextField] == 0) {
        for (uint8_t& count : posting.counts) count = reader.Byte();
      }
      for (uint32_t& length : posting.lengths) length = static_cast<uint32_t>(reader.Varint());
      out.push_back(posting);
    }
  }
}

void AddPassageTerms(int64_t passage, const std::string_view (&fields)[kSearchFields],
                     PassageTerms& out) {
  std::map<std::string, Posting, std::less<>> found;
  uint32_t lengths[kSearchFields];
  for (int field = 0; field < kSearchFields; ++field) {
    lengths[field] = CountTerms(fields[field], field, found);
    out.positions[field] += lengths[field];
  }
  ++out.passages;
  for (auto& [term, posting] : found) {
    posting.passage = passage;
    std::copy_n(lengths, kSearchFields, posting.lengths);
    out.postings[term].push_back(posting);
  }
}

std::vector<Candidate> MatchGroups(const std::vector<std::vector<Posting>>& postings,
                                   const TermGroups& groups, size_t limit) {
  std::vector<GroupHit> hits;
  int order = 0;
  for (const std::vector<int>& group : groups) {
    if (group.empty()) continue;
    MatchGroup(postings, group, order, limit, hits);
    order += static_cast<int>(group.size());
  }
  std::sort(hits.begin(), hits.end(), [](const GroupHit& a, const GroupHit& b) {
    return a.passage != b.passage ? a.passage < b.passage : a.order < b.order;
  });
  std::vector<Candidate> candidates;
  for (const GroupHit& found : hits) {
    if (candidates.empty() || candidates.back().passage_id != found.passage) {
      if (limit > 0 && candidates.size() == limit) break;
      Candidate candidate;
      candidate.passage_id = found.passage;
      std::copy_n(found.posting->lengths, kSearchFields, candidate.lengths);
      candidates.push_back(std::move(candidate));
    }
    std::vector<TermHit>& known = candidates.back().hits;
    const auto is_same = [&](const TermHit& hit) { return hit.term == found.term; };
    if (std::any_of(known.begin(), known.end(), is_same)) continue;  // it stands in two groups
    TermHit hit;
    hit.term = found.term;
    std::copy_n(found.posting->counts, kSearchFields, hit.counts);
    known.push_back(hit);
  }
  return candidates;
}

}  // namespace pioneer::search
