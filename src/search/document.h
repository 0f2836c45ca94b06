// Why: what every source gives and the index takes: one document as text in blocks, whatever file
// or page it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pioneer::search {

// Bytes of text in one document; what is longer is cut there, and `truncated` says so.
inline constexpr size_t kMaxDocumentBytes = size_t{32} << 20;

// kTerm: what follows explains it, as in a glossary or a list of options.
enum class BlockKind { kHeading, kTerm, kParagraph, kListItem, kTableRow, kCode };

struct Block {
  BlockKind kind = BlockKind::kParagraph;
  int level = 0;     // kHeading: 1..6, 1 the highest; else in how many lists of terms it stands
  std::string text;  // valid UTF-8, not empty; no line breaks but in kCode. Cells of a row: " | "
  int page = 0;      // of a PDF, slide or sheet, from 1; 0 = it has no pages
};

struct Document {
  std::string uri;         // canonical: "file:///srv/a%20b.pdf", "https://example.org/page"
  std::string title;       // never empty: the file's name where nothing better is known
  std::string language;    // "en", "ko", "ja", "code" or "" (other, unknown)
  std::string media_type;  // "application/pdf"
  std::optional<int64_t> published_at_ms = std::nullopt;  // as the document says (feeds, pages)
  std::optional<int64_t> modified_at_ms = std::nullopt;   // of the file, or Last-Modified
  std::vector<Block> blocks;
  bool truncated = false;
};

}  // namespace pioneer::search
