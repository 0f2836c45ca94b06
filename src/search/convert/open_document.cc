// Why: OpenDocument (ISO 26300): texts, sheets and slides have one language of elements.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/office_parts.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

int ToSmallNumber(const std::string& text, int otherwise) {
  if (text.empty() || text.size() > 6 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return otherwise;
  }
  return std::stoi(text);
}

class OpenDocumentReader {
 public:
  OpenDocumentReader(bool sheets, BlockWriter& writer) : writer_(writer), sheets_(sheets) {}

  void Read(std::string_view content) {
    XmlCursor xml(content);
    while (!writer_.full() && xml.Next()) {
      switch (xml.kind()) {
        case XmlCursor::Kind::kStart:
          OnStart(xml);
          break;
        case XmlCursor::Kind::kEnd:
          OnEnd(xml);
          break;
        case XmlCursor::Kind::kText:
          if (in_text_ > 0) writer_.Text(xml.text());
      }
    }
  }

 private:
  void OnStart(XmlCursor& xml) {
    const std::string_view name = xml.name();
    if (name == "h") {
      ++in_text_;
      writer_.Begin(BlockKind::kHeading, ToSmallNumber(xml.Attribute("outline-level"), 1));
    } else if (name == "p") {
      ++in_text_;
      // A note stands within its paragraph.
      const BlockKind kind = ParagraphKind();
      if (in_text_ == 1) writer_.Begin(kind, kind == BlockKind::kHeading ? 1 : 0);
    } else if (name == "s" || name == "tab" || name == "line-break") {
      writer_.Text(" ");
    } else if (name == "list") {
      ++lists_;
    } else if (name == "table" || name == "page") {
      BeginPage(xml);
    } else if (name == "frame") {
      title_frame_ = xml.Attribute("class") == "title";
    } else if (name == "table-row") {
      writer_.BeginRow();
    } else if (name == "table-cell") {
      writer_.BeginCell();
    } else if (name == "tracked-changes" || name == "annotation" || name == "styles" ||
               name == "automatic-styles" || name == "font-face-decls" || name == "shapes") {
      xml.Skip();
    }
  }

  void OnEnd(const XmlCursor& xml) {
    const std::string_view name = xml.name();
    if (name == "h" || name == "p") {
      if (--in_text_ == 0) writer_.End();
    } else if (name == "list") {
      --lists_;
    } else if (name == "frame") {
      title_frame_ = false;
    } else if (name == "table-row") {
      writer_.EndRow();
    }
  }

  BlockKind ParagraphKind() const {
    if (title_frame_) return BlockKind::kHeading;
    return lists_ > 0 ? BlockKind::kListItem : BlockKind::kParagraph;
  }

  // A slide, or a sheet; tables within texts are neither.
  void BeginPage(XmlCursor& xml) {
    const bool slide = xml.name() == "page";
    if (!slide && !sheets_) return;
    writer_.SetPage(writer_.page() + 1);
    if (!slide) writer_.Add(BlockKind::kHeading, xml.Attribute("name"), 1);
  }

  BlockWriter& writer_;
  const bool sheets_;
  int in_text_ = 0, lists_ = 0;
  bool title_frame_ = false;
};

}  // namespace

void ConvertOpenDocument(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  const auto manifest = zip.Read("META-INF/manifest.xml");
  if (manifest && manifest->find("encryption-data") != std::string::npos) {
    Fail(ErrorCode::kUnsupported, "this file is locked with a password");
  }
  BlockWriter writer;
  const std::string kind = zip.Read("mimetype").value_or("");
  OpenDocumentReader reader(kind.find("spreadsheet") != std::string::npos, writer);
  reader.Read(zip.MustRead("content.xml"));
  writer.MoveInto(out.document);
  ReadOfficeProperties(zip, "meta.xml", out.document);
}

}  // namespace pioneer::search
