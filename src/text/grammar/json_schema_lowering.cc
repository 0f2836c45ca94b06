#include "text/grammar/json_schema_lowering.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace pioneer::grammar {
namespace {

constexpr int64_t kMaxStates = 100'000;

}  // namespace

SchemaLowering::SchemaLowering(Grammar& grammar, JsonText& text, SchemaEvaluator& evaluator,
                               Regex space, JsonNotation notation)
    : grammar_(grammar),
      text_(text),
      evaluator_(evaluator),
      notation_(std::move(notation)),
      multiples_(grammar, text) {
  RegexStore& store = text.store();
  const auto after = [&](const char* mark) {
    return grammar.Terminal(store.Concat(store.Literal(mark), space));
  };
  const auto before = [&](const char* mark) {
    return grammar.Terminal(store.Concat(space, store.Literal(mark)));
  };
  punctuation_ = {
      after("{"),
      before("}"),
      grammar.Literal("}"),
      after("["),
      before("]"),
      grammar.Literal("]"),
      grammar.Terminal(store.Concat(store.Literal(","), space)),
      store.Concat(store.Literal(":"), store.And({space, store.Optional(store.Literal(" "))}))};
}

Expr SchemaLowering::Value(TermId term) {
  if (const auto found = values_.find(term); found != values_.end()) return found->second;
  const Shape& shape = evaluator_.ShapeOf(term);
  if (shape.arrays.empty() && shape.objects.empty()) {
    return values_[term] = grammar_.Choice(Scalars(shape));
  }
  const RuleId rule = grammar_.AddRule("value");
  pending_.emplace_back(term, rule);
  return values_[term] = grammar_.Ref(rule);
}

void SchemaLowering::Finish() {
  for (size_t i = 0; i < pending_.size(); ++i) {
    const auto [term, rule] = pending_[i];
    grammar_.Define(rule, Body(evaluator_.ShapeOf(term)));
  }
  pending_.clear();
}

void SchemaLowering::CountStates(int64_t n, const char* what) {
  states_ += n;
  if (n > kMaxStates || states_ > kMaxStates) {
    Fail(ErrorCode::kUnsupported, "the schema takes too many states: {}", what);
  }
}

std::vector<Regex> SchemaLowering::Words(const Shape& shape) {
  RegexStore& store = text_.store();
  std::vector<Regex> words;
  if (shape.null) words.push_back(store.Literal(notation_.null));
  if (shape.no) words.push_back(store.Literal(notation_.no));
  if (shape.yes) words.push_back(store.Literal(notation_.yes));
  return words;
}

// Those of the texts in which none of these characters occurs.
Regex SchemaLowering::Without(const CharSet& characters, Regex texts) {
  RegexStore& store = text_.store();
  return store.And({texts, store.Star(store.Chars(characters.Complement()))});
}

// With its quotes.
Regex SchemaLowering::String(Regex texts) {
  RegexStore& store = text_.store();
  Regex spelled = texts;
  if (!notation_.unicode_escapes) {
    const Regex escape =
        store.Concat(store.Literal("\\"), store.Chars(CharSet::Of('u').Complement()));
    spelled = store.And(
        {texts, store.Star(store.Or({store.Chars(CharSet::Of('\\').Complement()), escape}))});
  }
  if (!notation_.single_quotes) return text_.Quoted(spelled);
  const Regex quote = store.Literal("'");
  return store.Or({text_.Quoted(spelled),
                   store.Concat({quote, Without({{'\'', '\''}, {'\\', '\\'}}, texts), quote})});
}

// Without escapes, texts stand there as they are; those that would need one are left out, but where
// any text will do.
Expr SchemaLowering::OwnQuotes(Regex texts) {
  const Regex any = text_.store().TextWithout({notation_.quote_text});
  const Regex inside =
      texts == text_.FullText() ? any : text_.store().And({any, Without(CharSet::Of('\\'), texts)});
  return grammar_.Sequence({*notation_.quote, grammar_.Terminal(inside), *notation_.quote});
}

Regex SchemaLowering::Key(Regex keys) {
  if (!notation_.bare_keys) return String(keys);
  RegexStore& store = text_.store();
  return store.And({keys, store.Plus(store.Chars({{'0', '9'},
                                                  {'A', 'Z'},
                                                  {'a', 'z'},
                                                  {'_', '_'},
                                                  {'-', '-'},
                                                  {'$', '$'},
                                                  {0x80, 0x10FFFF}}))});
}

