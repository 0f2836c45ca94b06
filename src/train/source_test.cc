// Why: sources come from strangers: every kind is read, and none reaches outside its folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>

#include "base/error.h"
#include "train/document_reader.h"
#include "train/source_files.h"
#include "train/source_html.h"
#include "train/source_markdown.h"
#include "train/source_package.h"
#include "train/source_program.h"
#include "train/source_stream.h"
#include "train/test_tokenizer.h"

namespace pioneer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(SourceStream, DecompressesGzipAndZstdOfSeveralStreams) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 50000; ++i) text += std::to_string(i * 7919) + "\n";
  WriteFileAtomically(folder / "a.txt.gz", Gzip(text) + Gzip("tail"));
  WriteFileAtomically(folder / "a.txt.zst", Zstd(text) + Zstd("tail"));
  WriteFileAtomically(folder / "empty.txt.zst", Zstd(""));
  EXPECT_EQ(ReadSourceFile(folder / "a.txt.gz", 1 << 20), text + "tail");
  EXPECT_EQ(ReadSourceFile(folder / "a.txt.zst", 1 << 20), text + "tail");
  EXPECT_EQ(ReadSourceFile(folder / "empty.txt.zst", 1 << 20), "");
  EXPECT_THAT(ErrorOf([&] { ReadSourceFile(folder / "a.txt.gz", 1000); }), HasSubstr("cut it"));
}

TEST(SourceStream, RefusesWhatIsCutShort) {
  const TestFolder folder;
  for (const auto& [name, whole] : {std::pair{"a.gz", Gzip("some text, some more text")},
                                    std::pair{"a.zst", Zstd("some text, some more text")}}) {
    for (const size_t size : {size_t{1}, whole.size() / 2, whole.size() - 1}) {
      WriteFileAtomically(folder / name, whole.substr(0, size));
      EXPECT_THAT(ErrorOf([&] { ReadSourceFile(folder / name, 1000); }), HasSubstr("cut short"))
          << name << " " << size;
    }
  }
}

std::vector<std::string> NamesIn(const fs::path& path) {
  std::vector<std::string> names;
  for (const SourceFile& file : FindSourceFiles(path)) names.push_back(file.name);
  return names;
}

TEST(SourceFiles, AreSortedKnownAndInside) {
  const TestFolder folder;
  fs::create_directories(folder / "in/b");
  fs::create_directories(folder / "in/.git");
  for (const char* name : {"in/b/z.html", "in/b/a.md.gz", "in/c.txt", "in/a.jsonl.xz", "in/x.png",
                           "in/.git/y.txt", "outside.txt"}) {
    WriteFileAtomically(folder / name, "text");
  }
  fs::create_symlink(folder / "outside.txt", folder / "in/leak.txt");
  fs::create_symlink(folder / "in/c.txt", folder / "in/own.txt");
  fs::create_directory_symlink(folder / "in", folder / "in/b/loop");
  EXPECT_THAT(NamesIn(folder / "in"),
              ElementsAre("a.jsonl.xz", "b/a.md.gz", "b/z.html", "c.txt", "own.txt"));
  EXPECT_THAT(NamesIn(folder / "in/x.png"), ElementsAre("x.png"));  // asked for by name
  EXPECT_THAT(ErrorOf([&] { FindSourceFiles(folder / "in/.git/nothing"); }),
              HasSubstr("no source"));
  fs::create_directories(folder / "empty");
  EXPECT_THAT(ErrorOf([&] { FindSourceFiles(folder / "empty"); }), HasSubstr("holds no text"));
}

