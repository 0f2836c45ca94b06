// Why: Markdown is taught as Markdown: models answer in it. Only what is not for readers goes.
#pragma once

#include <string>
#include <string_view>

namespace pioneer {

// Kept: headings, lists, emphasis, tables, code. Taken out: front matter (--- ... --- at the top),
// HTML comments, reference definitions ("[1]: https://..."); a link becomes its words, a picture
// its description, because addresses teach a small model nothing. Code, in fences and in
// backquotes, is left as it is.
std::string CleanMarkdown(std::string_view text);

}  // namespace pioneer
