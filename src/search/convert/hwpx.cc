// Why: Hangul's documents (KS X 6101, OWPML): the office format of Korea.
#include <map>
#include <string>
#include <vector>

#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/office_parts.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

// By style id: 0 = text. Styles named "개요 1" ("Outline 1") are headings.
std::map<std::string, int> ReadHangulStyles(std::string_view content) {
  std::map<std::string, int> levels;
  XmlCursor xml(content);
  xml.set_tolerant(true);
  while (xml.Next()) {
    if (!xml.starts("style")) continue;
    const std::string name = xml.Attribute("name"), english = xml.Attribute("engName");
    const bool outline = name.starts_with("개요 ") || english.starts_with("Outline ");
    const char last = name.empty() ? ' ' : name.back();
    levels[xml.Attribute("id")] = outline && last >= '1' && last <= '9' ? last - '0' : 0;
  }
  return levels;
}

class HangulReader {
 public:
  HangulReader(const std::map<std::string, int>& levels, BlockWriter& writer)
      : levels_(levels), writer_(writer) {}

  void Read(std::string_view content) {
    XmlCursor xml(content);
    while (!writer_.full() && xml.Next()) {
      if (xml.kind() == XmlCursor::Kind::kStart) {
        OnStart(xml);
      } else if (xml.kind() == XmlCursor::Kind::kEnd) {
        OnEnd(xml);
      } else if (in_text_) {
        writer_.Text(xml.text());
      }
    }
  }

 private:
  void OnStart(XmlCursor& xml) {
    const std::string_view name = xml.name();
    if (name == "p") {
      const auto level = levels_.find(xml.Attribute("styleIDRef"));
      const bool heading = level != levels_.end() && level->second > 0;
      writer_.Begin(heading ? BlockKind::kHeading : BlockKind::kParagraph,
                    heading ? level->second : 0);
    } else if (name == "t") {
      in_text_ = true;
    } else if (in_text_ &&
               (name == "tab" || name == "lineBreak" || name == "fwSpace" || name == "nbSpace")) {
      writer_.Text(" ");
    } else if (name == "tr") {
      writer_.BeginRow();
    } else if (name == "tc") {
      writer_.BeginCell();
    } else if (name == "deleteBegin" || name == "secPr" || name == "linesegarray") {
      xml.Skip();
    }
  }
  void OnEnd(const XmlCursor& xml) {
    if (xml.name() == "t") in_text_ = false;
    if (xml.name() == "p") writer_.End();
    if (xml.name() == "tr") writer_.EndRow();
  }

  const std::map<std::string, int>& levels_;
  BlockWriter& writer_;
  bool in_text_ = false;
};

// In the package's order; a package that does not say has them numbered.
std::vector<std::string> HangulSections(ZipArchive& zip) {
  std::vector<std::string> sections;
  for (int i = 0; i < 1000; ++i) {
    std::string name = "Contents/section" + std::to_string(i) + ".xml";
    auto content = zip.Read(name);
    if (!content) break;
    sections.push_back(std::move(*content));
  }
  if (sections.empty()) sections.push_back(zip.MustRead("Contents/section0.xml"));
  return sections;
}

}  // namespace

void ConvertHwpx(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  std::map<std::string, int> levels;
  if (const auto content = zip.Read("Contents/header.xml")) levels = ReadHangulStyles(*content);
  BlockWriter writer;
  HangulReader reader(levels, writer);
  for (const std::string& section : HangulSections(zip)) reader.Read(section);
  writer.MoveInto(out.document);
  ReadOfficeProperties(zip, "Contents/content.hpf", out.document);
}

}  // namespace pioneer::search
