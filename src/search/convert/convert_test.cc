// Why: each converter on a small real document: structure, pages, dates, encodings, and what is no
// content.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/charset.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/test_zip.h"
#include "search/convert/wire.h"

namespace pioneer::search {
namespace {

// "H1 Title", "T1 term", "P text", "L item", "R a | b", "C code", with "@2" where there is a page.
std::string Outline(const Document& document) {
  std::string out;
  for (const Block& block : document.blocks) {
    out += "HTPLRC"[static_cast<int>(block.kind)];
    if (block.level > 0) out += std::to_string(block.level);
    if (block.page > 0) out += "@" + std::to_string(block.page);
    out += " " + block.text + "\n";
  }
  return out;
}

Document ConvertFor(Format format, std::string_view bytes, std::string_view charset = "") {
  return ConvertBytes(format, bytes, {"file name", charset}).document;
}

std::optional<ErrorCode> RefusalOf(Format format, std::string_view bytes) {
  try {
    ConvertBytes(format, bytes, {"file name", ""});
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(ConvertTest, Text) {
  const Document document = ConvertFor(
      Format::kText,
      "Bread\n=====\n\nFlour and\r\nwater.\n\n- one\n- two\n\nBaking\n------\n오븐을\n켠다.\n");
  EXPECT_EQ(Outline(document),
            "H1 Bread\nP Flour and water.\nL one\nL two\nH2 Baking\nP 오븐을 켠다.\n");
  EXPECT_EQ(document.title, "Bread");
  // Japanese is wrapped without spaces.
  EXPECT_EQ(Outline(ConvertFor(Format::kText, "日本語の文章は\n続きます。")),
            "P 日本語の文章は続きます。\n");
  EXPECT_EQ(ConvertFor(Format::kText, "").title, "file name");
}

TEST(ConvertTest, Markdown) {
  const Document document = ConvertFor(Format::kMarkdown, R"(---
title: "A page"
date: 2024-03-01
---
# Top *level*

Words with a [link](https://example.org) and `code_here`,
on two lines.

* one
2. two

| a | b |
|---|---|
| 1 | 2 |

```c
int x;

int y;
```
Second
------
> quoted
)");
  EXPECT_EQ(Outline(document),
            "H1 Top level\nP Words with a link and code_here, on two lines.\nL one\nL two\n"
            "R a | b\nR 1 | 2\nC int x;\n\nint y;\nH2 Second\nP quoted\n");
  EXPECT_EQ(document.title, "A page");
  EXPECT_EQ(document.published_at_ms, ParseDate("2024-03-01"));
}

TEST(ConvertTest, Code) {
  std::string code;
  for (int i = 0; i < 40; ++i) code += "def function():\n    do_one_thing_and_another()\n\n";
  const Document document = ConvertFor(Format::kCode, code);
  ASSERT_GE(document.blocks.size(), 2u);
  EXPECT_TRUE(document.blocks[1].text.starts_with("def "));
  EXPECT_EQ(document.language, "code");
}

TEST(ConvertTest, Csv) {
  EXPECT_EQ(Outline(ConvertFor(Format::kCsv, "name,born\n\"Kim, \"\"A\"\"\",1990\n")),
            "R name | born\nR Kim, \"A\" | 1990\n");
}

constexpr const char* kPage = R"(<!DOCTYPE html><html lang="en"><head>
<title>Sorting — The Manual</title><link rel="canonical" href="/sorting">
<meta property="article:published_time" content="2024-01-02T03:04:05+09:00">
<meta name="robots" content="NOINDEX"></head>
<body><nav><a href="/a">Home</a></nav><main><h1>Sorting<a class="headerlink" href="#s">¶</a></h1>
<p>The list is sorted by the <code>sort</code> method, and it is stable.</p>
<ul><li>One <a href="b.html">thing</a> that is said here</li></ul>
<table><tr><th>name</th><th>cost</th></tr><tr><td>merge</td><td>n log n</td></tr></table>
<pre>a = 1
b = 2</pre></main><footer>Imprint</footer><script>alert(1)</script></body></html>)";

TEST(ConvertTest, Html) {
  const Converted converted = ConvertBytes(Format::kHtml, kPage, {"sorting", ""});
  EXPECT_EQ(Outline(converted.document),
            "H1 Sorting\nP The list is sorted by the sort method, and it is stable.\n"
            "L One thing that is said here\nR name | cost\nR merge | n log n\nC a = 1\nb = 2\n");
  EXPECT_EQ(converted.document.title, "Sorting");
  EXPECT_EQ(converted.document.language, "en");
  EXPECT_EQ(converted.document.published_at_ms, ParseDate("2024-01-01T18:04:05Z"));
  EXPECT_EQ(converted.canonical, "/sorting");
  EXPECT_TRUE(converted.no_index);
  ASSERT_EQ(converted.links.size(), 2u);
  EXPECT_EQ(converted.links[1].url, "b.html");
}

TEST(ConvertTest, HtmlTerms) {
  const std::string page =
      "<dl><dt><code>-v</code> <a class=headerlink href='#v'>\xC2\xB6</a></dt><dd>Says more.<dl>"
      "<dt><p>hash</p></dt><dd><ul><li>inner</ul></dd></dl></dd><dt>" +
      std::string(200, 'x') + "</dt><dd>End</dd></dl><p>Behind them</p>";
  EXPECT_EQ(Outline(ConvertFor(Format::kHtml, page)),
            "T1 -v\nP1 Says more.\nT2 hash\nL2 inner\nP1 " + std::string(200, 'x') +
                "\nP1 End\nP Behind them\n");
}

TEST(ConvertTest, HtmlInOldEncodings) {
  // "한국어 문서" and "日本語の文書", whatever the page and the server say.
  const std::string korean =
      "<meta charset=euc-kr><p>\xC7\xD1\xB1\xB9\xBE\xEE "
      "\xB9\xAE\xBC\xAD\xC0\xD4\xB4\xCF\xB4\xD9</p>";
  EXPECT_EQ(Outline(ConvertFor(Format::kHtml, korean)), "P 한국어 문서입니다\n");
  EXPECT_EQ(ConvertFor(Format::kHtml, korean).language, "ko");
  const std::string japanese = "<p>\x93\xFA\x96\x7B\x8C\xEA\x82\xCC\x95\xB6\x8F\x91</p>";
  EXPECT_EQ(Outline(ConvertFor(Format::kHtml, japanese, "Shift_JIS")), "P 日本語の文書\n");
  EXPECT_EQ(Outline(ConvertFor(Format::kHtml, "<p>日本語の文書</p>", "euc-kr")),
            "P 日本語の文書\n");
}

TEST(CharsetTest, DetectsWhatIsWronglyDeclared) {
  std::string korean;  // "한국어 문서입니다. " in EUC-KR, declared as UTF-8
  for (int i = 0; i < 20; ++i) {
    korean += "\xC7\xD1\xB1\xB9\xBE\xEE \xB9\xAE\xBC\xAD\xC0\xD4\xB4\xCF\xB4\xD9. ";
  }
  EXPECT_TRUE(DecodeText(korean, "utf-8").starts_with("한국어 문서입니다."));
  EXPECT_TRUE(DecodeText(korean).starts_with("한국어 문서입니다."));
  EXPECT_EQ(DecodeText(std::string_view("\xFF\xFEh\0i\0", 6)), "hi");
  EXPECT_EQ(DecodeText("caf\xE9", "iso-8859-1"), "café");
  EXPECT_TRUE(IsValidUtf8(DecodeText("\xFE\xFF\xFF", "no-such-charset")));
}

constexpr const char* kCore = R"(<cp:coreProperties xmlns:dc="d" xmlns:dcterms="t">
<dc:title>The report</dc:title><dcterms:created>2023-05-06T07:08:09Z</dcterms:created>
</cp:coreProperties>)";

TEST(ConvertTest, Docx) {
  const std::string styles = R"(<w:styles xmlns:w="w"><w:style w:styleId="Title2">
<w:name w:val="heading 2"/></w:style><w:style w:styleId="Own"><w:name w:val="own"/>
<w:basedOn w:val="Title2"/></w:style></w:styles>)";
  const std::string text = R"(<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w"><w:body>
<w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr><w:r><w:t>결</w:t></w:r><w:r><w:t>과</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">First </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>
<w:r><w:t>second</w:t><w:tab/><w:t>third</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p>
<w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>)";
  const Document document = ConvertFor(Format::kDocx, MakeZip({{"word/document.xml", text},
                                                               {"word/styles.xml", styles},
                                                               {"docProps/core.xml", kCore}}));
  EXPECT_EQ(Outline(document), "H2 결과\nP First second third\nL item\nR a | b c\n");
  EXPECT_EQ(document.title, "The report");
  EXPECT_EQ(document.published_at_ms, ParseDate("2023-05-06T07:08:09Z"));
}

TEST(ConvertTest, Pptx) {
  const auto slide = [](const std::string& title, const std::string& text) {
    return R"(<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:r><a:t>)" +
           title +
           R"(</a:t></a:r></a:p></p:sp><p:sp><p:nvPr><p:ph idx="1"/></p:nvPr><a:p><a:r><a:t>)" +
           text + "</a:t></a:r></a:p></p:sp></p:sld>";
  };
  const std::string relation = R"(<Relationships><Relationship Id="r1" Type="x/slide"
Target="slides/slide7.xml"/><Relationship Id="r2" Type="x/slide" Target="/ppt/slides/slide3.xml"/></Relationships>)";
  const std::string notes = R"(<Relationships><Relationship Id="n" Type="x/notesSlide"
Target="../notesSlides/n1.xml"/></Relationships>)";
  const std::string deck = MakeZip(
      {{"ppt/presentation.xml",
        R"(<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="r2"/>
<p:sldId id="257" r:id="r1"/></p:sldIdLst></p:presentation>)"},
       {"ppt/_rels/presentation.xml.rels", relation},
       {"ppt/slides/slide3.xml", slide("처음", "one")},
       {"ppt/slides/slide7.xml", slide("Second", "two")},
       {"ppt/slides/_rels/slide7.xml.rels", notes},
       {"ppt/notesSlides/n1.xml",
        R"(<p:notes xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>said</a:t></a:r></a:p></p:notes>)"}});
  EXPECT_EQ(Outline(ConvertFor(Format::kPptx, deck)),
            "H1@1 처음\nL@1 one\nH1@2 Second\nL@2 two\nP@2 said\n");
}

