// Why: office documents are ZIP files full of XML, both from strangers. Input: one byte that
// chooses the format, one that says whether the rest is the file itself or the contents of its
// usual parts, with zeros between.
// room: search
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/converters.h"
#include "search/convert/test_zip.h"

namespace pioneer::search {
namespace {

constexpr const char* kParts[][6] = {
    {"word/document.xml", "word/styles.xml", "docProps/core.xml", "word/footnotes.xml", "a", "b"},
    {"ppt/presentation.xml", "ppt/_rels/presentation.xml.rels", "ppt/slides/slide1.xml",
     "ppt/slides/_rels/slide1.xml.rels", "ppt/notesSlides/n1.xml", "docProps/core.xml"},
    {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/s.xml", "xl/sharedStrings.xml",
     "xl/styles.xml", "docProps/core.xml"},
    {"content.xml", "mimetype", "meta.xml", "META-INF/manifest.xml", "a", "b"},
    {"Contents/section0.xml", "Contents/header.xml", "Contents/content.hpf",
     "Contents/section1.xml", "mimetype", "a"},
    {"META-INF/container.xml", "OPS/p.opf", "OPS/a.xhtml", "OPS/b.xhtml", "OPS/nav.xhtml",
     "mimetype"}};
constexpr Format kOfficeFormats[] = {Format::kDocx,         Format::kPptx, Format::kXlsx,
                                     Format::kOpenDocument, Format::kHwpx, Format::kEpub};

std::string Pack(std::string_view bytes, size_t format) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const char* name : kParts[format]) {
    const size_t end = std::min(bytes.find('\0'), bytes.size());
    entries.emplace_back(name, bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return MakeZip(entries);
}

}  // namespace
}  // namespace pioneer::search

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::search;
  if (size < 2) return 0;
  const size_t format = data[0] % std::size(kOfficeFormats);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string file = data[1] % 4 == 0 ? std::string(bytes) : Pack(bytes, format);
  try {
    const Converted converted = ConvertBytes(kOfficeFormats[format], file, {"name", ""});
    for (const Block& block : converted.document.blocks) {
      if (block.text.empty() || !IsValidUtf8(block.text)) std::abort();
    }
  } catch (const Error&) {
    // The expected end of a broken file.
  }
  return 0;
}