// One terminal for all texts.
std::vector<Expr> SchemaLowering::Scalars(const Shape& shape) {
  RegexStore& store = text_.store();
  std::vector<Regex> texts = Words(shape);
  std::vector<Expr> choices;
  for (const NumberShape& number : shape.numbers) {
    if (number.divisors.empty()) {
      texts.push_back(number.text);
    } else {
      choices.push_back(multiples_.Numbers(number));
    }
  }
  if (!text_.IsEmpty(shape.strings)) {
    if (notation_.quote) {
      choices.push_back(OwnQuotes(shape.strings));
    } else {
      texts.push_back(String(shape.strings));
    }
  }
  if (!texts.empty()) choices.push_back(grammar_.Terminal(store.Or(std::move(texts))));
  return choices;
}

Expr SchemaLowering::Body(const Shape& shape) {
  std::vector<Expr> choices = Scalars(shape);
  for (const ArrayShape& array : shape.arrays) choices.push_back(Array(array));
  for (const ObjectShape& object : shape.objects) {
    std::vector<Needs> alternatives;
    ResolveExisting(object, 0, {}, alternatives);
    for (const Needs& needs : alternatives) choices.push_back(Object(needs));
  }
  return grammar_.Choice(std::move(choices));
}

// ------------------------------------------------------------------------------------ arrays

Expr SchemaLowering::Array(const ArrayShape& array) {
  const auto enclosed = [&](Expr items) {
    return grammar_.Sequence({punctuation_.open_array, items, punctuation_.close_array});
  };
  Expr items;
  if (array.unique && (array.max < 0 || array.max > 1)) {
    items = UniqueItems(array);
  } else if (!array.containing.empty()) {
    items = CountedItems(array);
  } else {
    items = ArrayItems(array);
  }
  const bool may_be_empty =
      array.min == 0 &&
      std::all_of(array.containing.begin(), array.containing.end(),
                  [](const Containing& containing) { return containing.min == 0; });
  if (!may_be_empty) return enclosed(items);
  const Expr empty = grammar_.Sequence({punctuation_.open_array, punctuation_.end_array});
  if (array.max == 0) return empty;
  return grammar_.Choice({empty, enclosed(items)});
}

// At least one element.
Expr SchemaLowering::ArrayItems(const ArrayShape& array) {
  constexpr int64_t kMaxCount = 1 << 20;
  if (array.min > kMaxCount) {
    Fail(ErrorCode::kUnsupported, "minItems {} is too large; at most {} can be held", array.min,
         kMaxCount);
  }
  const int64_t n_prefix = static_cast<int64_t>(array.prefix.size());
  CountStates(n_prefix, "prefixItems");
  const auto most = [&](int64_t taken) {
    return array.max < 0
               ? kUnbounded
               : static_cast<int>(std::min(std::max<int64_t>(array.max - taken, 0), kMaxCount));
  };
  const auto least = [&](int64_t taken) {
    return static_cast<int>(std::max<int64_t>(array.min - taken, 0));
  };
  if (n_prefix == 0) {
    return grammar_.RepeatSeparated(Value(array.rest), punctuation_.comma, std::max(least(0), 1),
                                    most(0));
  }
  const Expr rest = grammar_.Sequence({punctuation_.comma, Value(array.rest)});
  Expr tail = array.rest == kNeverTerm
                  ? (least(n_prefix) > 0 ? grammar_.Choice({}) : grammar_.Empty())
                  : grammar_.Repeat(rest, least(n_prefix), most(n_prefix));
  for (int64_t i = n_prefix; i-- > 0;) {
    if (array.max >= 0 && i >= array.max) {
      tail = grammar_.Empty();
      continue;
    }
    std::vector<Expr> parts;
    if (i > 0) parts.push_back(punctuation_.comma);
    parts.push_back(Value(array.prefix[i]));
    parts.push_back(tail);
    const Expr with = grammar_.Sequence(std::move(parts));
    tail = i > 0 && i >= array.min ? grammar_.Optional(with) : with;
  }
  return tail;
}

