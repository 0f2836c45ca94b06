#include "search/convert/office_parts.h"

#include "search/convert/date.h"
#include "search/convert/text_lines.h"
#include "search/convert/xml_cursor.h"

namespace pioneer::search {

std::map<std::string, OfficeRelation> ReadOfficeRelations(ZipArchive& zip,
                                                          const std::string& part) {
  const size_t slash = part.rfind('/') + 1;
  const std::string folder = part.substr(0, slash), name = part.substr(slash);
  std::map<std::string, OfficeRelation> relations;
  const auto content = zip.Read(folder + "_rels/" + name + ".rels");
  if (!content) return relations;
  XmlCursor xml(*content);
  while (xml.Next()) {
    if (!xml.starts("Relationship")) continue;
    const std::string type = xml.Attribute("Type");
    relations[xml.Attribute("Id")] = {type.substr(type.rfind('/') + 1),
                                      ResolveZipPath(folder, xml.Attribute("Target"))};
  }
  return relations;
}

void ReadOfficeProperties(ZipArchive& zip, const std::string& part, Document& document) {
  const auto content = zip.Read(part);
  if (!content) return;
  XmlCursor xml(*content);
  xml.set_tolerant(true);
  while (xml.Next()) {
    if (xml.starts("title") && document.title.empty()) {
      document.title = std::string(TrimLine(xml.TextInside()));
    } else if (xml.starts("created") || xml.starts("creation-date")) {
      document.published_at_ms = ParseDate(xml.TextInside());
    } else if (xml.starts("modified") || (xml.starts("date") && xml.prefix() == "dc")) {
      document.modified_at_ms = ParseDate(xml.TextInside());
    }
  }
}

}  // namespace pioneer::search
