// Why: an index of words of our own, for databases that have none that gives counts and lengths
// quickly: for each term, the passages that have it, as bytes.
//
// Postings of a term are chunks one behind the other, each of growing ids, all ids greater than
// those of the chunk before:
//   varint n, varint id of the first; n times: varint id less the id before (0 for the first),
//   a byte 1..127: the term's count in the text, and none elsewhere; or 0 and a byte a field,
//   varint length of each field in positions.
// Varints are those of LEB128. A passage's lengths stand in each of its postings, so that scoring
// asks for nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "search/index/search_store.h"

namespace pioneer::search {

struct Posting {
  int64_t passage = 0;
  uint8_t counts[kSearchFields] = {};
  uint32_t lengths[kSearchFields] = {};  // positions
};

// Appends one chunk; `postings` are not empty and in order.
void AppendPostings(const std::vector<Posting>& postings, std::string& out);
// Throws Error{kCorruptFile}.
void DecodePostings(std::string_view bytes, std::vector<Posting>& out);

// What some passages add to the index.
struct PassageTerms {
  std::map<std::string, std::vector<Posting>, std::less<>> postings;  // by term
  int64_t passages = 0;
  int64_t positions[kSearchFields] = {};  // of all of them
};

// Ids must grow from call to call.
void AddPassageTerms(int64_t passage, const std::string_view (&fields)[kSearchFields],
                     PassageTerms& out);

// Passages in which all terms of a group occur, in order, with the hits of the terms of those
// groups. `postings[i]` are those of term i, in order. At most `limit` (0: all).
std::vector<Candidate> MatchGroups(const std::vector<std::vector<Posting>>& postings,
                                   const TermGroups& groups, size_t limit);

}  // namespace pioneer::search
