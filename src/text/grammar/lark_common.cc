// The terminals that `%import common.NAME` brings, as Lark documents them.
#include <array>

#include "text/grammar/lark_ast.h"

namespace pioneer::grammar {

std::string_view LarkCommonTerminal(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kTerminals = {{
      {"DIGIT", R"([0-9])"},
      {"HEXDIGIT", R"([0-9A-Fa-f])"},
      {"INT", R"([0-9]+)"},
      {"SIGNED_INT", R"([+-]?[0-9]+)"},
      {"DECIMAL", R"([0-9]+\.[0-9]*|\.[0-9]+)"},
      {"_EXP", R"([eE][+-]?[0-9]+)"},
      {"FLOAT", R"(([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)"},
      {"SIGNED_FLOAT",
       R"([+-]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+))"},
      {"NUMBER", R"([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?)"},
      {"SIGNED_NUMBER", R"([+-]?([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?))"},
      {"ESCAPED_STRING", R"("([^"\\\n]|\\.)*")"},
      {"LCASE_LETTER", R"([a-z])"},
      {"UCASE_LETTER", R"([A-Z])"},
      {"LETTER", R"([A-Za-z])"},
      {"WORD", R"([A-Za-z]+)"},
      {"CNAME", R"([_A-Za-z][_A-Za-z0-9]*)"},
      {"WS_INLINE", R"([ \t]+)"},
      {"WS", R"([ \t\f\r\n]+)"},
      {"CR", R"(\r)"},
      {"LF", R"(\n)"},
      {"NEWLINE", R"((\r?\n)+)"},
      {"SH_COMMENT", R"(#[^\n]*)"},
      {"CPP_COMMENT", R"(//[^\n]*)"},
      {"C_COMMENT", R"(/\*[^*]*\*+([^/*][^*]*\*+)*/)"},
      {"SQL_COMMENT", R"(--[^\n]*)"},
  }};
  for (const auto& [known, regex] : kTerminals) {
    if (known == name) return regex;
  }
  return "";
}

}  // namespace pioneer::grammar
