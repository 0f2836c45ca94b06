// Why: the web as it is: sites that change, that ask to be left alone, and that mean harm.
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "net/test_socket.h"
#include "search/convert/date.h"
#include "search/fetch/provider.h"
#include "search/fetch/robots.h"
#include "search/fetch/test_sink.h"
#include "search/fetch/test_site.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {
namespace {

std::string MakePage(const std::string& title, const std::string& words,
                     const std::vector<std::string>& links = {}) {
  std::string html = "<html><head><title>" + title + "</title></head><body><h1>" + title +
                     "</h1><p>" + words + "</p><nav>";
  for (const std::string& link : links) html += "<a href=\"" + link + "\">to it</a>";
  return html + "</nav></body></html>";
}

std::string Gzip(const std::string& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class WebSourceTest : public ::testing::Test {
 protected:
  WebSourceTest() { settings_.allow_private_addresses = true; }

  void Read(SourceKind kind, const std::string& path) {
    settings_.kind = kind;
    settings_.location = site_.url() + path;
    ReadSource(settings_, sink_, CancelToken());
  }
  std::optional<ErrorCode> FailureOf(SourceKind kind, const std::string& path) {
    try {
      Read(kind, path);
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    return std::nullopt;
  }
  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const auto& [uri, document] : sink_.documents) {
      paths.push_back(uri.substr(site_.url().size()));
    }
    return paths;
  }

  TestSite site_;
  SourceSettings settings_;
  RecordingSink sink_;
  std::string message_;
};

using Strings = std::vector<std::string>;

TEST_F(WebSourceTest, SiteFollowsLinksAndSitemapsWithinItsScope) {
  site_.Set("/robots.txt", PlainTextResponse(200,
                                             "User-agent: *\nDisallow: /docs/private\n"
                                             "Sitemap: /map.xml.gz\n"));
  site_.Set("/map.xml.gz", {200,
                            {},
                            Gzip("<sitemapindex><sitemap><loc>/inner.xml</loc></sitemap>"
                                 "</sitemapindex>")});
  site_.Set("/inner.xml",
            {200, {}, "<urlset><url><loc>" + site_.url() + "/docs/mapped</loc></url></urlset>"});
  site_.SetPage("/docs/", MakePage("Start", "The first page.",
                                   {"a.html?utm_source=x#part", "private/x", "/other/", "a.html",
                                    "http://example.invalid/", "b.png", "mailto:x@y.z"}));
  site_.SetPage("/docs/a.html", MakePage("A", "The page a.", {"./", "deep/c.html"}));
  site_.SetPage("/docs/deep/c.html", MakePage("C", "The page c."));
  site_.SetPage("/docs/mapped", MakePage("Mapped", "Only in the map."));
  site_.SetPage("/docs/private/x", MakePage("X", "not for programs"));
  site_.SetPage("/other/", MakePage("Other", "outside"));
  Read(SourceKind::kSite, "/docs/");
  EXPECT_EQ(Paths(), (Strings{"/docs/", "/docs/a.html", "/docs/deep/c.html", "/docs/mapped"}));
  EXPECT_EQ(site_.CountAsked("/docs/private/x") + site_.CountAsked("/other/") +
                site_.CountAsked("/docs/b.png"),
            0);
  EXPECT_TRUE(sink_.failures.empty()) << sink_.Complaints();
}

TEST_F(WebSourceTest, SiteAsksWhetherPagesChanged) {
  const auto page = [](const std::string& etag, const std::string& html) {
    return [etag, html](const HttpRequest& request, ResponseWriter& writer) {
      const bool same = request.Header("If-None-Match") == etag;
      writer.Send(
          {same ? 304 : 200, {{"ETag", etag}, {"Content-Type", "text/html"}}, same ? "" : html});
    };
  };
  site_.Set("/", page("\"1\"", MakePage("Start", "The start.", {"/a", "/gone"})));
  site_.Set("/a", page("\"2\"", MakePage("A", "The page a.")));
  site_.SetPage("/gone", MakePage("G", "Soon gone."));
  Read(SourceKind::kSite, "/");
  EXPECT_EQ(Paths(), (Strings{"/", "/a", "/gone"}));
  sink_.Clear();
  site_.Set("/a", page("\"3\"", MakePage("A", "The page a, newer.")));
  site_.Set("/gone", PlainTextResponse(410, "gone"));
  Read(SourceKind::kSite, "/");
  // The links of a page that is not sent again are still known.
  EXPECT_EQ(Paths(), (Strings{"/a"}));
  EXPECT_EQ(sink_.unchanged, (Strings{site_.url() + "/"}));
  EXPECT_TRUE(sink_.failures.empty()) << sink_.Complaints();
}

TEST_F(WebSourceTest, SiteKnowsOnePageUnderManyAddresses) {
  site_.SetPage("/", MakePage("Start", "The start.", {"/b?utm_medium=y", "/b", "/old", "/print"}));
  site_.Set("/old", {301, {{"Location", "/b"}}, ""});
  site_.SetPage("/b", MakePage("B", "The page b."));
  site_.SetPage("/print", "<link rel=canonical href='/b'>" + MakePage("B", "The page b, printed."));
  Read(SourceKind::kSite, "/");
  EXPECT_EQ(Paths(), (Strings{"/", "/b"}));
}

TEST_F(WebSourceTest, WaitsAMomentWhereItIsAskedTo) {
  bool asked = false;
  site_.SetPage("/", MakePage("Start", "The start."));
  site_.Set("/p", [&](const HttpRequest&, ResponseWriter& writer) {
    const bool again = std::exchange(asked, true);
    writer.Send({again ? 200 : 429,
                 {{"Retry-After", "0"}, {"Content-Type", "text/plain"}},
                 again ? "now it is here" : "later"});
  });
  Read(SourceKind::kPage, "/p");
  EXPECT_EQ(Paths(), (Strings{"/p"}));
}

TEST_F(WebSourceTest, SiteLiesBelowAnAddressWithoutSlash) {
  site_.SetPage("/docs", MakePage("Docs", "All of them.", {"/docs/a", "/docs2", "/"}));
  site_.SetPage("/docs/a", MakePage("A", "The page a."));
  site_.SetPage("/docs2", MakePage("B", "elsewhere"));
  Read(SourceKind::kSite, "/docs");
  EXPECT_EQ(Paths(), (Strings{"/docs", "/docs/a"}));
  EXPECT_EQ(site_.CountAsked("/docs"), 1);
}

TEST_F(WebSourceTest, RobotsForbidding) {
  site_.Set("/robots.txt", PlainTextResponse(200, "User-agent: Pioneer\nDisallow: /\n"));
  site_.SetPage("/", MakePage("Start", "The start."));
  EXPECT_EQ(FailureOf(SourceKind::kSite, "/"), ErrorCode::kInvalidArgument);
  EXPECT_NE(message_.find("robots.txt"), std::string::npos);
  EXPECT_EQ(site_.asked(), (Strings{"/robots.txt"}));
}

TEST_F(WebSourceTest, RobotsThatCannotBeHadForbid) {
  site_.Set("/robots.txt", PlainTextResponse(503, "later"));
  site_.SetPage("/", MakePage("Start", "The start."));
  EXPECT_EQ(FailureOf(SourceKind::kSite, "/"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(site_.CountAsked("/"), 0);
}

TEST_F(WebSourceTest, PrivateAddressesAreNotConnectedTo) {
  settings_.allow_private_addresses = false;
  site_.SetPage("/", MakePage("Secret", "of this machine"));
  for (const SourceKind kind : {SourceKind::kPage, SourceKind::kSite, SourceKind::kFeed}) {
    EXPECT_EQ(FailureOf(kind, "/"), ErrorCode::kInvalidArgument) << SourceKindName(kind);
    EXPECT_NE(message_.find("private network"), std::string::npos) << message_;
  }
  // Names, and other spellings of the address.
  const std::string port = site_.url().substr(site_.url().rfind(':'));
  for (const char* host :
       {"localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"}) {
    settings_.kind = SourceKind::kPage;
    settings_.location = "http://" + std::string(host) + port + "/";
    EXPECT_THROW(ReadSource(settings_, sink_, CancelToken()), Error) << host;
  }
  EXPECT_TRUE(site_.asked().empty());
}

TEST_F(WebSourceTest, SiteDoesNotFollowRedirectsElsewhere) {
  TestSite other("127.0.0.2");
  other.SetPage("/secret", MakePage("Secret", "elsewhere"));
  site_.SetPage("/", MakePage("Start", "The start.", {"/away", "/loop"}));
  site_.Set("/away", {302, {{"Location", other.url() + "/secret"}}, ""});
  site_.Set("/loop", {302, {{"Location", "/loop"}}, ""});
  Read(SourceKind::kSite, "/");
  EXPECT_EQ(Paths(), (Strings{"/"}));
  EXPECT_TRUE(other.asked().empty());
  EXPECT_NE(sink_.Complaints().find("another site"), std::string::npos);
  EXPECT_NE(sink_.Complaints().find("on and on"), std::string::npos);
}

TEST_F(WebSourceTest, HostilePagesAreToldAndSkipped) {
  site_.SetPage("/", MakePage("Start", "The start.",
                              {"/endless", "/bomb", "/cut", "/picture", "/wrong", "/good"}));
  site_.Set("/endless", [](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {{"Content-Type", "text/html"}});
    while (writer.Write(std::string(100'000, 'x'))) {
    }
  });
  site_.Set("/bomb", {200,
                      {{"Content-Type", "text/html"}, {"Content-Encoding", "gzip"}},
                      Gzip(std::string(size_t{64} << 20, ' '))});
  site_.Set("/cut", [](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {{"Content-Type", "text/html"}});
    writer.Write("<p>begun");
    Fail(ErrorCode::kInternal, "cut on purpose");
  });
  site_.Set("/picture", {200, {{"Content-Type", "image/png"}}, "\x89PNG"});
  site_.Set("/wrong",
            {200,
             {{"Content-Type", "text/html; charset=utf-8"}},
             MakePage("W",
                      "\xC7\xD1\xB1\xB9\xBE\xEE \xB9\xAE\xBC\xAD\xC0\xD4\xB4\xCF\xB4\xD9. "
                      "\xC7\xD1\xB1\xB9\xBE\xEE \xB9\xAE\xBC\xAD\xC0\xD4\xB4\xCF\xB4\xD9.")});
  site_.SetPage("/good", MakePage("Good", "Still read."));
  Read(SourceKind::kSite, "/");
  EXPECT_EQ(Paths(), (Strings{"/", "/good", "/wrong"}));
  EXPECT_NE(TextOf(sink_.documents[site_.url() + "/wrong"]).find("한국어 문서입니다."),
            std::string::npos);
  for (const char* path : {"/endless", "/bomb", "/cut", "/picture"}) {
    EXPECT_TRUE(sink_.failures.contains(site_.url() + path)) << path;
  }
}

TEST_F(WebSourceTest, EndlessLinksEnd) {
  // A calendar: each month links to the next, each day has parameters of its own.
  int n = 0;
  site_.Set("/robots.txt", PlainTextResponse(404, ""));
  site_.SetOther([&](const HttpRequest&, ResponseWriter& writer) {
    ++n;
    writer.Send({200,
                 {{"Content-Type", "text/html"}},
                 MakePage("Day", std::to_string(n),
                          {"?day=" + std::to_string(n), "/m/" + std::to_string(n)})});
  });
  settings_.max_documents = 30;
  Read(SourceKind::kSite, "/");
  EXPECT_EQ(sink_.documents.size(), 30u);
  EXPECT_LT(site_.asked().size(), 50u);
  EXPECT_NE(sink_.Complaints().find("more than 30 pages"), std::string::npos);
}

TEST_F(WebSourceTest, FeedReadsItsPages) {
  site_.Set("/feed", {200,
                      {{"Content-Type", "application/rss+xml"}},
                      "<rss><channel><item><link>/1</link><title>One</title>"
                      "<pubDate>Tue, 02 Jan 2024 00:00:00 GMT</pubDate></item>"
                      "<item><link>/2</link><title>Two</title><description>What two says in "
                      "short.</description></item><item><link>/3</link></item></channel></rss>"});
  site_.SetPage("/1", MakePage("One", "All of one."));
  Read(SourceKind::kFeed, "/feed");
  EXPECT_EQ(Paths(), (Strings{"/1", "/2"}));
  EXPECT_EQ(sink_.documents[site_.url() + "/1"].published_at_ms, ParseDate("2024-01-02"));
  EXPECT_EQ(TextOf(sink_.documents[site_.url() + "/2"]), "What two says in short.\n");
  EXPECT_EQ(sink_.documents[site_.url() + "/2"].title, "Two");
  EXPECT_TRUE(sink_.failures.contains(site_.url() + "/3"));
  sink_.Clear();
  Read(SourceKind::kFeed, "/feed");
  EXPECT_EQ(sink_.unchanged.size(), 2u);
}

TEST_F(WebSourceTest, PageIsReadAgainWhenItChanged) {
  site_.SetPage("/p", MakePage("P", "One."));
  Read(SourceKind::kPage, "/p");
  ASSERT_EQ(Paths(), (Strings{"/p"}));
  sink_.Clear();
  Read(SourceKind::kPage, "/p");
  EXPECT_EQ(sink_.unchanged, (Strings{site_.url() + "/p"}));
  EXPECT_EQ(FailureOf(SourceKind::kPage, "/none"), ErrorCode::kNotFound);
}

TEST_F(WebSourceTest, ProvidersNamePages) {
  const auto search = [&](ProviderKind kind, const std::string& path) {
    ProviderSettings settings;
    settings.kind = kind;
    settings.url = site_.url() + path;
    settings.api_key = "key";
    settings.allow_private_provider = true;
    return MakeWebProvider(settings)->Search("한 b", 2, CancelToken());
  };
  const std::string results =
      R"([{"url":"http://a.example/?utm_source=x","title":"<b>A</b>","content":"said","description":"said"},
    {"url":"http://a.example/"},{"url":"ftp://x"},{"url":"http://b.example/"},{"url":"http://c.example/"}])";
  site_.Set("/search?q=%ED%95%9C%20b&format=json", {200, {}, "{\"results\":" + results + "}"});
  site_.Set("/brave?q=%ED%95%9C%20b&count=2",
            [&](const HttpRequest& request, ResponseWriter& writer) {
              const bool ok = request.Header("X-Subscription-Token") == "key";
              writer.Send({ok ? 200 : 401, {}, "{\"web\":{\"results\":" + results + "}}"});
            });
  for (const auto& found :
       {search(ProviderKind::kSearxng, "/"), search(ProviderKind::kBrave, "/brave")}) {
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].url, "http://a.example/");
    EXPECT_EQ(found[0].title, "A");
    EXPECT_EQ(found[0].snippet, "said");
    EXPECT_EQ(found[1].url, "http://b.example/");
  }
  site_.Set(
      "/d.xml",
      {200, {}, R"(<OpenSearchDescription><Url type="text/html" template="/h?q={searchTerms}"/>
    <Url type="application/rss+xml" template="/r?q={searchTerms}&amp;n={count?}&amp;l={language?}"/></OpenSearchDescription>)"});
  site_.Set("/r?q=%ED%95%9C%20b&n=2&l=",
            {200, {}, "<rss><item><link>http://a.example/1</link></item></rss>"});
  EXPECT_EQ(search(ProviderKind::kOpenSearch, "/d.xml").at(0).url, "http://a.example/1");
}

