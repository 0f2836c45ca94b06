// Why: a citation leads to the very words, not to the top of a long document.
#pragma once

#include <string>

#include "search/retriever.h"

namespace pioneer::search::answer {

// "#page=3" (RFC 8118) where the document has pages, else a text fragment
// (https://wicg.github.io/scroll-to-text-fragment/) of bytes [begin, end) of the passage's text:
// whole when short, else its first and last words, with a word before it where those occur twice.
std::string LinkTo(const Passage& passage, size_t begin, size_t end);

}  // namespace pioneer::search::answer
