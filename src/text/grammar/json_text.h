// Why: what JSON looks like as regular expressions: strings with their escapes, numbers in a range,
// white space. The algebra of schemas (and, or, not) on strings and numbers is the algebra of these
// expressions, so it is exact.
//
// Strings are expressed by what stands between the quotes. A schema that says nothing about a
// string allows every spelling that JSON has (FullText). Where it does, each character has one
// spelling, the one that JSON libraries write without ASCII folding (Encode): as itself, but \"
// \\ \b \f \n \r \t, and \u001f for the other controls. So each text has exactly one spelling, and
// complements are exact. Numbers that a schema restricts are written without an exponent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "text/grammar/json_decimal.h"
#include "text/grammar/regex.h"

namespace pioneer::grammar {

// Not thread-safe; `store` must outlive it.
class JsonText {
 public:
  explicit JsonText(RegexStore& store);

  RegexStore& store() const { return store_; }

  // --- strings (between the quotes)
  Regex FullText() const { return full_text_; }
  Regex PlainText() const { return plain_text_; }
  Regex Encode(const CharSet& set);
  static std::string Encode(std::string_view text);  // valid UTF-8
  Regex Texts(const std::vector<std::string>& texts);
  Regex Length(int64_t min, int64_t max);        // in characters; max < 0: no upper limit
  Regex Pattern(std::string_view pattern);       // ECMA-262, found anywhere
  Regex WholePattern(std::string_view pattern);  // all of the text
  Regex NotText(Regex text);                     // the other texts
  Regex Quoted(Regex text);

  // --- numbers
  Regex AnyNumber() const { return any_number_; }
  Regex PlainNumber() const { return plain_number_; }  // without an exponent
  Regex Integer() const { return integer_; }           // -?(0|[1-9][0-9]*)
  Regex NotInteger();
  Regex NotNumber(Regex number);  // the other plain numbers
  Regex Equal(const Decimal& value);
  // value > bound, or >= where `inclusive`.
  Regex Above(const Decimal& bound, bool inclusive);
  Regex Below(const Decimal& bound, bool inclusive);
  // Numbers with at most this many digits behind the point that count.
  Regex FractionDigits(int n);

  // --- questions. Answers are remembered.
  // False where exploring would take more than a fixed number of steps, for this term or for all
  // together: "not known to be empty".
  bool IsEmpty(Regex term);
  bool Matches(Regex term, std::string_view bytes);

 private:
  Regex Parsed(std::string_view pattern, bool whole);
  Regex Magnitude(const Decimal& bound, bool above, bool inclusive);
  Regex WholeAbove(std::string_view digits, bool above);
  Regex FractionAbove(std::string_view digits, bool above, bool inclusive);
  Regex Digits(int first, int last);

  RegexStore& store_;
  Regex raw_char_, full_char_, plain_char_, full_text_, plain_text_;
  Regex digit_, zeros_, fraction_, any_number_, plain_number_, integer_;
  std::unordered_map<std::string, Regex> patterns_;
  std::unordered_map<int32_t, bool> empty_;
  int64_t emptiness_work_ = 0;  // derivatives taken for all answers together
};

}  // namespace pioneer::grammar
