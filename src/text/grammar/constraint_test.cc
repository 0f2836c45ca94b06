#include "text/grammar/constraint.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "base/error.h"
#include "base/random.h"

namespace pioneer::grammar {
namespace {

// A vocabulary of all strings over `letters` up to a length; the last token ends the answer.
std::shared_ptr<const TokenTrie> SmallVocabulary(const std::string& letters, int max_length) {
  std::vector<std::string> tokens = {""};
  for (size_t begin = 0, length = 1; static_cast<int>(length) <= max_length; ++length) {
    const size_t end = tokens.size();
    for (size_t i = begin; i < end; ++i) {
      for (const char letter : letters) tokens.push_back(tokens[i] + letter);
    }
    begin = end;
  }
  tokens.erase(tokens.begin());
  const auto end_token = static_cast<int32_t>(tokens.size());
  tokens.push_back("");
  return std::make_shared<TokenTrie>(tokens, std::vector<int32_t>{end_token});
}

bool Matches(const std::shared_ptr<const Constraint>& constraint, std::string_view text) {
  ConstraintState state(constraint);
  return state.AcceptBytes(text) && state.CanEnd();
}

std::set<std::string> Allowed(const ConstraintState& state) {
  TokenMask mask;
  state.ComputeMask(mask);
  std::set<std::string> allowed;
  const TokenTrie& trie = state.constraint().trie();
  for (int32_t id = 0; id < trie.n_tokens(); ++id) {
    if (mask.Has(id)) allowed.insert(trie.is_end_token(id) ? "END" : std::string(trie.bytes(id)));
  }
  return allowed;
}

TEST(Constraint, ALiteralIsForcedAndEnds) {
  Grammar grammar;
  grammar.SetStart(grammar.Literal("abba"));
  const auto constraint = Constraint::Compile(std::move(grammar), SmallVocabulary("ab", 3));
  ConstraintState state(constraint);
  EXPECT_EQ(state.ForcedBytes(), "abba");
  EXPECT_EQ(Allowed(state), (std::set<std::string>{"a", "ab", "abb"}));
  EXPECT_TRUE(state.AcceptBytes("abb"));
  EXPECT_EQ(Allowed(state), std::set<std::string>{"a"});
  EXPECT_FALSE(state.CanEnd());
  EXPECT_FALSE(state.AcceptBytes("b"));
  EXPECT_TRUE(state.AcceptBytes("a"));
  EXPECT_TRUE(state.MustEnd());
  EXPECT_EQ(Allowed(state), std::set<std::string>{"END"});
}

TEST(Constraint, NestedBracketsMustBalance) {
  Grammar grammar;
  const RuleId list = grammar.AddRule("list");
  grammar.Define(
      list, grammar.Sequence(
                {grammar.Literal("["),
                 grammar.RepeatSeparated(grammar.Ref(list), grammar.Literal(","), 0, kUnbounded),
                 grammar.Literal("]")}));
  grammar.SetStart(grammar.Ref(list));
  const auto constraint = Constraint::Compile(std::move(grammar), SmallVocabulary("[],", 4));
  EXPECT_TRUE(Matches(constraint, "[[],[[]],[]]"));
  EXPECT_FALSE(Matches(constraint, "[[],]"));
  EXPECT_FALSE(Matches(constraint, "[[]"));
  ConstraintState state(constraint);
  ASSERT_TRUE(state.AcceptBytes("[[]"));
  const auto allowed = Allowed(state);
  EXPECT_TRUE(allowed.contains("]"));
  EXPECT_TRUE(allowed.contains(",[]]"));
  EXPECT_FALSE(allowed.contains("]]"));
  EXPECT_FALSE(allowed.contains(",,"));
}

// Random grammars against a matcher that fills in a table of all spans until nothing changes.
class RandomGrammar {
 public:
  explicit RandomGrammar(uint64_t seed) : random_(seed) {
    const int n_rules = 1 + static_cast<int>(random_.Below(4));
    for (int i = 0; i < n_rules; ++i) {
      rules_.push_back(grammar_.AddRule("r" + std::to_string(i)));
    }
    for (const RuleId rule : rules_) {
      bodies_.push_back(Make(3));
      grammar_.Define(rule, bodies_.back());
    }
    grammar_.SetStart(grammar_.Ref(rules_.front()));
  }