TEST(ConvertTest, Xlsx) {
  const std::string sheet = R"(<worksheet><sheetData><row r="1"><c t="s"><v>1</v></c>
<c t="inlineStr"><is><t>in line</t></is></c></row>
<row><c s="1"><v>45292.5</v></c><c><f>A1</f><v>0.30000000000000004</v></c><c t="b"><v>1</v></c></row>
</sheetData></worksheet>)";
  const std::string book = MakeZip(
      {{"xl/workbook.xml",
        R"(<workbook xmlns:r="r"><sheets><sheet name="비용" sheetId="1" r:id="r1"/></sheets></workbook>)"},
       {"xl/_rels/workbook.xml.rels",
        R"(<Relationships><Relationship Id="r1" Type="t/worksheet" Target="worksheets/s.xml"/></Relationships>)"},
       {"xl/worksheets/s.xml", sheet},
       {"xl/sharedStrings.xml",
        "<sst><si><t>zero</t></si><si><r><t>sha</t></r><r><t>red</t></r></si></sst>"},
       {"xl/styles.xml",
        R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd hh:mm"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>)"}});
  EXPECT_EQ(Outline(ConvertFor(Format::kXlsx, book)),
            "H1@1 비용\nR@1 shared | in line\nR@1 2024-01-01 12:00 | 0.3 | TRUE\n");
}

