// Why: answers are searched by regular expressions, of which some come from task files; and what
// they search comes from a model. So both time and stack are limited.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::eval {

// A regular expression in ICU's syntax, which is that of Python's re in all that tasks use.
// Immutable; any thread.
class Pattern {
 public:
  // Throws Error{kInvalidArgument} that says where the expression is wrong.
  explicit Pattern(const std::string& expression);
  ~Pattern();
  Pattern(Pattern&&) noexcept;

  // One string a match, as Python's findall and lm-evaluation-harness's filters have it: the whole
  // match where the expression has no groups, else the first group that matched something. A
  // search that takes too long (some expressions do) throws Error{kInvalidArgument}.
  std::vector<std::string> FindAll(std::string_view text) const;
  bool Matches(std::string_view text) const;        // somewhere in the text
  std::string Remove(std::string_view text) const;  // without all matches

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace pioneer::eval
