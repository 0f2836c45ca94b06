// Why: every format comes down to the same few steps (a paragraph begins, text, it ends), and the
// limits on a document's text hold for all of them.
#pragma once

#include <string>
#include <string_view>

#include "search/document.h"

namespace pioneer::search {

// Collects a document's blocks. White space runs become one space, except in code. One thread.
class BlockWriter {
 public:
  // Ends what is open. Within a row's cell, it only parts words.
  void Begin(BlockKind kind, int level = 0);
  // Begins a paragraph where nothing is open. UTF-8, repaired where it is not.
  void Text(std::string_view text);
  // Ends the block; an empty one is dropped.
  void End();
  // A whole block.
  void Add(BlockKind kind, std::string_view text, int level = 0);

  // Rows of tables; a table within a cell is text of that cell.
  void BeginRow();
  void BeginCell();
  void EndRow();

  void SetPage(int page) { page_ = page; }
  int page() const { return page_; }
  // No more is taken: the limit of a document is reached. Reading can end.
  bool full() const { return full_; }
  bool empty() const { return blocks_.empty() && text_.empty(); }

  // Moves blocks and `truncated` into the document.
  void MoveInto(Document& document);

 private:
  void AppendCollapsed(std::string_view text);

  std::vector<Block> blocks_;
  std::string text_;
  BlockKind kind_ = BlockKind::kParagraph;
  int level_ = 0, page_ = 0;
  int row_depth_ = 0, cells_ = 0;
  size_t bytes_ = 0;
  bool open_ = false, full_ = false;
};

}  // namespace pioneer::search