TEST(ConvertTest, OpenDocument) {
  const std::string text =
      R"(<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b">
<office:automatic-styles><text:p>style</text:p></office:automatic-styles><office:body><office:text>
<text:h text:outline-level="2">Über<text:s/>uns</text:h><text:p>Two <text:span>words</text:span>.</text:p>
<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>
<table:table table:name="T"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>
<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>
</office:text></office:body></office:document-content>)";
  EXPECT_EQ(Outline(ConvertFor(Format::kOpenDocument,
                               MakeZip({{"mimetype", "application/vnd.oasis.opendocument.text"},
                                        {"content.xml", text}}))),
            "H2 Über uns\nP Two words.\nL item\nR a | b\n");
  const std::string sheets = MakeZip(
      {{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, {"content.xml", text}});
  EXPECT_NE(Outline(ConvertFor(Format::kOpenDocument, sheets)).find("H1@1 T\nR@1 a | b\n"),
            std::string::npos);
}

TEST(ConvertTest, Hwpx) {
  const std::string header = R"(<hh:head xmlns:hh="h"><hh:style id="0" name="바탕글"/>
<hh:style id="2" name="개요 1" engName="Outline 1"/></hh:head>)";
  const std::string section = R"(<hs:sec xmlns:hs="s" xmlns:hp="p">