  Grammar Take() { return std::move(grammar_); }

  bool Matches(const std::string& text) {
    const int n = static_cast<int>(text.size());
    Spans spans(kSide * kSide, std::vector<bool>(grammar_.n_nodes(), false));
    for (bool changed = true; changed;) {
      changed = false;
      for (int from = 0; from <= n; ++from) {
        for (int to = from; to <= n; ++to) {
          std::vector<bool>& facts = spans[from * kSide + to];
          for (int id = 0; id < grammar_.n_nodes(); ++id) {
            if (!facts[id] && Holds(id, from, to, text, spans)) facts[id] = changed = true;
          }
        }
      }
    }
    return spans[n][grammar_.start().id];
  }

 private:
  static constexpr int kSide = 8;
  using Spans = std::vector<std::vector<bool>>;  // of expressions, by first and last byte

  Expr Make(int depth) {
    const uint64_t kind = random_.Below(depth == 0 ? 5 : 9);
    if (kind < 3) {
      static const std::vector<std::string> kPatterns = {"a", "b", "ab", "a*", "(a|b)b", "b?a"};
      const std::string& pattern = kPatterns[random_.Below(kPatterns.size())];
      const Expr made = grammar_.Terminal(ParsePattern(pattern));
      patterns_[made.id] = &StringsOf(pattern);
      return made;
    }
    if (kind < 5) return grammar_.Ref(rules_[random_.Below(rules_.size())]);
    if (kind == 5) {
      const int min = static_cast<int>(random_.Below(3));
      const int max = random_.Below(2) == 0 ? kUnbounded : min + static_cast<int>(random_.Below(3));
      return grammar_.Repeat(Make(depth - 1), min, max);
    }
    std::vector<Expr> parts;
    for (uint64_t n = 1 + random_.Below(3); n > 0; --n) parts.push_back(Make(depth - 1));
    return kind < 8 ? grammar_.Choice(parts) : grammar_.Sequence(parts);
  }

  static const std::set<std::string>& StringsOf(const std::string& pattern) {
    static std::map<std::string, std::set<std::string>> known;
    auto [found, is_new] = known.try_emplace(pattern);
    const std::regex regex(pattern);
    std::vector<std::string> texts = {""};
    for (size_t i = 0; is_new && i < texts.size(); ++i) {
      if (std::regex_match(texts[i], regex)) found->second.insert(texts[i]);
      if (texts[i].size() == 6) continue;
      for (const char letter : {'a', 'b'}) texts.push_back(texts[i] + letter);
    }
    return found->second;
  }

  Regex ParsePattern(const std::string& pattern) {
    RegexStore& store = grammar_.regexes();
    const Regex a = store.Literal("a"), b = store.Literal("b");
    if (pattern == "a*") return store.Star(a);
    if (pattern == "(a|b)b") return store.Concat(store.Or({a, b}), b);
    if (pattern == "b?a") return store.Concat(store.Optional(b), a);
    return store.Literal(pattern);
  }

