// Why: from a pattern's structure to a term. Assertions are about what stands around them, so a
// part is lowered together with all that follows it to the end of the text: $ asks that nothing
// follows, look-ahead that what follows is also of another form (an intersection), ^ that nothing
// was read.
#include <utility>

#include "text/grammar/regex_ast.h"
#include "text/grammar/regex_parser.h"

namespace pioneer::grammar {
namespace {

using Kind = RegexAst::Kind;

constexpr int kMaxUnrolled = 100;

enum class Side { kFront, kBack };

bool IsEmpty(const RegexAst& ast) {
  return (ast.kind == Kind::kConcat && ast.children.empty()) ||
         (ast.kind == Kind::kRepeat && ast.max == 0);
}

// On a side where any text may stand, rounds of a repetition beyond the fewest add nothing:
// [a-z]{1,255} occurs in a text when [a-z] does. Without this, a search is in as many states as
// there are places where a match may have begun.
void DropOptionalRounds(RegexAst& ast, Side side) {
  if (ast.kind == Kind::kOr) {
    for (RegexAst& child : ast.children) DropOptionalRounds(child, side);
  } else if (ast.kind == Kind::kRepeat && !ast.asserts) {
    ast.max = ast.min;
    if (ast.min == 1) DropOptionalRounds(ast.children.front(), side);
  } else if (ast.kind == Kind::kConcat) {
    while (!ast.children.empty()) {
      const auto outermost = side == Side::kFront ? ast.children.begin() : ast.children.end() - 1;
      DropOptionalRounds(*outermost, side);
      if (!IsEmpty(*outermost)) return;
      ast.children.erase(outermost);
    }
  }
}

// What may follow up to the end of the text, when nothing was read before it and when something
// was.
struct Rest {
  Regex at_start, inside;
};

class Lowering {
 public:
  Lowering(RegexStore& store, std::string_view pattern, const RegexSyntax& syntax)
      : store_(store), pattern_(pattern), syntax_(syntax) {
    any_ = store_.Star(Encode(CharSet::All()));
  }

  Regex Run(RegexAst ast) {
    if (syntax_.whole) return Lower(ast, {store_.Epsilon(), store_.Epsilon()}).at_start;
    DropOptionalRounds(ast, Side::kFront);
    DropOptionalRounds(ast, Side::kBack);
    const Rest all = Lower(ast, {any_, any_});
    if (all.at_start == all.inside) return store_.Concat(any_, all.inside);
    const Regex some = store_.Plus(Encode(CharSet::All()));
    return store_.Or({all.at_start, store_.Concat(some, all.inside)});
  }

 private:
  Regex Encode(const CharSet& set) {
    return syntax_.encode ? syntax_.encode(store_, set) : store_.Chars(set);
  }

  // A part by itself; assertions in it are taken as false.
  Regex Plain(const RegexAst& ast) {
    switch (ast.kind) {
      case Kind::kChars:
        return Encode(ast.chars);
      case Kind::kRepeat:
        return store_.Repeat(Plain(ast.children.front()), ast.min, ast.max);
      case Kind::kConcat:
      case Kind::kOr: {
        std::vector<Regex> parts;
        for (const RegexAst& child : ast.children) parts.push_back(Plain(child));
        return ast.kind == Kind::kOr ? store_.Or(std::move(parts)) : store_.Concat(parts);
      }
      case Kind::kBegin:
      case Kind::kEnd:
      case Kind::kLookAhead:
        break;
    }
    return store_.Nothing();
  }

  Rest Lower(const RegexAst& ast, const Rest& rest) {
    if (!ast.asserts) return Before(Plain(ast), rest);
    switch (ast.kind) {
      case Kind::kBegin:
        return {rest.at_start, store_.Nothing()};
      case Kind::kEnd:
        return {OnlyEmpty(rest.at_start), OnlyEmpty(rest.inside)};
      case Kind::kLookAhead:
        return LookAhead(ast, rest);
      case Kind::kRepeat:
        return Repeat(ast, rest);
      case Kind::kOr: {
        std::vector<Regex> at_start, inside;
        for (const RegexAst& child : ast.children) {
          const Rest part = Lower(child, rest);
          at_start.push_back(part.at_start);
          inside.push_back(part.inside);
        }
        return {store_.Or(std::move(at_start)), store_.Or(std::move(inside))};
      }
      case Kind::kConcat:
      case Kind::kChars:
        break;
    }
    Rest result = rest;
    for (size_t i = ast.children.size(); i-- > 0;) result = Lower(ast.children[i], result);
    return result;
  }