<hp:p styleIDRef="2"><hp:run><hp:secPr/><hp:t>제1조 목적</hp:t></hp:run></hp:p>
<hp:p styleIDRef="0"><hp:run><hp:t>이 법은<hp:tab/>교육을 </hp:t></hp:run><hp:run><hp:t>다룬다.</hp:t></hp:run></hp:p>
<hp:p styleIDRef="0"><hp:run><hp:tbl><hp:tr><hp:tc><hp:subList><hp:p><hp:run><hp:t>가</hp:t></hp:run></hp:p>
</hp:subList></hp:tc><hp:tc><hp:subList><hp:p><hp:run><hp:t>나</hp:t></hp:run></hp:p></hp:subList></hp:tc>
</hp:tr></hp:tbl></hp:run></hp:p></hs:sec>)";
  const std::string package =
      R"(<opf:package xmlns:opf="o"><opf:metadata><opf:title>학칙</opf:title></opf:metadata></opf:package>)";
  const Document document = ConvertFor(Format::kHwpx, MakeZip({{"mimetype", "application/hwp+zip"},
                                                               {"Contents/header.xml", header},
                                                               {"Contents/section0.xml", section},
                                                               {"Contents/content.hpf", package}}));
  EXPECT_EQ(Outline(document), "H1 제1조 목적\nP 이 법은 교육을 다룬다.\nR 가 | 나\n");
  EXPECT_EQ(document.title, "학칙");
  EXPECT_EQ(document.language, "ko");
}

TEST(ConvertTest, Epub) {
  const std::string package = R"(<package xmlns:dc="d"><metadata><dc:title>本</dc:title>
<dc:language>ja</dc:language></metadata><manifest>
<item id="a" href="t%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>
<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>)";
  const std::string book = MakeZip(
      {{"META-INF/container.xml",
        R"(<container><rootfiles><rootfile full-path="OPS/p.opf"/></rootfiles></container>)"},
       {"OPS/p.opf", package},
       {"OPS/t a.xhtml", "<html><body><h1>二</h1><p>後の章です。</p></body></html>"},
       {"OPS/b.xhtml", "<html><body><h1>一</h1><p>前の章です。</p></body></html>"},
       {"OPS/nav.xhtml", "<html><body><p>contents</p></body></html>"}});
  const Document document = ConvertFor(Format::kEpub, book);
  EXPECT_EQ(Outline(document), "H1 一\nP 前の章です。\nH1 二\nP 後の章です。\n");
  EXPECT_EQ(document.title, "本");
  EXPECT_EQ(document.language, "ja");
}

TEST(ConvertTest, Email) {
  const std::string mail =
      "From: =?utf-8?B?6rmA66+87IiY?= <kim@example.org>\r\nTo: lee@example.org\r\n"
      "Date: Tue, 02 Jan 2024 12:00:00 +0900\r\n"
      "Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=\r\n =?utf-8?Q?_plan?=\r\n"
      "Content-Type: multipart/mixed; boundary=\"x y\"\r\n\r\npreamble\r\n--x y\r\n"
      "Content-Type: multipart/alternative; boundary=z\r\n\r\n--z\r\n"
      "Content-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n"
      "=C7=D1=B1=\r\n=B9=BE=EE\r\n> quoted before\r\n-- \r\nsignature\r\n--z\r\n"
      "Content-Type: text/html\r\n\r\n<p>html</p>\r\n--z--\r\n--x y\r\n"
      "Content-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment\r\n\r\n"
      "%PDF\r\n--x y--\r\n";
  const Document document = ConvertFor(Format::kEmail, mail);
  EXPECT_EQ(document.title, "会議 plan");
  EXPECT_EQ(document.published_at_ms, ParseDate("2024-01-02T03:00:00Z"));
  EXPECT_EQ(Outline(document),
            "P From: 김민수 <kim@example.org>\nP To: lee@example.org\nP 한국어\n"
            "L Attachment: plan.pdf\n");
  EXPECT_EQ(RefusalOf(Format::kEmail, "no mail"), ErrorCode::kCorruptFile);
}

TEST(ConvertTest, PdfText) {
  const Document document = ConvertFor(
      Format::kPdf,
      "<html><head><title>A &amp; B</title><meta name=\"CreationDate\" content=\"2024-01-02\"/>"
      "</head><body><pre>\n1 Introduction\n\nA long exam-\nple of\ntext.\n\n1\n\f둘째 "
      "쪽\n\f</pre>\n</body></html>");
  EXPECT_EQ(Outline(document), "H2@1 1 Introduction\nP@1 A long example of text.\nP@2 둘째 쪽\n");
  EXPECT_EQ(document.title, "A & B");
  EXPECT_EQ(RefusalOf(Format::kPdf, "<pre>\n\f\f</pre>"), ErrorCode::kUnsupported);
}

