// Why: slides (ECMA-376, PresentationML) in their order, each a page, its notes with it.
#include <string>
#include <vector>

#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/office_parts.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

// Of slides and of notes.
class SlideReader {
 public:
  explicit SlideReader(BlockWriter& writer) : writer_(writer) {}

  void Read(std::string_view content) {
    placeholder_.clear();
    XmlCursor xml(content);
    while (!writer_.full() && xml.Next()) {
      if (xml.kind() == XmlCursor::Kind::kStart) {
        OnStart(xml);
      } else if (xml.kind() == XmlCursor::Kind::kEnd) {
        if (xml.name() == "p") writer_.End();
        if (xml.name() == "tr") writer_.EndRow();
      }
    }
  }

 private:
  void OnStart(XmlCursor& xml) {
    const std::string_view name = xml.name();
    if (name == "sp" || name == "graphicFrame") {
      placeholder_.clear();
    } else if (name == "ph") {
      placeholder_ = xml.Attribute("type");
      if (placeholder_.empty()) placeholder_ = "body";
    } else if (name == "p") {
      BeginParagraph();
    } else if (name == "t") {
      const std::string text = xml.TextInside();
      // Numbers and dates of slides are no content.
      if (placeholder_ != "sldNum" && placeholder_ != "dt" && placeholder_ != "ftr") {
        writer_.Text(text);
      }
    } else if (name == "br") {
      writer_.Text(" ");
    } else if (name == "tr") {
      writer_.BeginRow();
    } else if (name == "tc") {
      writer_.BeginCell();
    }
  }

  void BeginParagraph() {
    if (placeholder_ == "title" || placeholder_ == "ctrTitle") {
      writer_.Begin(BlockKind::kHeading, 1);
    } else if (placeholder_ == "body") {
      writer_.Begin(BlockKind::kListItem);
    } else {
      writer_.Begin(BlockKind::kParagraph);
    }
  }

  BlockWriter& writer_;
  std::string placeholder_;  // what the shape is for: "title", "body", ...
};

std::vector<std::string> SlideParts(ZipArchive& zip) {
  const std::string part = "ppt/presentation.xml";
  const auto relations = ReadOfficeRelations(zip, part);
  std::vector<std::string> slides;
  const std::string content = zip.MustRead(part);
  XmlCursor xml(content);
  while (xml.Next()) {
    if (!xml.starts("sldId")) continue;
    // It has two attributes named id: its own number, and r:id, which is no number.
    const auto found = relations.find(xml.Attribute("r:id"));
    if (found != relations.end()) slides.push_back(found->second.target);
  }
  return slides;
}

}  // namespace

void ConvertPptx(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  BlockWriter writer;
  SlideReader reader(writer);
  for (const std::string& slide : SlideParts(zip)) {
    writer.SetPage(writer.page() + 1);
    const auto content = zip.Read(slide);
    if (!content) continue;
    reader.Read(*content);
    for (const auto& [id, relation] : ReadOfficeRelations(zip, slide)) {
      if (relation.type != "notesSlide") continue;
      if (const auto notes = zip.Read(relation.target)) reader.Read(*notes);
    }
  }
  writer.MoveInto(out.document);
  ReadOfficeProperties(zip, "docProps/core.xml", out.document);
}

}  // namespace pioneer::search