  Rest Before(Regex part, const Rest& rest) {
    const Regex inside = store_.Concat(part, rest.inside);
    if (rest.at_start == rest.inside || !store_.Nullable(part)) return {inside, inside};
    const Regex some = store_.And({part, store_.Not(store_.Epsilon())});
    return {store_.Or({rest.at_start, store_.Concat(some, rest.inside)}), inside};
  }

  Regex OnlyEmpty(Regex rest) {
    return store_.Nullable(rest) ? store_.Epsilon() : store_.Nothing();
  }

  Rest LookAhead(const RegexAst& ast, const Rest& rest) {
    Rest look = Lower(ast.children.front(), {any_, any_});
    if (ast.negated) look = {store_.Not(look.at_start), store_.Not(look.inside)};
    return {store_.And({rest.at_start, look.at_start}), store_.And({rest.inside, look.inside})};
  }

  Rest Repeat(const RegexAst& ast, const Rest& rest) {
    const RegexAst& body = ast.children.front();
    if (ast.max == kUnbounded && ast.min <= 1 && rest.inside == store_.Epsilon()) {
      if (const RegexAst* look = CharBehindNegativeLook(body))
        return NowhereAhead(ast, *look, rest);
    }
    const int n_copies = ast.max == kUnbounded ? ast.min : ast.max;
    if (n_copies > kMaxUnrolled)
      FailPattern(pattern_, ast.place, "an assertion repeated too often");
    Rest result = rest;
    if (ast.max == kUnbounded) result = Loop(ast, body, rest);
    for (int i = n_copies; i > 0; --i) {
      const Rest once = Lower(body, result);
      const bool optional = ast.max != kUnbounded && i > ast.min;
      result = optional ? Rest{store_.Or({rest.at_start, once.at_start}),
                               store_.Or({rest.inside, once.inside})}
                        : once;
    }
    return result;
  }

  // (body)* with ^ or $ in the body: ^ can hold in the first round only, $ in the last.
  Rest Loop(const RegexAst& ast, const RegexAst& body, const Rest& rest) {
    if (HasLookAhead(body)) FailPattern(pattern_, ast.place, "a look-ahead inside a repetition");
    const Regex plain = store_.Star(Plain(body));
    const Rest last = Lower(body, {OnlyEmpty(rest.at_start), OnlyEmpty(rest.inside)});
    const Regex inside = store_.Concat(plain, store_.Or({rest.inside, last.inside}));
    const Rest first = Lower(body, {rest.at_start, inside});
    return {store_.Or({rest.at_start, first.at_start, last.at_start}), inside};
  }

  static bool HasLookAhead(const RegexAst& ast) {
    if (ast.kind == Kind::kLookAhead) return true;
    for (const RegexAst& child : ast.children) {
      if (child.asserts && HasLookAhead(child)) return true;
    }
    return false;
  }

  // (?!x)c with one character c: the look-ahead, else null.
  static const RegexAst* CharBehindNegativeLook(const RegexAst& body) {
    if (body.kind != Kind::kConcat || body.children.size() != 2) return nullptr;
    const RegexAst& look = body.children[0];
    const bool fits =
        look.kind == Kind::kLookAhead && look.negated && body.children[1].kind == Kind::kChars;
    return fits ? &look : nullptr;
  }

  // ((?!x)c)* to the end of the text: characters c, at none of which x begins.
  Rest NowhereAhead(const RegexAst& ast, const RegexAst& look, const Rest& rest) {
    const Rest found = Lower(look.children.front(), {any_, any_});
    const Regex some = store_.Not(store_.Epsilon());
    const Regex somewhere = store_.Concat(any_, store_.And({found.inside, some}));
    const Regex chars = Plain(ast.children.front().children[1]);
    const Regex all =
        store_.And({store_.Repeat(chars, ast.min, kUnbounded), store_.Not(somewhere)});
    return {ast.min == 0 ? store_.Or({all, rest.at_start}) : all, all};
  }

  RegexStore& store_;
  const std::string_view pattern_;
  const RegexSyntax& syntax_;
  Regex any_;
};

}  // namespace

Regex ParseRegex(RegexStore& store, std::string_view pattern, const RegexSyntax& syntax) {
  return Lowering(store, pattern, syntax).Run(ParseRegexAst(pattern, syntax));
}

}  // namespace pioneer::grammar