TEST(ConvertTest, FeedsAndSitemaps) {
  const Converted rss = ConvertBytes(Format::kFeed, R"(
<?xml version="1.0"?><rss><channel><title>News</title><link>https://example.org</link>
<item><title>One &amp; two</title><link>https://example.org/1</link><pubDate>Tue, 02 Jan 2024 00:00:00 GMT</pubDate>
<description>&lt;p&gt;A &lt;b&gt;short&lt;/b&gt; text&lt;/p&gt;</description></item>
<item><guid>https://example.org/2</guid></item></channel></rss>)",
                                     {"feed", ""});
  ASSERT_EQ(rss.links.size(), 2u);
  EXPECT_EQ(rss.links[0].title, "One & two");
  EXPECT_EQ(rss.links[0].summary, "A short text");
  EXPECT_EQ(rss.links[0].dated_at_ms, ParseDate("2024-01-02"));
  EXPECT_EQ(rss.links[1].url, "https://example.org/2");
  const Converted atom = ConvertBytes(Format::kFeed, R"(<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="/s"/><link rel="alternate" href="/a"/><title>A</title>
<updated>2024-01-03T00:00:00Z</updated></entry></feed>)",
                                      {"feed", ""});
  ASSERT_EQ(atom.links.size(), 1u);
  EXPECT_EQ(atom.links[0].url, "/a");
  EXPECT_EQ(atom.links[0].dated_at_ms, ParseDate("2024-01-03"));
  const Converted map =
      ConvertBytes(Format::kSitemap, R"(<urlset><url><loc> https://example.org/x </loc>
<image:loc>https://example.org/y.png</image:loc></url></urlset>)",
                   {"map", ""});
  ASSERT_EQ(map.links.size(), 1u);
  EXPECT_EQ(map.links[0].url, "https://example.org/x");
  EXPECT_EQ(RefusalOf(Format::kFeed, "<html/>"), ErrorCode::kCorruptFile);
}

TEST(ConvertTest, RefusesBombsAndBrokenFiles) {
  const std::string bomb = MakeZip({{"word/document.xml", std::string(140 << 20, ' ')}});
  EXPECT_LT(bomb.size(), size_t{1} << 20);
  EXPECT_EQ(RefusalOf(Format::kDocx, bomb), ErrorCode::kUnsupported);
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<w:p>";
  EXPECT_EQ(RefusalOf(Format::kDocx, MakeZip({{"word/document.xml", deep}})),
            ErrorCode::kCorruptFile);
  const std::string laughs =
      "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><d "
      "xmlns:w='w'><w:p><w:t>&b;x</w:t></w:p></d>";
  EXPECT_EQ(Outline(ConvertFor(Format::kDocx, MakeZip({{"word/document.xml", laughs}}))), "P x\n");
  EXPECT_EQ(RefusalOf(Format::kDocx, MakeZip({{"other", ""}})), ErrorCode::kCorruptFile);
  EXPECT_EQ(RefusalOf(Format::kXlsx, "PK no zip"), ErrorCode::kCorruptFile);
}

TEST(DateTest, ReadsWhatDocumentsSay) {
  EXPECT_EQ(ParseDate("1970-01-02"), 86'400'000);
  EXPECT_EQ(ParseDate("2024-01-02T03:04:05.678+09:00"), ParseDate("Mon, 01 Jan 2024 18:04:05 GMT"));
  EXPECT_EQ(ParseDate("Sunday, 06-Nov-94 08:49:37 GMT"), 784'111'777'000);
  EXPECT_EQ(ParseDate("2024"), ParseDate("2024-01-01T00:00:00Z"));
  for (const char* wrong : {"", "yesterday", "2024-13-01", "2024-02-30", "0001-01-01", "12"}) {
    EXPECT_EQ(ParseDate(wrong), std::nullopt) << wrong;
  }
}

TEST(WireTest, TakesNothingThatIsBroken) {
  Converted converted = ConvertBytes(Format::kHtml, kPage, {"sorting", ""});
  const std::string bytes = EncodeConverted(converted);
  const Converted back = DecodeConverted(bytes);
  EXPECT_EQ(Outline(back.document), Outline(converted.document));
  EXPECT_EQ(back.links.size(), converted.links.size());
  EXPECT_EQ(back.document.published_at_ms, converted.document.published_at_ms);
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_THROW(DecodeConverted(bytes.substr(0, n)), Error);
  std::string odd = bytes;
  for (size_t i = 0; i < odd.size(); ++i) {
    odd[i] = static_cast<char>(odd[i] ^ 0xFF);
    try {
      DecodeConverted(odd);
    } catch (const Error&) {
    }
    odd[i] = bytes[i];
  }
}

}  // namespace
}  // namespace pioneer::search
