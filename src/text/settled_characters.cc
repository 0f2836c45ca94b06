#include "text/settled_characters.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/short_character.h"

namespace pioneer {
namespace {

constexpr char32_t kFirst = 0x80, kEnd = 0x10000;

bool IsTail(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// Settles the symbols of one character, at most four, after the other.
class Settler {
 public:
  Settler(const MergeTable& merges, const std::vector<std::string>& tokens)
      : merges_(merges),
        any_(tokens.size(), MergeTable::kNoMerge),
        leftwards_(any_),
        rightwards_(any_) {
    std::vector<uint8_t> begins_with_tail, ends_with_tail;
    for (const std::string& token : tokens) {
      const std::string bytes = AlphabetToBytes(token).value_or("");
      begins_with_tail.push_back(!bytes.empty() && IsTail(bytes.front()));
      ends_with_tail.push_back(!bytes.empty() && IsTail(bytes.back()));
    }
    merges.ForEach([&](int32_t left, int32_t right, uint32_t rank) {
      const auto lower = [rank](uint32_t& lowest) { lowest = std::min(lowest, rank); };
      lower(any_[left]);
      lower(any_[right]);
      if (ends_with_tail[left]) lower(leftwards_[right]);
      if (!begins_with_tail[right]) lower(rightwards_[left]);
    });
  }

  // What is to the left, if anything, ends with a tail byte; what is to the right begins with none.
  void Settle(bool has_left, std::vector<int32_t>& symbols) {
    uint32_t highest = 0;  // of the ranks that were merged by
    made_.clear();
    while (symbols.size() > 1) {
      size_t best = 0;
      MergeTable::Merge merge;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const MergeTable::Merge here = merges_.Find(symbols[i], symbols[i + 1]);
        if (here.rank < merge.rank) merge = here, best = i;
      }
      if (has_left && merge.rank >= Lowest(leftwards_, symbols.front())) return;
      if (merge.rank >= Lowest(rightwards_, symbols.back())) return;
      std::erase(made_, symbols[best]);
      std::erase(made_, symbols[best + 1]);
      made_.push_back(merge.result);
      highest = std::max(highest, merge.rank);
      if (std::ranges::any_of(made_, [&](int32_t symbol) { return any_[symbol] <= highest; })) {
        return;
      }
      symbols[best] = merge.result;
      symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
    }
  }

 private:
  static uint32_t Lowest(const std::vector<uint32_t>& ranks, int32_t symbol) {
    return symbol < 0 ? MergeTable::kNoMerge : ranks[symbol];
  }

  const MergeTable& merges_;
  // The lowest rank of a pair with a symbol: of any, of one with a symbol to its left that ends
  // with a tail byte, of one with a symbol to its right that does not begin with one.
  std::vector<uint32_t> any_, leftwards_, rightwards_;
  std::vector<int32_t> made_;  // of the symbols, those that merges made
};

}  // namespace

SettledCharacters::SettledCharacters(const std::array<int32_t, 256>& byte_symbols,
                                     const MergeTable& merges,
                                     const std::vector<std::string>& tokens)
    : byte_symbols_(byte_symbols), inner_(kEnd), first_(kEnd) {
  Settler settler(merges, tokens);
  std::vector<int32_t> symbols;
  const auto settle = [&](const std::string& bytes, bool has_left, Symbols& settled) {
    symbols.clear();
    for (const char byte : bytes) symbols.push_back(byte_symbols[static_cast<uint8_t>(byte)]);
    settler.Settle(has_left, symbols);
    settled.fill(kNone);
    std::copy(symbols.begin(), symbols.end(), settled.begin());
  };
  std::string bytes;
  for (char32_t c = kFirst; c < kEnd; ++c) {
    bytes.clear();
    AppendUtf8(bytes, c);
    settle(bytes, true, inner_[c]);
    settle(" " + bytes, false, first_[c]);
  }
}

void SettledCharacters::Append(std::string_view piece, std::vector<int32_t>& symbols) const {
  for (size_t i = 0; i < piece.size();) {
    const bool spaced = i == 0 && piece[0] == ' ' && piece.size() > 1;
    const ShortCharacter c = ReadShortCharacter(piece, i + (spaced ? 1 : 0));
    const size_t end = i + c.length + (spaced ? 1 : 0);
    const bool known_left = i == 0 || IsTail(piece[i - 1]);
    const bool known_right = end == piece.size() || !IsTail(piece[end]);
    if (c.length <= 1 || !known_left || !known_right) {
      symbols.push_back(byte_symbols_[static_cast<uint8_t>(piece[i++])]);
      continue;
    }
    for (const int32_t symbol : (spaced ? first_ : inner_)[c.code_point]) {
      if (symbol == kNone) break;
      symbols.push_back(symbol);
    }
    i = end;
  }
}

}  // namespace pioneer
