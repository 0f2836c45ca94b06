// Why: what Microsoft's formats have in common (ECMA-376, part 2): relations between parts, and the
// document's own title and dates.
#pragma once

#include <map>
#include <string>

#include "search/convert/zip_archive.h"
#include "search/document.h"

namespace pioneer::search {

struct OfficeRelation {
  std::string type;    // the last part of its URI: "slide", "notesSlide"
  std::string target;  // a path within the archive
};

// Of the part "ppt/presentation.xml", by id; empty when it has none.
std::map<std::string, OfficeRelation> ReadOfficeRelations(ZipArchive& zip, const std::string& part);

// dc:title and dates, of docProps/core.xml or an OpenDocument's meta.xml.
void ReadOfficeProperties(ZipArchive& zip, const std::string& part, Document& document);

}  // namespace pioneer::search
