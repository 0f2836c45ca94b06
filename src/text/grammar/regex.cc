#include "text/grammar/regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace pioneer::grammar {
namespace {

using Hash = RegexStore::Hash;

constexpr int kMaxFactoringDepth = 64;

// Unknown to whoever writes a grammar, so that no two terms of his can be made to collide.
const Hash& HashSeed() {
  static const Hash seed = [] {
    Hash made;
    SecureRandomBytes(&made, sizeof(made));
    return made;
  }();
  return seed;
}

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product =
      static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

Hash Combine(const Hash& hash, const Hash& next) {
  return {Mix(hash.high ^ next.high, hash.low + 0xA0761D6478BD642Fu) + next.low,
          Mix(hash.low ^ next.low, hash.high + 0xE7037ED1A0B428DBu) + next.high};
}

Hash Combine(const Hash& hash, uint64_t value) {
  return Combine(hash, Hash{Mix(value, HashSeed().high), Mix(value + 1, HashSeed().low)});
}

ByteSet TextBytes() { return ByteSet::Range(0, 0xFE); }

}  // namespace

RegexStore::RegexStore(const RegexLimits& limits) : limits_(limits) {
  Node nothing;
  nothing.kind = Kind::kNothing;
  nothing.finite = true;
  Node epsilon;
  epsilon.kind = Kind::kEpsilon;
  epsilon.nullable = epsilon.finite = true;
  Node any;
  any.kind = Kind::kAnyBytes;
  any.nullable = any.infinite = true;
  for (const Node& node : {nothing, epsilon, any}) Intern(node);
}

// Gives the node its id; the same node has the same id.
Regex RegexStore::Intern(Node node) {
  Hash hash = Combine(HashSeed(), static_cast<uint64_t>(node.kind));
  if (node.kind == Kind::kBytes) {
    for (int i = 0; i < 4; ++i) hash = Combine(hash, byte_sets_[node.a].word(i));
  } else if (node.kind == Kind::kOr || node.kind == Kind::kAnd) {
    for (const Regex child : Children(node)) hash = Combine(hash, nodes_[child.id].hash);
  } else if (node.kind >= Kind::kConcat) {
    hash = Combine(hash, nodes_[node.a].hash);
    if (node.kind == Kind::kConcat) hash = Combine(hash, nodes_[node.b].hash);
    if (node.kind == Kind::kRepeat) {
      hash = Combine(hash, static_cast<uint64_t>(node.min) << 32 | static_cast<uint32_t>(node.max));
    }
  }
  node.hash = hash;
  node.surely_non_empty |= node.nullable;
  const auto [found, is_new] = by_hash_.try_emplace(hash, static_cast<int32_t>(nodes_.size()));
  if (!is_new) return {found->second};
  if (node.depth > limits_.max_depth || size() >= limits_.max_terms) {
    by_hash_.erase(found);
    if (node.depth > limits_.max_depth) {
      Fail(ErrorCode::kInvalidArgument,
           "the grammar's regular expressions are nested more than {} deep", limits_.max_depth);
    }
    Fail(ErrorCode::kInvalidArgument,
         "the grammar needs more than {} regular expression terms; make its repetitions and "
         "alternatives smaller",
         limits_.max_terms);
  }
  nodes_.push_back(node);
  return {static_cast<int32_t>(nodes_.size()) - 1};
}

