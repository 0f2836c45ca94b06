// Why: books (EPUB 2 and 3) are web pages in a ZIP file, in the order that the package states.
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "search/convert/block_writer.h"
#include "search/convert/charset.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

std::string PackagePart(ZipArchive& zip) {
  const std::string container = zip.MustRead("META-INF/container.xml");
  XmlCursor xml(container);
  while (xml.Next()) {
    if (xml.starts("rootfile")) return xml.Attribute("full-path");
  }
  Fail(ErrorCode::kCorruptFile, "this book does not say what is in it");
}

std::string WithoutEscapes(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    const std::string hex(path.substr(i + (path[i] == '%'), 2));
    if (path[i] == '%' && hex.size() == 2 &&
        hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      out += static_cast<char>(std::stoi(hex, nullptr, 16));
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

// Reads the package's words about the book; gives its pages in order.
std::vector<std::string> ReadPackage(std::string_view content, Document& document) {
  std::map<std::string, std::string> pages;  // by id
  std::vector<std::string> order;
  XmlCursor xml(content);
  while (xml.Next()) {
    if (xml.starts("item")) {
      const bool is_page = xml.Attribute("media-type").find("html") != std::string::npos;
      const bool contents = xml.Attribute("properties").find("nav") != std::string::npos;
      if (is_page && !contents) pages[xml.Attribute("id")] = WithoutEscapes(xml.Attribute("href"));
    } else if (xml.starts("itemref")) {
      const auto found = pages.find(xml.Attribute("idref"));
      if (found != pages.end()) order.push_back(found->second);
    } else if (xml.starts("title") && document.title.empty()) {
      document.title = std::string(TrimLine(xml.TextInside()));
    } else if (xml.starts("language") && document.language.empty()) {
      document.language = std::string(TrimLine(xml.TextInside()));
    } else if (xml.starts("date") && !document.published_at_ms) {
      document.published_at_ms = ParseDate(xml.TextInside());
    }
  }
  return order;
}

}  // namespace

void ConvertEpub(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  const std::string package = PackagePart(zip);
  const std::string folder = package.substr(0, package.rfind('/') + 1);
  BlockWriter writer;
  for (const std::string& page : ReadPackage(zip.MustRead(package), out.document)) {
    const auto content = zip.Read(ResolveZipPath(folder, page));
    if (content && !writer.full()) WriteHtmlBlocks(DecodeText(*content), 1, writer);
  }
  writer.MoveInto(out.document);
}

}  // namespace pioneer::search
