// Why: regular expressions over bytes as hash-consed terms. Equal terms have equal ids, and simple
// laws of the algebra are applied when a term is made, so that derivatives stay few and small.
//
// Union, concatenation, repetition, intersection and complement are all exact: "a string matching
// this pattern, at most 20 characters long, but none of these names" is one term.
//
// Source of the method: Brzozowski, "Derivatives of Regular Expressions" (1964); Owens, Reppy,
// Turon, "Regular-expression derivatives reexamined" (2009).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/grammar/byte_set.h"
#include "text/grammar/char_set.h"

namespace pioneer::grammar {

// A term of one RegexStore; a plain handle.
struct Regex {
  int32_t id = 0;
  bool operator==(const Regex&) const = default;
  auto operator<=>(const Regex&) const = default;
};

// The byte by which special tokens are spelled (see TokenTrie); no UTF-8 text holds it, and strings
// of Not() and AnyBytes() do not either.
inline constexpr uint8_t kSpecialTokenByte = 0xFF;

inline constexpr int kUnbounded = -1;

struct RegexLimits {
  int max_terms = 1 << 20;
  int max_depth = 400;            // of nested terms
  int max_repetitions = 1 << 20;  // of {m,n}
};

// Not thread-safe. Making terms throws Error{kInvalidArgument} beyond the limits.
class RegexStore {
 public:
  explicit RegexStore(const RegexLimits& limits = {});

  Regex Nothing() const { return {0}; }   // no string
  Regex Epsilon() const { return {1}; }   // the empty string
  Regex AnyBytes() const { return {2}; }  // every string without kSpecialTokenByte
  Regex Bytes(const ByteSet& set);        // one byte of the set
  Regex Literal(std::string_view bytes);
  Regex Literals(
      std::vector<std::string> strings);  // any one of them; a tree, so thousands are fine
  Regex Chars(const CharSet& set);        // one code point of the set, in UTF-8
  Regex AnyChar() { return Chars(CharSet::All()); }
  Regex AnyText() { return Star(AnyChar()); }  // every valid UTF-8 string

  Regex Concat(Regex first, Regex second);
  Regex Concat(std::span<const Regex> parts);
  Regex Concat(std::initializer_list<Regex> parts) {
    return Concat(std::span<const Regex>(parts.begin(), parts.size()));
  }
  Regex Or(std::vector<Regex> parts);
  Regex And(std::vector<Regex> parts);
  Regex Not(Regex term);  // among strings without kSpecialTokenByte; may match invalid UTF-8
  Regex Repeat(Regex term, int min, int max);  // max may be kUnbounded
  Regex Star(Regex term) { return Repeat(term, 0, kUnbounded); }
  Regex Plus(Regex term) { return Repeat(term, 1, kUnbounded); }
  Regex Optional(Regex term) { return Repeat(term, 0, 1); }

  // Valid UTF-8 in which none of the literals occurs. Literals must not be empty.
  Regex TextWithout(const std::vector<std::string>& literals);
  // Valid UTF-8 that ends with one of the literals and holds none before.
  Regex TextUntil(const std::vector<std::string>& literals);

  bool Nullable(Regex term) const { return nodes_[term.id].nullable; }
  // The strings that follow `byte` in strings of `term`.
  Regex Derive(Regex term, uint8_t byte);
  // Whether the term is surely not empty of strings; false = exploring derivatives must tell.
  bool SurelyNonEmpty(Regex term) const { return nodes_[term.id].surely_non_empty; }
  // The bytes that strings of the term may begin with, or more.
  ByteSet FirstBytes(Regex term);
  // A value that depends on the term's structure alone, not on the store: a key for caches.
  struct Hash {
    uint64_t high = 0, low = 0;
    bool operator==(const Hash&) const = default;
    auto operator<=>(const Hash&) const = default;
  };
  Hash StructureHash(Regex term) const { return nodes_[term.id].hash; }
  // The partition of bytes that all byte sets of the store respect: class of each byte.
  std::vector<uint8_t> ByteClasses(int* n_classes) const;
  int size() const { return static_cast<int>(nodes_.size()); }
  // For messages and tests: "a(b|c)*".
  std::string Print(Regex term) const;

 private:
  enum class Kind : uint8_t {
    kNothing,
    kEpsilon,
    kAnyBytes,
    kBytes,
    kConcat,
    kOr,
    kAnd,
    kNot,
    kRepeat
  };
  struct Node {
    Kind kind = Kind::kNothing;
    bool nullable = false, surely_non_empty = false;
    bool infinite = false;  // surely has strings of every length beyond some; false = unknown
    bool finite = false;    // surely has finitely many strings; false = unknown
    bool special = false;   // may match kSpecialTokenByte
    int16_t depth = 0;
    int32_t a = 0, b = 0;      // kBytes: index of the set; kOr, kAnd: first child and their number
    int32_t min = 0, max = 0;  // kRepeat
    Hash hash{};
  };
  struct HashOf {
    size_t operator()(const Hash& hash) const { return hash.low; }
  };

  Regex Intern(Node node);
  Regex InternSet(Kind kind, const std::vector<Regex>& parts);
  std::span<const Regex> Children(const Node& node) const {
    return {children_.data() + node.a, static_cast<size_t>(node.b)};
  }
  // The members of nested unions (intersections), sorted by hash, each once.
  std::vector<Regex> Flatten(Kind kind, const std::vector<Regex>& parts) const;
  Regex OrFactored(const std::vector<Regex>& parts, int depth);
  void FactorHeads(std::vector<Regex>& parts, int depth);
  void SortUnique(std::vector<Regex>& parts) const;
  Regex Pair(Regex first, Regex second);  // first is no concatenation
  Regex LiteralTree(std::span<const std::string> sorted, size_t begin);
  ByteSet FirstBytesOf(Regex term);
  Regex DeriveConcat(Regex term, uint8_t byte);
  Regex DeriveRemembering(Regex term, uint8_t byte);
  Regex Utf8Unit(std::span<const CharSet::Range> ranges, int n_tail, int lead);
  void PrintTo(Regex term, size_t max_bytes, std::string& out) const;

  RegexLimits limits_;
  std::vector<Node> nodes_;
  std::vector<Regex> children_;
  std::vector<ByteSet> byte_sets_;
  std::unordered_map<Hash, int32_t, HashOf> by_hash_;
  std::unordered_map<Hash, int32_t, HashOf> byte_set_index_;
  std::unordered_map<int32_t, ByteSet> first_bytes_;
  std::unordered_map<uint64_t, Regex> derivatives_;  // of parts of intersections, by term and byte
};

}  // namespace pioneer::grammar