// "contains": states are how many elements there are (as far as it matters) and how many of them
// were of each kind that is counted.
Expr SchemaLowering::CountedItems(const ArrayShape& array) {
  constexpr int64_t kMaxCount = 10'000;
  const size_t n_kinds = array.containing.size();
  TermTable& terms = evaluator_.terms();
  int64_t n_places = std::max<int64_t>(array.min, static_cast<int64_t>(array.prefix.size()));
  n_places = std::max<int64_t>(n_places, 1);
  n_places = std::max(n_places, array.max);
  std::vector<int64_t> caps;
  int64_t n_states = n_kinds;
  for (const Containing& kind : array.containing) {
    n_places = std::max(n_places, kind.from);
    caps.push_back(kind.max >= 0 ? kind.max + 1 : kind.min);
  }
  if (n_places > kMaxCount || n_kinds > 3) n_states = kMaxStates + 1;
  n_states = std::min(n_states * (n_places + 1), kMaxStates + 1);
  for (const int64_t cap : caps) {
    n_states = std::min(n_states * (std::min(cap, kMaxStates) + 1), kMaxStates + 1);
  }
  CountStates(n_states, "contains with these bounds");

  using State = std::vector<int64_t>;  // place, then counts
  std::map<State, RuleId> rules;
  std::vector<State> queue;
  const auto to = [&](const State& state) {
    const auto [found, added] = rules.try_emplace(state);
    if (added) {
      found->second = grammar_.AddRule("items");
      queue.push_back(state);
    }
    return grammar_.Ref(found->second);
  };
  const Expr start = to(State(n_kinds + 1, 0));
  for (size_t at = 0; at < queue.size(); ++at) {
    const State state = queue[at];
    const int64_t place = state[0];
    const bool first = at == 0;
    std::vector<Expr> choices;
    bool may_end = !first && place >= array.min;
    for (size_t k = 0; k < n_kinds; ++k) {
      const Containing& kind = array.containing[k];
      may_end &= state[k + 1] >= kind.min && (kind.max < 0 || state[k + 1] <= kind.max);
    }
    if (may_end) choices.push_back(grammar_.Empty());
    const bool full = array.max >= 0 && place >= array.max;
    for (unsigned subset = 0; !full && subset < 1u << n_kinds; ++subset) {
      TermId term = array.At(static_cast<size_t>(place));
      State next = state;
      next[0] = std::min(place + 1, n_places);
      bool possible = true;
      for (size_t k = 0; k < n_kinds; ++k) {
        const Containing& kind = array.containing[k];
        const bool counts = subset >> k & 1;
        if (counts && place < kind.from) possible = false;
        if (counts) {
          term = terms.And(term, kind.value);
          next[k + 1] = std::min(state[k + 1] + 1, caps[k]);
          if (kind.max >= 0 && next[k + 1] > kind.max) possible = false;
        } else if (kind.max >= 0 && place >= kind.from) {
          term = terms.And(term, evaluator_.Not(kind.value));
        }
      }
      if (!possible || term == kNeverTerm) continue;
      std::vector<Expr> parts;
      if (!first) parts.push_back(punctuation_.comma);
      parts.push_back(Value(term));
      parts.push_back(to(next));
      choices.push_back(grammar_.Sequence(std::move(parts)));
    }
    grammar_.Define(rules.at(state), grammar_.Choice(std::move(choices)));
  }
  return start;
}

// ----------------------------------------------------------------------------------- objects

// A member that must exist is one of the named ones or another one.
void SchemaLowering::ResolveExisting(ObjectShape object, size_t from,
                                     std::vector<ObjectShape::Existing> open,
                                     std::vector<Needs>& out) {
  if (out.size() > kMaxAlternatives) {
    Fail(ErrorCode::kUnsupported, "a negated schema of objects has too many cases");
  }
  if (from == object.existing.size()) {
    out.push_back({object, std::move(open), object});
    return;
  }
  const ObjectShape::Existing need = object.existing[from];
  for (size_t i = 0; i < object.properties.size(); ++i) {
    const ObjectShape::Property& property = object.properties[i];
    const TermId value = evaluator_.terms().And(property.value, need.value);
    if (value == kNeverTerm || !text_.Matches(need.keys, JsonText::Encode(property.name))) continue;
    ObjectShape with = object;
    with.properties[i].value = value;
    with.properties[i].required = true;
    ResolveExisting(std::move(with), from + 1, open, out);
  }
  open.push_back(need);
  ResolveExisting(std::move(object), from + 1, std::move(open), out);
}

Expr SchemaLowering::Pair(Regex keys, TermId value) {
  const Regex key = text_.store().Concat(Key(keys), punctuation_.colon);
  return grammar_.Sequence({grammar_.Terminal(key), Value(value)});
}

Regex SchemaLowering::OtherKeys(Regex keys, const ObjectShape& object) {
  if (object.properties.empty()) return keys;
  std::vector<std::string> names;
  for (const ObjectShape::Property& property : object.properties) names.push_back(property.name);
  const Regex others = text_.NotText(text_.Texts(names));
  return keys == text_.FullText() ? others : text_.store().And({keys, others});
}