TEST(DocumentReader, ReadsAFolderOfAllKinds) {
  const TestFolder folder;
  WriteFileAtomically(folder / "a.html", "<body><nav>Menu</nav><p>From a page.</p></body>");
  WriteFileAtomically(folder / "b.jsonl", "{\"body\": \"From a line.\"}");
  WriteFileAtomically(folder / "c.md", "---\ntitle: x\n---\n# From [Markdown](http://x)\n");
  WriteFileAtomically(folder / "d.txt.gz", Gzip("From a file."));
  DocumentReader reader(FindSourceFiles(folder / ""));
  std::vector<std::string> texts;
  while (auto raw = reader.Next()) {
    texts.push_back(ParseDocument(*raw, {.kind = SourceKind::kText, .field = "body"}).text);
  }
  EXPECT_THAT(texts, ElementsAre(HasSubstr("From a page."), "From a line.",
                                 HasSubstr("# From Markdown"), "From a file.\n"));
  EXPECT_THAT(texts[0], Not(HasSubstr("Menu")));
}

TEST(DocumentReader, CutsLongFilesAtEmptyLines) {
  const TestFolder folder;
  std::string paragraph = std::string(999, 'x') + "\n\n", text;
  while (text.size() < DocumentReader::kDocumentBytes * 5 / 2) text += paragraph;
  WriteFileAtomically(folder / "long.txt", text);
  DocumentReader reader(FindSourceFiles(folder / "long.txt"));
  std::string all;
  int pieces = 0;
  for (; auto raw = reader.Next(); ++pieces) {
    EXPECT_EQ(raw->bytes.size() % paragraph.size(), 0u);
    all += raw->bytes;
  }
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(all, text);
}

TEST(Markdown, KeepsMarkupAndDropsWhatIsNotForReaders) {
  EXPECT_EQ(
      CleanMarkdown("---\nauthor: me\n---\n# Title\n\n* *one* [two](http://a/b_(c)) `[x](y)`\n"
                    "<!-- a\nb -->after ![cat](c.png)\n[1]: http://x\n[note] stays\n"
                    "```\n[x](y) <!-- kept -->\n```\n"),
      "\n# Title\n\n* *one* two `[x](y)`\nafter cat\n[note] stays\n```\n[x](y) <!-- kept "
      "-->\n```\n");
  EXPECT_EQ(CleanMarkdown("[![badge](a.svg)](http://b) text"), "badge text\n");
  EXPECT_EQ(CleanMarkdown("[open ](no) ]( [x]("), "open  ]( [x](\n");
  EXPECT_EQ(CleanMarkdown("--- not front matter"), "--- not front matter\n");
}

TEST(Html, KeepsTheMainTextOnly) {
  const std::string text = HtmlToText(
      "<!doctype html><html><head><title>T</title><style>p{}</style></head><body>"
      "<header><a href=/>Logo</a></header><div class='sidebar-left'><p>Side words</p></div>"
      "<nav><ul><li><a href=1>One</a></ul></nav>"
      "<main><header><h1>The title</h1></header><p>First <b>para</b>graph\n with <a href=x>a "
      "link</a> in it.</p>"
      "<ul><li>item one</li><li><p>item two</p></li></ul>"
      "<pre><code>let x = 1;\n  let y;</code></pre><p>Use <code>cargo</code>.</p>"
      "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
      "<p><a href=1>Previous</a> <a href=2>Next</a></p><script>alert(1)</script></main>"
      "<footer>Copyright</footer></body></html>");
  EXPECT_EQ(text,
            "# The title\n\nFirst paragraph with a link in it.\n\n- item one\n- item two\n\n"
            "```\nlet x = 1;\n  let y;\n```\n\nUse `cargo`.\n\na | b\n1 | 2");
}

TEST(Html, ReadsPagesWithoutMainAndOtherEncodings) {
  EXPECT_EQ(HtmlToText("<p>just a paragraph"), "just a paragraph");
  EXPECT_EQ(HtmlToText("<meta charset=utf-8><p>한국어 &amp; &eacute; &#x1F600;</p>"),
            "한국어 & é 😀");
  EXPECT_EQ(HtmlToText("<html><head><meta charset='iso-8859-1'></head><body><p>caf\xE9</p></body>"),
            "café");
  EXPECT_EQ(HtmlToText(""), "");
  EXPECT_EQ(HtmlToText("<body><p hidden>no</p><div role=navigation>no</div><p>yes</p>"), "yes");
}

