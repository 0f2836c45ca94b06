// Why: a pattern comes with a request; whatever it is, it is refused or used within its limits. The
// first byte chooses the syntax.
// room: text
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "grammar_walk.h"
#include "text/grammar/regex_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::grammar;
  static const auto vocabulary = ByteVocabulary();
  if (size == 0) return 0;
  try {
    Grammar grammar;
    RegexSyntax syntax;
    syntax.whole = (data[0] & 1) != 0;
    syntax.ignore_case = (data[0] & 2) != 0;
    syntax.ecma = (data[0] & 4) != 0;
    const std::string_view pattern(reinterpret_cast<const char*>(data) + 1, size - 1);
    grammar.SetStart(grammar.Terminal(ParseRegex(grammar.regexes(), pattern, syntax)));
    WriteAnswer(Constraint::Compile(std::move(grammar), vocabulary, kFuzzLimits), pattern);
  } catch (const Error&) {
  }
  return 0;
}
