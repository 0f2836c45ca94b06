// Why: a converter's process does its work, and nothing that a file does to it reaches this one.
#include "search/convert/converter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "search/convert/date.h"
#include "search/convert/test_zip.h"

namespace pioneer::search {
namespace {

Document ConvertHere(Converter& converter, std::string_view bytes, Format format) {
  return converter.ConvertMemory(bytes, format, "name", "", CancelToken()).document;
}

// A PDF of one line a page, as it is written by hand.
std::string MakePdf(const std::vector<std::string>& lines) {
  std::vector<std::string> objects = {"<< /Type /Catalog /Pages 2 0 R >>", ""};
  std::string kids;
  const auto add = [&](const std::string& text) {
    objects.push_back(text);
    return std::to_string(objects.size()) + " 0 R ";
  };
  const std::string font = add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (const std::string& line : lines) {
    const std::string drawn = "BT /F1 24 Tf 72 700 Td (" + line + ") Tj ET";
    const std::string content =
        add("<< /Length " + std::to_string(drawn.size()) + " >>\nstream\n" + drawn + "\nendstream");
    kids += add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents " + content +
                "/Resources << /Font << /F1 " + font + ">> >> >>");
  }
  objects[1] =
      "<< /Type /Pages /Kids [ " + kids + "] /Count " + std::to_string(lines.size()) + " >>";
  const std::string info = add("<< /Title (Two pages) /CreationDate (D:20240102030405Z) >>");
  std::string pdf = "%PDF-1.4\n", table;
  for (size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", pdf.size());
    pdf += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  return pdf + "xref\n0 " + std::to_string(objects.size() + 1) + "\n0000000000 65535 f \n" + table +
         "trailer << /Size " + std::to_string(objects.size() + 1) + " /Root 1 0 R /Info " + info +
         ">>\nstartxref\n" + std::to_string(pdf.size()) + "\n%%EOF\n";
}

TEST(ConverterTest, ConvertsOneAfterAnother) {
  Converter converter;
  EXPECT_EQ(ConvertHere(converter, "# A\n\nwords", Format::kMarkdown).title, "A");
  EXPECT_THROW(ConvertHere(converter, "no zip", Format::kDocx), Error);
  EXPECT_EQ(ConvertHere(converter, "", Format::kText).title, "name");
  const std::string korean = "<meta charset=euc-kr><p>\xC7\xD1\xB1\xB9\xBE\xEE</p>";
  EXPECT_EQ(ConvertHere(converter, korean, Format::kHtml).blocks.at(0).text, "한국어");
  const std::string docx =
      MakeZip({{"word/document.xml", "<d xmlns:w='w'><w:p><w:r><w:t>text</w:t></w:r></w:p></d>"}});
  EXPECT_EQ(ConvertHere(converter, docx, Format::kDocx).blocks.at(0).text, "text");
}

TEST(ConverterTest, ReadsPagesOfPdf) {
  if (::access("/usr/bin/pdftotext", X_OK) != 0) GTEST_SKIP() << "poppler-utils is not installed";
  Converter converter;
  const Document document =
      ConvertHere(converter, MakePdf({"The first page.", "And the second."}), Format::kPdf);
  ASSERT_EQ(document.blocks.size(), 2u);
  EXPECT_EQ(document.blocks[0].text, "The first page.");
  EXPECT_EQ(document.blocks[0].page, 1);
  EXPECT_EQ(document.blocks[1].page, 2);
  EXPECT_EQ(document.title, "Two pages");
  EXPECT_EQ(document.published_at_ms, ParseDate("2024-01-02T03:04:05Z"));
  for (const std::string& wrong : {std::string("no PDF"), MakePdf({"", ""})}) {
    EXPECT_THROW(ConvertHere(converter, wrong, Format::kPdf), Error);
  }
}

TEST(ConverterTest, LimitsMemoryAndGoesOn) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers take address space as they like";
#endif
  ConvertLimits limits;
  limits.memory_bytes = uint64_t{256} << 20;
  Converter converter(limits);
  const std::string docx = MakeZip({{"word/document.xml", std::string(size_t{120} << 20, ' ')}});
  try {
    ConvertHere(converter, docx, Format::kDocx);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("memory"), std::string::npos) << error.what();
  }
  EXPECT_EQ(ConvertHere(converter, "still here", Format::kText).blocks.at(0).text, "still here");
}

TEST(ConverterTest, LimitsTimeAndCanBeStopped) {
  ConvertLimits limits;
  limits.seconds = 0;
  Converter impatient(limits);
  EXPECT_THROW(ConvertHere(impatient, "text", Format::kText), Error);
  CancelToken cancel;
  cancel.Cancel();
  Converter converter;
  EXPECT_THROW(converter.ConvertMemory("text", Format::kText, "name", "", cancel), Error);
  EXPECT_EQ(ConvertHere(converter, "again", Format::kText).blocks.at(0).text, "again");
}

}  // namespace
}  // namespace pioneer::search