std::vector<Expr> SchemaLowering::OtherPairs(const ObjectShape& object) {
  std::vector<Expr> pairs;
  for (const ObjectShape::KeyClass& other : object.others) {
    const Regex keys = OtherKeys(other.keys, object);
    if (!text_.IsEmpty(keys)) pairs.push_back(Pair(keys, other.value));
  }
  return pairs;
}

Expr SchemaLowering::Object(const Needs& needs) {
  ObjectShape object = needs.all;
  const std::vector<Expr> others = OtherPairs(object);
  std::erase_if(object.properties, [](const ObjectShape::Property& property) {
    return property.value == kNeverTerm && !property.required;
  });
  std::vector<Expr> pairs;
  int64_t n_required = 0;
  for (const ObjectShape::Property& property : object.properties) {
    pairs.push_back(Pair(text_.Texts({property.name}), property.value));
    n_required += property.required ? 1 : 0;
  }
  CountStates(static_cast<int64_t>(pairs.size()), "properties");
  const int64_t n_pairs = static_cast<int64_t>(pairs.size());
  const bool only_others = pairs.empty() || n_required == n_pairs;
  const bool at_most = object.max < 0 || (others.empty() && object.max >= n_pairs);
  const bool plain = object.min <= n_required && at_most;
  const bool simple = needs.open.empty() && (plain || only_others);
  const auto enclosed = [&](Expr members) {
    return grammar_.Sequence({punctuation_.open_object, members, punctuation_.close_object});
  };
  const bool may_be_empty = n_required == 0 && object.min == 0 && needs.open.empty();
  const Expr empty = grammar_.Sequence({punctuation_.open_object, punctuation_.end_object});
  const bool has_members = (n_pairs > 0 || !others.empty()) && object.max != 0;
  if (!has_members) return may_be_empty ? empty : grammar_.Choice({});
  const Expr members = simple ? PlainMembers(object, pairs, others)
                              : CountedMembers({object, needs.open, needs.all}, pairs);
  return may_be_empty ? grammar_.Choice({empty, enclosed(members)}) : enclosed(members);
}

// At least one member; bounds only on the others, beside named members that are all required.
Expr SchemaLowering::PlainMembers(const ObjectShape& object, const std::vector<Expr>& pairs,
                                  const std::vector<Expr>& others) {
  constexpr int64_t kMaxCount = 1 << 20;
  if (object.min > kMaxCount) {
    Fail(ErrorCode::kUnsupported, "minProperties {} is too large; at most {} can be held",
         object.min, kMaxCount);
  }
  const int64_t n_pairs = static_cast<int64_t>(pairs.size());
  const auto required = [&](size_t i) { return object.properties[i].required; };
  size_t first = 0;
  while (first < pairs.size() && !required(first)) ++first;
  if (n_pairs > 0 && first == pairs.size()) return OptionalMembers(pairs, others);
  int64_t n_required = 0;
  for (size_t i = 0; i < pairs.size(); ++i) n_required += required(i) ? 1 : 0;
  const int least = static_cast<int>(std::max<int64_t>(object.min - n_required, 0));
  const int most =
      object.max < 0 ? kUnbounded : static_cast<int>(std::min(object.max - n_required, kMaxCount));
  const Expr other = grammar_.Choice(others);
  if (n_pairs == 0) {
    return grammar_.RepeatSeparated(other, punctuation_.comma, std::max(least, 1), most);
  }
  std::vector<Expr> parts;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Expr comma = punctuation_.comma;
    const Expr part = i < first    ? grammar_.Sequence({pairs[i], comma})
                      : i == first ? pairs[i]
                                   : grammar_.Sequence({comma, pairs[i]});
    parts.push_back(required(i) ? part : grammar_.Optional(part));
  }
  if (!others.empty()) {
    parts.push_back(grammar_.Repeat(grammar_.Sequence({punctuation_.comma, other}), least, most));
  } else if (least > 0) {
    return grammar_.Choice({});
  }
  return grammar_.Sequence(std::move(parts));
}