Regex RegexStore::InternSet(Kind kind, const std::vector<Regex>& parts) {
  Node node;
  node.kind = kind;
  node.a = static_cast<int32_t>(children_.size());
  node.b = static_cast<int32_t>(parts.size());
  const bool is_or = kind == Kind::kOr;
  node.nullable = !is_or;
  node.finite = is_or;
  bool all_excluded_finite = true;
  int n_positive = 0;
  bool positive_infinite = false;
  for (const Regex part : parts) {
    const Node& child = nodes_[part.id];
    node.depth = std::max<int16_t>(node.depth, child.depth + 1);
    node.special |= child.special;
    node.nullable = is_or ? node.nullable || child.nullable : node.nullable && child.nullable;
    node.finite = is_or ? node.finite && child.finite : node.finite || child.finite;
    if (is_or) {
      node.infinite |= child.infinite;
      node.surely_non_empty |= child.surely_non_empty;
    } else if (child.kind == Kind::kNot) {
      all_excluded_finite = all_excluded_finite && nodes_[child.a].finite;
    } else {
      ++n_positive;
      positive_infinite = child.infinite;
    }
  }
  if (!is_or && all_excluded_finite &&
      (n_positive == 0 || (n_positive == 1 && positive_infinite))) {
    node.infinite = node.surely_non_empty = true;  // infinitely many strings less a few
  }
  children_.insert(children_.end(), parts.begin(), parts.end());
  const auto n_before = nodes_.size();
  const Regex made = Intern(node);
  if (nodes_.size() == n_before) children_.resize(static_cast<size_t>(node.a));  // was known
  return made;
}

Regex RegexStore::Bytes(const ByteSet& set) {
  if (set.empty()) return Nothing();
  Hash key = HashSeed();
  for (int i = 0; i < 4; ++i) key = Combine(key, set.word(i));
  const auto [found, is_new] = byte_set_index_.try_emplace(key, byte_sets_.size());
  if (is_new) byte_sets_.push_back(set);
  Node node;
  node.kind = Kind::kBytes;
  node.a = found->second;
  node.surely_non_empty = node.finite = true;
  node.special = set.Has(kSpecialTokenByte);
  return Intern(node);
}

Regex RegexStore::Literal(std::string_view bytes) {
  Regex result = Epsilon();
  for (size_t i = bytes.size(); i-- > 0;) {
    result = Concat(Bytes(ByteSet::Of(static_cast<uint8_t>(bytes[i]))), result);
  }
  return result;
}

Regex RegexStore::Literals(std::vector<std::string> strings) {
  if (strings.empty()) return Nothing();
  std::sort(strings.begin(), strings.end());
  strings.erase(std::unique(strings.begin(), strings.end()), strings.end());
  return LiteralTree(strings, 0);
}

// `sorted` share their first `begin` bytes; the term matches the rests.
Regex RegexStore::LiteralTree(std::span<const std::string> sorted, size_t begin) {
  const std::string& first = sorted.front();
  const std::string& last = sorted.back();
  const auto first_end = std::mismatch(first.begin() + static_cast<ptrdiff_t>(begin), first.end(),
                                       last.begin() + static_cast<ptrdiff_t>(begin), last.end());
  const auto common = static_cast<size_t>(first_end.first - first.begin());
  const Regex prefix = Literal(std::string_view(first).substr(begin, common - begin));
  if (sorted.size() == 1) return prefix;
  std::vector<Regex> branches;
  size_t i = 0;
  if (first.size() == common) {
    branches.push_back(Epsilon());
    ++i;
  }
  while (i < sorted.size()) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end][common] == sorted[i][common]) ++end;
    branches.push_back(LiteralTree(sorted.subspan(i, end - i), common));
    i = end;
  }
  return Concat(prefix, Or(std::move(branches)));
}

Regex RegexStore::Pair(Regex first, Regex second) {
  const Node a = nodes_[first.id];
  const Node b = nodes_[second.id];
  Node node;
  node.kind = Kind::kConcat;
  node.a = first.id;
  node.b = second.id;
  node.nullable = a.nullable && b.nullable;
  node.surely_non_empty = a.surely_non_empty && b.surely_non_empty;
  node.infinite = (a.infinite && b.surely_non_empty) || (a.surely_non_empty && b.infinite);
  node.finite = a.finite && b.finite;
  node.special = a.special || b.special;
  node.depth = std::max<int16_t>(static_cast<int16_t>(a.depth + 1), b.depth);
  return Intern(node);
}

