// Why: text comes in the encodings of thirty years, and what it says of itself is often wrong.
#pragma once

#include <string>
#include <string_view>

namespace pioneer::search {

// The text as valid UTF-8, by the first of these that holds: a byte order mark; it is UTF-8,
// whatever was declared; the declared encoding ("euc-kr", as HTTP, HTML and MIME name it), if that
// gives no more than a few broken characters; the likeliest by ICU's statistics. What cannot be
// read becomes U+FFFD. A byte order mark is left out.
std::string DecodeText(std::string_view bytes, std::string_view declared_charset = {});

// As DecodeText, where nothing can be guessed: a few characters of a mail's header.
std::string DecodeExactly(std::string_view bytes, std::string_view charset);

// What an HTML page is encoded in by its own <meta>, unless the server said something.
std::string HtmlCharset(std::string_view html, std::string_view declared_by_server);

}  // namespace pioneer::search