// No member is required, at least one is there: whichever is first has no comma in front.
Expr SchemaLowering::OptionalMembers(const std::vector<Expr>& pairs,
                                     const std::vector<Expr>& others) {
  const Expr other = grammar_.Choice(others);
  Expr rest = grammar_.Repeat(grammar_.Sequence({punctuation_.comma, other}), 0, kUnbounded);
  Expr from = grammar_.RepeatSeparated(other, punctuation_.comma, 1, kUnbounded);
  if (others.empty()) {
    rest = grammar_.Empty();
    from = grammar_.Choice({});
  }
  const auto as_rule = [&](Expr expr) {
    const RuleId rule = grammar_.AddRule("members");
    grammar_.Define(rule, expr);
    return grammar_.Ref(rule);
  };
  for (size_t i = pairs.size(); i-- > 0;) {
    from = as_rule(grammar_.Choice({grammar_.Sequence({pairs[i], rest}), from}));
    if (i == 0) break;
    const Expr with = grammar_.Sequence({punctuation_.comma, pairs[i]});
    rest = as_rule(grammar_.Sequence({grammar_.Optional(with), rest}));
  }
  return from;
}

// Pairs of keys that no property names, with the set of needs that each meets.
std::vector<std::pair<Expr, unsigned>> SchemaLowering::NeededPairs(const Needs& needs) {
  std::vector<std::pair<Expr, unsigned>> pairs;
  for (const ObjectShape::KeyClass& other : needs.all.others) {
    for (unsigned subset = 0; subset < 1u << needs.open.size(); ++subset) {
      Regex keys = OtherKeys(other.keys, needs.all);
      TermId value = other.value;
      for (size_t k = 0; k < needs.open.size(); ++k) {
        if (!(subset >> k & 1)) continue;
        keys = text_.store().And({keys, needs.open[k].keys});
        value = evaluator_.terms().And(value, needs.open[k].value);
      }
      if (value != kNeverTerm && !text_.IsEmpty(keys))
        pairs.emplace_back(Pair(keys, value), subset);
    }
  }
  return pairs;
}

// States: the next named property, the number of members (as far as it matters), the needs that are
// still open, and whether a member was written already.
Expr SchemaLowering::CountedMembers(const Needs& needs, const std::vector<Expr>& pairs) {
  const ObjectShape& object = needs.object;
  const int64_t n_pairs = static_cast<int64_t>(pairs.size());
  const int64_t n_counts = std::max(object.min, object.max) + 1;
  const int64_t n_needs = int64_t{1} << std::min<size_t>(needs.open.size(), 4);
  if (n_counts > kMaxStates || needs.open.size() > 3) CountStates(kMaxStates + 1, "minProperties");
  CountStates(std::min((n_pairs + 1) * n_counts * n_needs, kMaxStates + 1),
              "minProperties, maxProperties or negated properties");
  const std::vector<std::pair<Expr, unsigned>> others = NeededPairs(needs);
  struct State {
    int64_t at, count;
    unsigned open;
    auto operator<=>(const State&) const = default;
  };
  std::map<State, std::pair<RuleId, RuleId>> rules;  // a member follows; the rest after a member
  std::vector<State> queue;
  const auto to = [&](const State& state) {
    const auto [found, added] = rules.try_emplace(state);
    if (added) {
      found->second = {grammar_.AddRule("members"), grammar_.AddRule("more")};
      queue.push_back(state);
    }
    return found->second;
  };
  const unsigned all_open = (1u << needs.open.size()) - 1;
  const Expr start = grammar_.Ref(to({0, 0, all_open}).first);
  for (size_t q = 0; q < queue.size(); ++q) {
    const State state = queue[q];
    const auto [member, more] = rules.at(state);
    const bool full = object.max >= 0 && state.count >= object.max;
    const int64_t next_count = std::min(state.count + 1, n_counts - 1);
    std::vector<Expr> choices;
    if (state.at < n_pairs) {
      if (!full) {
        const Expr rest = grammar_.Ref(to({state.at + 1, next_count, state.open}).second);
        choices.push_back(grammar_.Sequence({pairs[state.at], rest}));
      }
      if (!object.properties[state.at].required) {
        choices.push_back(grammar_.Ref(to({state.at + 1, state.count, state.open}).first));
      }
    } else if (!full) {
      for (const auto& [pair, met] : others) {
        const Expr rest = grammar_.Ref(to({state.at, next_count, state.open & ~met}).second);
        choices.push_back(grammar_.Sequence({pair, rest}));
      }
    }
    grammar_.Define(member, grammar_.Choice(std::move(choices)));
    bool may_end = state.count >= object.min && state.open == 0;
    for (int64_t i = state.at; i < n_pairs; ++i) may_end &= !object.properties[i].required;
    std::vector<Expr> ends = {grammar_.Sequence({punctuation_.comma, grammar_.Ref(member)})};
    if (may_end) ends.push_back(grammar_.Empty());
    grammar_.Define(more, grammar_.Choice(std::move(ends)));
  }
  return start;
}

}  // namespace pioneer::grammar