Regex RegexStore::Concat(Regex first, Regex second) {
  if (first == Nothing() || second == Nothing()) return Nothing();
  if (first == Epsilon()) return second;
  if (second == Epsilon()) return first;
  std::vector<Regex> chain;
  for (; nodes_[first.id].kind == Kind::kConcat; first = {nodes_[first.id].b}) {
    chain.push_back({nodes_[first.id].a});
  }
  chain.push_back(first);
  for (size_t i = chain.size(); i-- > 0;) {
    const Node& head = nodes_[chain[i].id];
    const Node& rest = nodes_[second.id];
    const Regex next{rest.kind == Kind::kConcat ? rest.a : second.id};
    const bool star = head.kind == Kind::kAnyBytes ||
                      (head.kind == Kind::kRepeat && head.min == 0 && head.max == kUnbounded);
    if (star && next == chain[i]) continue;  // X* X* is X*
    second = Pair(chain[i], second);
  }
  return second;
}

Regex RegexStore::Concat(std::span<const Regex> parts) {
  Regex result = Epsilon();
  for (size_t i = parts.size(); i-- > 0;) result = Concat(parts[i], result);
  return result;
}

void RegexStore::SortUnique(std::vector<Regex>& parts) const {
  std::sort(parts.begin(), parts.end(),
            [this](Regex a, Regex b) { return nodes_[a.id].hash < nodes_[b.id].hash; });
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
}

std::vector<Regex> RegexStore::Flatten(Kind kind, const std::vector<Regex>& parts) const {
  std::vector<Regex> flat;
  for (const Regex part : parts) {
    const Node& node = nodes_[part.id];
    if (node.kind == kind) {  // its own members are flat already
      const auto members = Children(node);
      flat.insert(flat.end(), members.begin(), members.end());
    } else {
      flat.push_back(part);
    }
  }
  SortUnique(flat);
  return flat;
}

Regex RegexStore::Or(std::vector<Regex> parts) { return OrFactored(parts, 0); }

Regex RegexStore::OrFactored(const std::vector<Regex>& parts, int depth) {
  std::vector<Regex> flat = Flatten(Kind::kOr, parts);
  bool any_special = false, any_bytes = false, others_nullable = false;
  ByteSet single;
  std::erase_if(flat, [&](Regex part) {
    const Node& node = nodes_[part.id];
    any_special |= node.special;
    any_bytes |= node.kind == Kind::kAnyBytes;
    others_nullable |= node.nullable && node.kind != Kind::kEpsilon;
    if (node.kind == Kind::kBytes) single |= byte_sets_[node.a];
    return node.kind == Kind::kBytes || node.kind == Kind::kNothing;
  });
  if (any_bytes && !any_special) return AnyBytes();
  if (others_nullable) std::erase(flat, Epsilon());
  if (!single.empty()) flat.push_back(Bytes(single));
  if (flat.size() > 1 && depth < kMaxFactoringDepth) FactorHeads(flat, depth);
  if (flat.empty()) return Nothing();
  if (flat.size() == 1) return flat.front();
  SortUnique(flat);
  return InternSet(Kind::kOr, flat);
}

// ab | ac becomes a(b | c): then one derivative serves both.
void RegexStore::FactorHeads(std::vector<Regex>& parts, int depth) {
  const auto head = [this](Regex part) {
    const Node& node = nodes_[part.id];
    return node.kind == Kind::kConcat ? node.a : part.id;
  };
  std::stable_sort(parts.begin(), parts.end(), [&](Regex a, Regex b) { return head(a) < head(b); });
  std::vector<Regex> result;
  for (size_t i = 0; i < parts.size();) {
    const int32_t shared = head(parts[i]);
    size_t end = i + 1;
    while (end < parts.size() && head(parts[end]) == shared) ++end;
    if (end == i + 1) {
      result.push_back(parts[i]);
    } else {
      std::vector<Regex> tails;
      for (size_t k = i; k < end; ++k) {
        const Node& node = nodes_[parts[k].id];
        tails.push_back(node.kind == Kind::kConcat ? Regex{node.b} : Epsilon());
      }
      result.push_back(Concat(Regex{shared}, OrFactored(tails, depth + 1)));
    }
    i = end;
  }
  parts = std::move(result);
}

