// Why: pages, mails, feeds and texts come from strangers; whatever they hold, they end as a
// document that keeps its promises or in an Error. Input: one byte that chooses the format, one for
// the charset, then the file.
// room: search
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/converters.h"
#include "search/convert/wire.h"

namespace pioneer::search {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

void CheckConverted(const Converted& converted) {
  const Document& document = converted.document;
  Require(!document.title.empty() && IsValidUtf8(document.title));
  for (const Block& block : document.blocks) {
    Require(!block.text.empty() && IsValidUtf8(block.text));
    Require(block.kind == BlockKind::kCode || block.text.find('\n') == std::string::npos);
    const bool has_level = block.kind == BlockKind::kHeading || block.kind == BlockKind::kTerm;
    Require(block.level >= (has_level ? 1 : 0) && block.level <= 6);
  }
  // The service takes what its converter sends.
  Require(DecodeConverted(EncodeConverted(converted)).document.blocks.size() ==
          document.blocks.size());
}

}  // namespace
}  // namespace pioneer::search

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::search;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  static constexpr Format kFormatsHere[] = {
      Format::kHtml, Format::kEmail, Format::kMarkdown, Format::kText,    Format::kCode,
      Format::kCsv,  Format::kPdf,   Format::kFeed,     Format::kSitemap, Format::kOpenSearch};
  static constexpr std::string_view kCharsets[] = {"", "euc-kr", "shift_jis", "iso-2022-jp", "odd"};
  try {
    CheckConverted(ConvertBytes(kFormatsHere[data[0] % std::size(kFormatsHere)], bytes,
                                {"name", kCharsets[data[1] % std::size(kCharsets)]}));
  } catch (const Error&) {
    // The expected end of a broken file.
  }
  try {
    CheckConverted(DecodeConverted(bytes));
  } catch (const Error&) {
  }
  return 0;
}
