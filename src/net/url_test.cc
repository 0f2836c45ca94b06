// Why: two spellings of one address are one page, and none of them leads elsewhere than it says.
#include "net/url.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

std::string Whole(std::string_view text) {
  const auto url = ParseUrl(text);
  return url ? url->ToString() : "-";
}

std::string From(std::string_view base, std::string_view reference) {
  const auto url = ResolveUrl(*ParseUrl(base), reference);
  return url ? url->ToString() : "-";
}

TEST(UrlTest, TidiesSpellings) {
  EXPECT_EQ(Whole("HTTP://Example.ORG:80"), "http://example.org/");
  EXPECT_EQ(Whole("https://example.org:443/a?b#c"), "https://example.org/a?b");
  EXPECT_EQ(Whole("https://user:secret@example.org./a"), "https://example.org/a");
  EXPECT_EQ(Whole("http://example.org/a b/가"), "http://example.org/a%20b/%ea%b0%80");
  EXPECT_EQ(Whole("http://[::1]:8080/x"), "http://[::1]:8080/x");
}

TEST(UrlTest, RefusesOthers) {
  for (const char* text : {"", "example.org/a b\n", "ftp://example.org/", "file:///etc/passwd",
                           "javascript:alert(1)", "http://", "http://a:99999/", "mailto:a@b.c"}) {
    EXPECT_EQ(Whole(text), "-") << text;
  }
}

TEST(UrlTest, ResolvesReferences) {
  const char* base = "https://example.org/a/b/c?d";
  EXPECT_EQ(From(base, "../x"), "https://example.org/a/x");
  EXPECT_EQ(From(base, "/x"), "https://example.org/x");
  EXPECT_EQ(From(base, "?e=1"), "https://example.org/a/b/c?e=1");
  EXPECT_EQ(From(base, "//other.org/y#z"), "https://other.org/y");
  EXPECT_EQ(From(base, "#top"), base);
  EXPECT_EQ(From(base, "mailto:a@b.c"), "-");
  EXPECT_EQ(From(base, "http://other.org"), "http://other.org/");
}

}  // namespace
}  // namespace pioneer