Regex RegexStore::And(std::vector<Regex> parts) {
  std::vector<Regex> flat = Flatten(Kind::kAnd, parts);
  if (flat.empty()) return AnyBytes();
  bool all_nullable = true, has_epsilon = false, has_bytes = false, any_special = false;
  ByteSet single = ByteSet::Range(0, 255);
  for (const Regex part : flat) {
    const Node& node = nodes_[part.id];
    if (node.kind == Kind::kNothing) return Nothing();
    all_nullable = all_nullable && node.nullable;
    has_epsilon |= node.kind == Kind::kEpsilon;
    any_special |= node.special;
    if (node.kind == Kind::kBytes) {
      has_bytes = true;
      single &= byte_sets_[node.a];
    }
    const bool negated = node.kind == Kind::kNot;
    if (negated && std::find(flat.begin(), flat.end(), Regex{node.a}) != flat.end())
      return Nothing();
  }
  if (has_epsilon) return all_nullable ? Epsilon() : Nothing();
  if (!any_special && flat.size() > 1) std::erase(flat, AnyBytes());
  if (has_bytes) {
    std::erase_if(flat, [this](Regex part) { return nodes_[part.id].kind == Kind::kBytes; });
    if (single.empty()) return Nothing();
    flat.push_back(Bytes(single));
    SortUnique(flat);
  }
  return flat.size() == 1 ? flat.front() : InternSet(Kind::kAnd, flat);
}

Regex RegexStore::Not(Regex term) {
  const Node inner = nodes_[term.id];
  if (inner.kind == Kind::kNothing) return AnyBytes();
  if (inner.kind == Kind::kAnyBytes) return Nothing();
  if (inner.kind == Kind::kNot) return {inner.a};
  Node node;
  node.kind = Kind::kNot;
  node.a = term.id;
  node.nullable = !inner.nullable;
  node.infinite = node.surely_non_empty = inner.finite;
  node.depth = static_cast<int16_t>(inner.depth + 1);
  return Intern(node);
}

Regex RegexStore::Repeat(Regex term, int min, int max) {
  if (min < 0 || (max != kUnbounded && max < min)) {
    Fail(ErrorCode::kInvalidArgument, "the repetition {{{},{}}} is not a range", min, max);
  }
  if (std::max(min, max) > limits_.max_repetitions) {
    Fail(ErrorCode::kInvalidArgument, "the repetition {{{},{}}} is above the limit of {}", min, max,
         limits_.max_repetitions);
  }
  if (max == 0 || term == Epsilon()) return Epsilon();
  if (term == Nothing()) return min == 0 ? Epsilon() : Nothing();
  if (term == AnyBytes()) return term;
  if (min == 1 && max == 1) return term;
  if (min == 0 && max == 1) return Or({Epsilon(), term});
  Node inner = nodes_[term.id];
  if (inner.nullable) min = 0;
  if (inner.kind == Kind::kOr && inner.nullable) {
    std::vector<Regex> parts(Children(inner).begin(), Children(inner).end());
    if (std::erase(parts, Epsilon()) > 0) return Repeat(Or(parts), 0, max);
  }
  if (inner.kind == Kind::kRepeat && inner.min <= 1 && inner.max == kUnbounded) {
    if (inner.min == 0 || max == kUnbounded)
      return Repeat({inner.a}, std::min(min, inner.min), kUnbounded);
  }
  if (min == 0 && max == kUnbounded && inner.kind == Kind::kBytes &&
      byte_sets_[inner.a] == TextBytes()) {
    return AnyBytes();
  }
  Node node;
  node.kind = Kind::kRepeat;
  node.a = term.id;
  node.min = min;
  node.max = max;
  node.nullable = min == 0;
  node.surely_non_empty = inner.surely_non_empty;
  node.infinite =
      inner.infinite || (max == kUnbounded && inner.surely_non_empty && !inner.nullable);
  node.finite = inner.finite && max != kUnbounded;
  node.special = inner.special;
  node.depth = static_cast<int16_t>(inner.depth + 1);
  return Intern(node);
}