TEST_F(WebSourceTest, ResultPagesAreReadUnderTheRules) {
  site_.SetPage("/1", MakePage("One", "All of one."));
  TestSite slow("127.0.0.2");  // one request at a time to a host
  slow.Set("/slow", [](const HttpRequest&, ResponseWriter& writer) {
    TestEvent gone;
    writer.OnDisconnect([&] { gone.Set(); });
    gone.Wait();
  });
  const std::vector<WebResult> results = {
      {slow.url() + "/slow", "", ""}, {site_.url() + "/1", "", ""}, {site_.url() + "/404", "", ""}};
  const WebPages pages = ReadPages(results, true, 3000, CancelToken());
  ASSERT_EQ(pages.documents.size(), 1u);
  EXPECT_EQ(pages.documents[0].title, "One");
  EXPECT_EQ(pages.failures.size(), 2u);
  site_.Forget();
  EXPECT_TRUE(ReadPages(results, false, 3000, CancelToken()).documents.empty());
  EXPECT_TRUE(site_.asked().empty());
}

TEST(RobotsTest, KeepsToTheStandard) {
  const RobotsRules rules = RobotsRules::Parse(
      "User-agent: other\nUser-agent: PIONEER/1.0\nDisallow: /a\nAllow: /a/b\nCrawl-delay: 2\n\n"
      "User-agent: *\nDisallow: /\nSitemap: /s.xml\n");
  EXPECT_FALSE(rules.Allows("/a/c"));
  EXPECT_TRUE(rules.Allows("/a/b/c"));
  EXPECT_TRUE(rules.Allows("/d"));
  EXPECT_EQ(rules.crawl_delay_seconds(), 2);
  EXPECT_EQ(rules.sitemaps(), (Strings{"/s.xml"}));
  const RobotsRules patterns = RobotsRules::Parse(
      "user-agent:*\nDisallow: /*.php$\nDisallow: /x*y\nDisallow: /%7Euser\n"
      "Allow: /page\nDisallow: /page\nDisallow:\n");
  EXPECT_FALSE(patterns.Allows("/a.php"));
  EXPECT_TRUE(patterns.Allows("/a.php?b"));
  EXPECT_FALSE(patterns.Allows("/xaay/z"));
  EXPECT_FALSE(patterns.Allows("/~user/"));
  EXPECT_TRUE(patterns.Allows("/page"));
  EXPECT_FALSE(RobotsRules::Parse("User-agent: *\nDisallow: /").Allows("/"));
  EXPECT_TRUE(
      RobotsRules::Parse("User-agent: *\nDisallow: /\n\nUser-agent: pioneer\n").Allows("/"));
  EXPECT_TRUE(RobotsRules::Parse("<html>nothing of the kind</html>").Allows("/"));
  EXPECT_FALSE(RobotsRules::ForbidAll().Allows("/a"));
}

}  // namespace
}  // namespace pioneer::search
