// Why: the named sets of characters of patterns.
#pragma once

#include <string_view>

#include "text/grammar/char_set.h"

namespace pioneer::grammar {

CharSet DigitChars();  // \d: ASCII
CharSet WordChars();   // \w: ASCII
CharSet SpaceChars();  // \s: as ECMA-262
// What . leaves out.
CharSet LineEnds(bool ecma);
// \p{name}: a general category, script or binary property of Unicode; empty when there is none.
CharSet PropertyChars(std::string_view name);
// [:name:]; empty when there is none.
CharSet PosixChars(std::string_view name);

}  // namespace pioneer::grammar