Regex RegexStore::TextWithout(const std::vector<std::string>& literals) {
  return And({AnyText(), Not(Concat({AnyBytes(), Literals(literals), AnyBytes()}))});
}

Regex RegexStore::TextUntil(const std::vector<std::string>& literals) {
  const Regex until = Concat(AnyBytes(), Literals(literals));
  const Regex goes_on = Concat({until, Bytes(TextBytes()), AnyBytes()});
  return And({Concat(AnyText(), Literals(literals)), Not(goes_on)});
}

Regex RegexStore::Derive(Regex term, uint8_t byte) {
  const Node node = nodes_[term.id];
  switch (node.kind) {
    case Kind::kNothing:
    case Kind::kEpsilon:
      return Nothing();
    case Kind::kAnyBytes:
      return byte == kSpecialTokenByte ? Nothing() : term;
    case Kind::kBytes:
      return byte_sets_[node.a].Has(byte) ? Epsilon() : Nothing();
    case Kind::kConcat:
      return DeriveConcat(term, byte);
    case Kind::kNot:
      return byte == kSpecialTokenByte ? Nothing() : Not(Derive({node.a}, byte));
    case Kind::kRepeat: {
      const Regex first = Derive({node.a}, byte);
      if (first == Nothing()) return first;
      const int max = node.max == kUnbounded ? kUnbounded : node.max - 1;
      return Concat(first, Repeat({node.a}, std::max(node.min - 1, 0), max));
    }
    case Kind::kOr:
    case Kind::kAnd:
      break;
  }
  const bool is_or = node.kind == Kind::kOr;
  std::vector<Regex> parts;
  for (int32_t i = 0; i < node.b; ++i) {
    const Regex child = children_[node.a + i];
    const Regex part = is_or ? Derive(child, byte) : DeriveRemembering(child, byte);
    if (part == Nothing() && !is_or) return part;
    if (part != Nothing()) parts.push_back(part);
  }
  return is_or ? Or(std::move(parts)) : And(std::move(parts));
}

// Where a pattern meets a count ("at most 500 characters of this shape"), the states are pairs, but
// the parts are few: each is derived once, not once a pair.
Regex RegexStore::DeriveRemembering(Regex term, uint8_t byte) {
  const uint64_t key = uint64_t{static_cast<uint32_t>(term.id)} << 8 | byte;
  if (const auto known = derivatives_.find(key); known != derivatives_.end()) return known->second;
  const Regex derivative = Derive(term, byte);
  derivatives_.emplace(key, derivative);
  return derivative;
}

Regex RegexStore::DeriveConcat(Regex term, uint8_t byte) {
  std::vector<Regex> parts;
  for (;;) {  // along the chain while its heads may be empty
    const Node node = nodes_[term.id];
    if (node.kind != Kind::kConcat) {
      parts.push_back(Derive(term, byte));
      break;
    }
    parts.push_back(Concat(Derive({node.a}, byte), {node.b}));
    if (!nodes_[node.a].nullable) break;
    term = {node.b};
  }
  return parts.size() == 1 ? parts.front() : Or(std::move(parts));
}

std::vector<uint8_t> RegexStore::ByteClasses(int* n_classes) const {
  std::vector<int> classes(256, 0);
  int n = 1;
  const auto split = [&](const ByteSet& set) {
    std::vector<int> renamed(2 * static_cast<size_t>(n), -1);
    int next = 0;
    for (int byte = 0; byte < 256; ++byte) {
      int& name = renamed[2 * classes[byte] + (set.Has(static_cast<uint8_t>(byte)) ? 1 : 0)];
      if (name < 0) name = next++;
      classes[byte] = name;
    }
    n = next;
  };
  split(ByteSet::Of(kSpecialTokenByte));
  for (const ByteSet& set : byte_sets_) {
    if (n == 256) break;
    split(set);
  }
  *n_classes = n;
  return {classes.begin(), classes.end()};
}

