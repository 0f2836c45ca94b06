// Why: "uniqueItems" over a few known values: which of them have been written is the state. For
// other arrays it is no context-free language, and an error says so.
#include <bit>
#include <map>

#include "base/error.h"
#include "text/grammar/json_schema_lowering.h"

namespace pioneer::grammar {
namespace {

constexpr size_t kMaxUniqueTexts = 8;
constexpr size_t kMaxTextBytes = 1024;

}  // namespace

// All texts of a finite set of scalars; empty where it is not finite and small.
std::vector<std::string> SchemaLowering::TextsOf(TermId term) {
  const Shape& shape = evaluator_.ShapeOf(term);
  RegexStore& store = text_.store();
  std::vector<Regex> parts = Words(shape);
  parts.push_back(String(shape.strings));
  for (const NumberShape& number : shape.numbers) {
    if (!number.divisors.empty()) return {};
    parts.push_back(number.text);
  }
  if (!shape.arrays.empty() || !shape.objects.empty()) return {};
  std::vector<std::pair<Regex, std::string>> open = {{store.Or(std::move(parts)), ""}};
  std::vector<std::string> texts;
  while (!open.empty()) {
    const auto [rest, text] = open.back();
    open.pop_back();
    // "-0" is the same number as "0".
    if (store.Nullable(rest) && text != "-0") texts.push_back(text);
    for (int byte = 0; byte < 256; ++byte) {
      const Regex next = store.Derive(rest, static_cast<uint8_t>(byte));
      if (!text_.IsEmpty(next)) open.emplace_back(next, text + static_cast<char>(byte));
    }
    const bool too_many = open.size() + texts.size() > 2 * kMaxUniqueTexts;
    if (too_many || texts.size() > kMaxUniqueTexts || text.size() > kMaxTextBytes) return {};
  }
  return texts;
}

Expr SchemaLowering::UniqueItems(const ArrayShape& array) {
  const bool plain = array.prefix.empty() && array.containing.empty();
  const std::vector<std::string> texts = plain ? TextsOf(array.rest) : std::vector<std::string>();
  if (texts.empty()) {
    Fail(ErrorCode::kUnsupported,
         "\"uniqueItems\" can be held only where the items are one of at most {} known values "
         "(enum) or maxItems is 1; leave it out and check the answer",
         kMaxUniqueTexts);
  }
  const size_t n_sets = size_t{1} << texts.size();
  CountStates(static_cast<int64_t>(n_sets * texts.size()), "uniqueItems");
  std::vector<RuleId> rules;
  for (size_t used = 0; used < n_sets; ++used) rules.push_back(grammar_.AddRule("unique"));
  for (size_t used = 0; used < n_sets; ++used) {
    const int64_t count = std::popcount(used);
    std::vector<Expr> choices;
    if (count > 0 && count >= array.min) choices.push_back(grammar_.Empty());
    for (size_t i = 0; i < texts.size(); ++i) {
      if ((used >> i & 1) || (array.max >= 0 && count >= array.max)) continue;
      std::vector<Expr> parts;
      if (count > 0) parts.push_back(punctuation_.comma);
      parts.push_back(grammar_.Literal(texts[i]));
      parts.push_back(grammar_.Ref(rules[used | size_t{1} << i]));
      choices.push_back(grammar_.Sequence(std::move(parts)));
    }
    grammar_.Define(rules[used], grammar_.Choice(std::move(choices)));
  }
  return grammar_.Ref(rules[0]);
}

}  // namespace pioneer::grammar
