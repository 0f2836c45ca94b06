// Why: Word's documents (ECMA-376, WordprocessingML): headings are paragraphs whose style says so.
#include <algorithm>
#include <map>
#include <string>

#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/office_parts.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

// "heading 2" -> 2, "Title" -> 1; 0: no heading.
int LevelOfStyleName(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  if (name == "title") return 1;
  if (!name.starts_with("heading ") || name.size() != 9) return 0;
  return name[8] >= '1' && name[8] <= '9' ? name[8] - '0' : 0;
}

int ParseLevel(const std::string& value) {  // outline levels count from 0; 9 is text
  return value.size() == 1 && value[0] >= '0' && value[0] <= '8' ? value[0] - '0' + 1 : 0;
}

struct WordStyle {
  int level = 0;
  std::string based_on;
};

class WordStyles {
 public:
  void Read(std::string_view content) {
    XmlCursor xml(content);
    xml.set_tolerant(true);
    WordStyle* style = nullptr;
    while (xml.Next()) {
      if (xml.starts("style")) {
        style = &styles_[xml.Attribute("styleId")];
      } else if (style && xml.starts("name")) {
        style->level = LevelOfStyleName(xml.Attribute("val"));
      } else if (style && xml.starts("basedOn")) {
        style->based_on = xml.Attribute("val");
      } else if (style && xml.starts("outlineLvl") && style->level == 0) {
        style->level = ParseLevel(xml.Attribute("val"));
      }
    }
  }
  int Level(std::string id) const {
    constexpr int kMaxChain = 20;
    for (int i = 0; i < kMaxChain; ++i) {
      const auto found = styles_.find(id);
      if (found == styles_.end()) return 0;
      if (found->second.level > 0 || found->second.based_on.empty()) return found->second.level;
      id = found->second.based_on;
    }
    return 0;
  }

 private:
  std::map<std::string, WordStyle> styles_;
};

class WordReader {
 public:
  WordReader(const WordStyles& styles, BlockWriter& writer) : styles_(styles), writer_(writer) {}

  void Read(std::string_view content) {
    XmlCursor xml(content);
    while (!writer_.full() && xml.Next()) {
      if (xml.kind() == XmlCursor::Kind::kStart) {
        OnStart(xml);
      } else if (xml.kind() == XmlCursor::Kind::kEnd) {
        OnEnd(xml);
      }
    }
  }

 private:
  void OnStart(XmlCursor& xml) {
    const std::string_view name = xml.name();
    if (name == "p") {
      writer_.Begin(BlockKind::kParagraph);
    } else if (name == "pPr") {
      ReadProperties(xml);
    } else if (name == "t") {
      writer_.Text(xml.TextInside());
    } else if (name == "tab" || name == "br" || name == "cr") {
      writer_.Text(" ");
    } else if (name == "noBreakHyphen") {
      writer_.Text("-");
    } else if (name == "tr") {
      writer_.BeginRow();
    } else if (name == "tc") {
      writer_.BeginCell();
    } else if (name == "del" || name == "moveFrom" || name == "Fallback" || name == "instrText") {
      xml.Skip();  // deleted text, and what stands for what older programs cannot show
    }
  }
  void OnEnd(const XmlCursor& xml) {
    if (xml.name() == "p") writer_.End();
    if (xml.name() == "tr") writer_.EndRow();
  }

  void ReadProperties(XmlCursor& xml) {
    int level = 0;
    bool item = false;
    while (xml.Next() && !xml.ends("pPr")) {
      if (xml.starts("pStyle")) level = styles_.Level(xml.Attribute("val"));
      if (xml.starts("outlineLvl")) level = std::max(level, ParseLevel(xml.Attribute("val")));
      if (xml.starts("numPr")) item = true;
    }
    if (level > 0) {
      writer_.Begin(BlockKind::kHeading, level);
    } else if (item) {
      writer_.Begin(BlockKind::kListItem);
    }
  }

  const WordStyles& styles_;
  BlockWriter& writer_;
};

}  // namespace

void ConvertDocx(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  WordStyles styles;
  if (const auto content = zip.Read("word/styles.xml")) styles.Read(*content);
  BlockWriter writer;
  WordReader reader(styles, writer);
  reader.Read(zip.MustRead("word/document.xml"));
  for (const char* notes : {"word/footnotes.xml", "word/endnotes.xml"}) {
    if (const auto content = zip.Read(notes)) reader.Read(*content);
  }
  writer.MoveInto(out.document);
  ReadOfficeProperties(zip, "docProps/core.xml", out.document);
}

}  // namespace pioneer::search