  bool Holds(int id, int from, int to, const std::string& text, Spans& spans) const {
    const Grammar::Node& node = grammar_.node({id});
    switch (node.kind) {
      case Grammar::Kind::kEmpty:
        return from == to;
      case Grammar::Kind::kTerminal:
        return patterns_.at(id)->contains(text.substr(from, to - from));
      case Grammar::Kind::kRef:
        return spans[from * kSide + to][grammar_.rules()[node.a].body.id];
      case Grammar::Kind::kChoice:
        for (const Expr part : grammar_.children(node)) {
          if (spans[from * kSide + to][part.id]) return true;
        }
        return false;
      case Grammar::Kind::kSequence: {
        std::set<int> at = {from};
        for (const Expr part : grammar_.children(node)) at = Step(at, part.id, to, spans);
        return at.contains(to);
      }
      case Grammar::Kind::kRepeat: {
        std::set<int> at = {from}, all;
        const int enough = to - from + node.min + 1;
        const int n = node.max == kUnbounded ? enough : node.max;
        for (int i = 0; i <= n; ++i) {
          if (i >= node.min) all.insert(at.begin(), at.end());
          at = Step(at, node.a, to, spans);
        }
        return all.contains(to);
      }
    }
    return false;
  }

  static std::set<int> Step(const std::set<int>& at, int id, int to, Spans& spans) {
    std::set<int> next;
    for (const int i : at) {
      for (int k = i; k <= to; ++k) {
        if (spans[i * kSide + k][id]) next.insert(k);
      }
    }
    return next;
  }

  Random random_;
  Grammar grammar_;
  std::vector<RuleId> rules_;
  std::vector<Expr> bodies_;
  std::map<int, const std::set<std::string>*> patterns_;
};

// Whether some text leads from here to an end: no mask may lead into a dead end.
bool CanFinish(const ConstraintState& start) {
  std::vector<ConstraintState> open = {start};
  for (size_t i = 0; i < open.size() && i < 20000; ++i) {
    if (open[i].CanEnd()) return true;
    for (const char* byte : {"a", "b"}) {
      ConstraintState next = open[i];
      if (next.AcceptBytes(byte)) open.push_back(next);
    }
  }
  return false;
}

TEST(Constraint, RandomGrammarsMatchAsTheTableSays) {
  const auto trie = SmallVocabulary("ab", 3);
  std::vector<std::string> texts = {""};
  for (size_t i = 0; texts.back().size() < 5; ++i) {
    for (const char letter : {'a', 'b'}) texts.push_back(texts[i] + letter);
  }
  int n_compiled = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RandomGrammar source(seed);
    std::set<std::string> language;
    for (const std::string& text : texts) {
      if (source.Matches(text)) language.insert(text);
    }
    std::shared_ptr<const Constraint> constraint;
    try {
      constraint = Constraint::Compile(source.Take(), trie);
    } catch (const Error& error) {
      EXPECT_TRUE(language.empty()) << "seed " << seed << ": " << error.what();
      continue;
    }
    ++n_compiled;
    for (const std::string& text : texts) {
      ASSERT_EQ(Matches(constraint, text), language.contains(text))
          << "seed " << seed << ": " << text;
    }
    for (const std::string& text : texts) {
      if (text.size() > 3) break;
      ConstraintState state(constraint);
      if (!state.AcceptBytes(text)) continue;
      const std::set<std::string> allowed = Allowed(state);
      EXPECT_EQ(allowed.contains("END"), language.contains(text));
      for (int32_t id = 0; id + 1 < trie->n_tokens(); ++id) {
        ConstraintState next = state;
        const bool accepted = next.Accept(id);
        ASSERT_EQ(accepted, allowed.contains(std::string(trie->bytes(id))))
            << "seed " << seed << ": " << text << " then " << trie->bytes(id);
        if (accepted && text.size() < 2 && id % 5 == 0) {
          ASSERT_TRUE(CanFinish(next)) << "seed " << seed << ": " << text;
        }
      }
    }
    for (const std::string& text : language) {  // every prefix of an answer may come
      ConstraintState state(constraint);
      for (const char byte : text) {
        ASSERT_TRUE(Allowed(state).contains(std::string(1, byte))) << "seed " << seed;
        state.AcceptBytes({&byte, 1});
      }
    }
  }
  EXPECT_GT(n_compiled, 150);
}

}  // namespace
}  // namespace pioneer::grammar
