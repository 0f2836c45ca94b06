// Why: sets of Unicode code points (character classes) and how one becomes a byte-level regular
// expression over UTF-8.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace pioneer::grammar {

// Sorted, disjoint, non-adjacent ranges, both ends included. Surrogates are never members.
class CharSet {
 public:
  using Range = std::pair<char32_t, char32_t>;

  CharSet() = default;
  CharSet(std::initializer_list<Range> ranges) : CharSet(std::vector<Range>(ranges)) {}
  explicit CharSet(std::vector<Range> ranges);
  static CharSet Of(char32_t c) { return CharSet{{c, c}}; }
  static CharSet All() { return CharSet{{0, 0x10FFFF}}; }

  void Add(char32_t first, char32_t last);
  void Add(const CharSet& other);
  void Remove(const CharSet& other);  // set difference
  CharSet Complement() const;
  // With every letter its other cases (simple case folding of Unicode).
  CharSet IgnoringCase() const;

  bool Has(char32_t c) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }
  bool operator==(const CharSet&) const = default;

 private:
  void Normalize();
  std::vector<Range> ranges_;
};

}  // namespace pioneer::grammar
