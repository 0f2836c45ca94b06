#include "text/grammar/char_set.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "text/grammar/regex.h"

namespace pioneer::grammar {
namespace {

constexpr char32_t kLastChar = 0x10FFFF;

}  // namespace

CharSet::CharSet(std::vector<Range> ranges) : ranges_(std::move(ranges)) { Normalize(); }

void CharSet::Add(char32_t first, char32_t last) {
  ranges_.emplace_back(first, last);
  Normalize();
}

void CharSet::Add(const CharSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  Normalize();
}

// Sorts, joins, and takes the surrogates out.
void CharSet::Normalize() {
  std::vector<Range> parts;
  for (const auto& [first, last] : ranges_) {
    if (first <= 0xD7FF) parts.emplace_back(first, std::min<char32_t>(last, 0xD7FF));
    if (last >= 0xE000) {
      parts.emplace_back(std::max<char32_t>(first, 0xE000), std::min(last, kLastChar));
    }
  }
  std::erase_if(parts, [](const Range& range) { return range.first > range.second; });
  std::sort(parts.begin(), parts.end());
  ranges_.clear();
  for (const Range& range : parts) {
    if (!ranges_.empty() && range.first <= ranges_.back().second + 1) {
      ranges_.back().second = std::max(ranges_.back().second, range.second);
    } else {
      ranges_.push_back(range);
    }
  }
}

CharSet CharSet::Complement() const {
  CharSet result;
  char32_t next = 0;
  for (const auto& [first, last] : ranges_) {
    if (first > next) result.ranges_.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastChar) result.ranges_.emplace_back(next, kLastChar);
  result.Normalize();
  return result;
}

void CharSet::Remove(const CharSet& other) {
  CharSet outside = Complement();
  outside.Add(other);
  *this = outside.Complement();
}

CharSet CharSet::IgnoringCase() const {
  static const auto kAll = [] {
    std::vector<std::pair<char32_t, char32_t>> all;
    for (char32_t c = 0; c <= 0x1FFFF; ++c) {
      const auto folded =
          static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
      if (folded != c) {
        all.emplace_back(folded, c);
        all.emplace_back(folded, folded);
      }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }();
  CharSet result = *this;
  for (size_t i = 0; i < kAll.size();) {
    size_t end = i;
    bool touched = false;
    while (end < kAll.size() && kAll[end].first == kAll[i].first)
      touched |= Has(kAll[end++].second);
    for (size_t k = i; touched && k < end; ++k) {
      result.ranges_.emplace_back(kAll[k].second, kAll[k].second);
    }
    i = end;
  }
  result.Normalize();
  return result;
}

bool CharSet::Has(char32_t c) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), Range{c, kLastChar + 1});
  return after != ranges_.begin() && std::prev(after)->second >= c;
}

Regex RegexStore::Chars(const CharSet& set) {
  struct Length {
    char32_t first, last;
    int n_tail;
    int lead;
  };
  static constexpr Length kLengths[] = {{0, 0x7F, 0, 0},
                                        {0x80, 0x7FF, 1, 0xC0},
                                        {0x800, 0xFFFF, 2, 0xE0},
                                        {0x10000, kLastChar, 3, 0xF0}};
  std::vector<Regex> parts;
  for (const Length& length : kLengths) {
    std::vector<CharSet::Range> ranges;
    for (const auto& [first, last] : set.ranges()) {
      const char32_t low = std::max(first, length.first), high = std::min(last, length.last);
      if (low <= high) ranges.emplace_back(low, high);
    }
    if (!ranges.empty()) parts.push_back(Utf8Unit(ranges, length.n_tail, length.lead));
  }
  return Or(std::move(parts));
}

// Characters whose first byte is `lead` and their highest bits, followed by n_tail bytes; ranges
// are of the bits that are left. Bytes with the same continuation become one set.
Regex RegexStore::Utf8Unit(std::span<const CharSet::Range> ranges, int n_tail, int lead) {
  if (n_tail == 0) {
    ByteSet set;
    for (const auto& [first, last] : ranges) {
      for (char32_t c = first; c <= last; ++c) set.Add(static_cast<uint8_t>(lead | c));
    }
    return Bytes(set);
  }
  const int shift = 6 * n_tail;
  const char32_t low_bits = (char32_t{1} << shift) - 1;
  constexpr int kContinuation = 0x80;
  if (lead == kContinuation && ranges.front() == CharSet::Range{0, low_bits << 6 | 0x3F}) {
    // Every combination: no need to look at each.
    const Regex any = Bytes(ByteSet::Range(0x80, 0xBF));
    return Concat(any, Utf8Unit(std::vector<CharSet::Range>{{0, low_bits}}, n_tail - 1, lead));
  }
  std::vector<std::pair<Regex, ByteSet>> groups;
  const auto add = [&](Regex tail, char32_t unit) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const auto& entry) { return entry.first == tail; });
    if (group == groups.end()) group = groups.insert(groups.end(), {tail, ByteSet()});
    group->second.Add(static_cast<uint8_t>(lead | unit));
  };
  std::vector<CharSet::Range> inside;
  size_t begin = 0;
  for (char32_t unit = ranges.front().first >> shift; unit <= ranges.back().second >> shift;
       ++unit) {
    inside.clear();
    while (begin < ranges.size() && ranges[begin].second >> shift < unit) ++begin;
    for (size_t i = begin; i < ranges.size() && ranges[i].first >> shift <= unit; ++i) {
      const char32_t first = std::max<char32_t>(ranges[i].first, unit << shift);
      const char32_t last = std::min<char32_t>(ranges[i].second, unit << shift | low_bits);
      inside.emplace_back(first & low_bits, last & low_bits);
    }
    if (!inside.empty()) add(Utf8Unit(inside, n_tail - 1, 0x80), unit);
  }
  std::vector<Regex> parts;
  for (const auto& [tail, set] : groups) parts.push_back(Concat(Bytes(set), tail));
  return Or(std::move(parts));
}

}  // namespace pioneer::grammar