TEST(Html, ClassesAreAGuessThatMayBeTakenBack) {
  const std::string words = "The only text that this page has, and it is long enough to matter.";
  EXPECT_EQ(HtmlToText("<div class='menu-page'><p>" + words + "</p></div>"), words);
  EXPECT_EQ(HtmlToText("<div class='layout no-sidebar'><p>" + words + "</p></div><p>b"),
            words + "\n\nb");
  EXPECT_EQ(HtmlToText("<p>" + words + "</p><div class='page-footer'>c</div>"), words);
  EXPECT_EQ(HtmlToText("<section id=sharing class=share><p>" + words + "</p></section>"), words);
  EXPECT_EQ(HtmlToText("<ul><li></li></ul><p>" + words), words);
}

TEST(Html, SurvivesNestingAndRubbish) {
  const auto nested = [](int depth) {
    std::string page;
    for (int i = 0; i < depth; ++i) page += "<div><b>";
    return page + "<p>bottom</p>";
  };
  EXPECT_EQ(HtmlToText(nested(400)), "bottom");
  EXPECT_NO_THROW(HtmlToText("<p>top</p>" + nested(20000)));
  EXPECT_NO_THROW(HtmlToText("<<<a href='<p><!-- \xFF\xFE <![CDATA["));
  EXPECT_NO_THROW(HtmlToText(std::string("<p>\0\0</p>", 9)));
}

TEST(RunProgram, TellsStatusAndOutput) {
  const ProgramResult result = RunProgram({"ls", "/nothing here"}, "/", {});
  EXPECT_TRUE(result.found);
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, HasSubstr("nothing here"));
  EXPECT_FALSE(RunProgram({"no-such-program-anywhere"}, "/", {}).found);
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(RunProgram({"cat", "/dev/zero"}, "/", cancel), Error);
}

TEST(SourcePackage, NamesAreNoPathsAndNoOptions) {
  const TestFolder folder;
  for (const char* name : {"", "x", "../etc", "-o", "Rust", "a/b", "a b", "a;b"}) {
    EXPECT_THAT(ErrorOf([&] { FindPackage(name, folder / "cache", {}); }),
                HasSubstr("no name of a Debian package"))
        << name;
  }
}

TEST(SourcePackage, UsesWhatWasUnpackedBefore) {
  const TestFolder folder;
  fs::create_directories(folder / "cache/zz-no-such-doc/files/usr/share/doc/zz/html");
  WriteFileAtomically(folder / "cache/zz-no-such-doc/files/usr/share/doc/zz/html/a.html", "<p>x");
  WriteFileAtomically(folder / "cache/zz-no-such-doc/files/usr/share/doc/zz/b.txt", "x");
  WriteFileAtomically(folder / "cache/zz-no-such-doc/package.json", "{\"version\": \"1.2-3\"}");
  const SourcePackage package = FindPackage("zz-no-such-doc", folder / "cache", {});
  EXPECT_EQ(package.version, "1.2-3");
  EXPECT_EQ(PackageFiles(package, "").size(), 2u);
  const auto part = PackageFiles(package, "usr/share/doc/zz/html");
  ASSERT_EQ(part.size(), 1u);
  EXPECT_EQ(part[0].name, "usr/share/doc/zz/html/a.html");
  EXPECT_THAT(ErrorOf([&] { PackageFiles(package, "usr/share/do"); }), HasSubstr("holds no text"));
}

TEST(SourcePackage, AListCountsOnlyWhenAllOfItIsThere) {
  const TestFolder folder;
  fs::create_directories(folder / "usr/doc");
  WriteFileAtomically(folder / "usr/doc/a.html", "x");
  WriteFileAtomically(folder / "usr/doc/b.png", "x");
  EXPECT_THAT(ReadPackageList("/.\n/usr\n/usr/doc\n/usr/doc/a.html\n/usr/doc/b.png\n", folder / ""),
              ElementsAre("usr/doc/a.html"));
  EXPECT_TRUE(ReadPackageList("/usr/doc/a.html\n/usr/doc/gone.txt\n", folder / "").empty());
}

}  // namespace
}  // namespace pioneer