ByteSet RegexStore::FirstBytes(Regex term) {
  if (const auto known = first_bytes_.find(term.id); known != first_bytes_.end())
    return known->second;
  ByteSet result;
  Regex rest = term;
  for (bool more = true; more;) {  // along a chain while its heads may be empty
    const Node& node = nodes_[rest.id];
    more = node.kind == Kind::kConcat && nodes_[node.a].nullable;
    const Regex next{node.b};
    result |= FirstBytesOf(node.kind == Kind::kConcat ? Regex{node.a} : rest);
    rest = next;
  }
  first_bytes_.emplace(term.id, result);
  return result;
}

ByteSet RegexStore::FirstBytesOf(Regex term) {
  const Node& node = nodes_[term.id];
  switch (node.kind) {
    case Kind::kNothing:
    case Kind::kEpsilon:
      return {};
    case Kind::kAnyBytes:
    case Kind::kNot:
      return TextBytes();
    case Kind::kBytes:
      return byte_sets_[node.a];
    case Kind::kConcat:
      return FirstBytes(term);
    case Kind::kRepeat:
      return FirstBytes({node.a});
    case Kind::kOr:
    case Kind::kAnd:
      break;
  }
  ByteSet result = node.kind == Kind::kAnd ? ByteSet::Range(0, 255) : ByteSet();
  for (const Regex part : Children(node)) {
    const ByteSet first = FirstBytes(part);
    if (node.kind == Kind::kAnd) {
      result &= first;
    } else {
      result |= first;
    }
  }
  return result;
}

std::string RegexStore::Print(Regex term) const {
  std::string out;
  PrintTo(term, 1000, out);
  return out;
}

void RegexStore::PrintTo(Regex term, size_t max_bytes, std::string& out) const {
  if (out.size() > max_bytes) return;
  const Node& node = nodes_[term.id];
  const auto byte_text = [](int byte) {
    return byte > 0x20 && byte < 0x7F ? std::string(1, static_cast<char>(byte))
                                      : fmt::format("\\x{:02X}", byte);
  };
  switch (node.kind) {
    case Kind::kNothing:
      out += "[]";
      break;
    case Kind::kEpsilon:
      out += "()";
      break;
    case Kind::kAnyBytes:
      out += "_*";
      break;
    case Kind::kBytes: {
      const ByteSet& set = byte_sets_[node.a];
      const bool one = set.count() == 1;
      if (!one) out += '[';
      for (int byte = 0; byte < 256; ++byte) {
        if (!set.Has(static_cast<uint8_t>(byte))) continue;
        int last = byte;
        while (last < 255 && set.Has(static_cast<uint8_t>(last + 1))) ++last;
        out += byte_text(byte);
        if (last > byte) out += '-' + byte_text(last);
        byte = last;
      }
      if (!one) out += ']';
      break;
    }
    case Kind::kConcat:
      for (; nodes_[term.id].kind == Kind::kConcat; term = {nodes_[term.id].b}) {
        if (out.size() > max_bytes) return;
        PrintTo({nodes_[term.id].a}, max_bytes, out);
      }
      PrintTo(term, max_bytes, out);
      break;
    case Kind::kOr:
    case Kind::kAnd: {
      const char* separator = "(";
      for (const Regex part : Children(node)) {
        out += separator;
        PrintTo(part, max_bytes, out);
        separator = node.kind == Kind::kOr ? "|" : "&";
      }
      out += ')';
      break;
    }
    case Kind::kNot:
      out += "~(";
      PrintTo({node.a}, max_bytes, out);
      out += ')';
      break;
    case Kind::kRepeat:
      out += '(';
      PrintTo({node.a}, max_bytes, out);
      out += node.max == kUnbounded ? fmt::format("){{{},}}", node.min)
                                    : fmt::format("){{{},{}}}", node.min, node.max);
      break;
  }
}

}  // namespace pioneer::grammar
