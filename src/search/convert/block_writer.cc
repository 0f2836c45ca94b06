#include "search/convert/block_writer.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxBlocks = 2'000'000;
constexpr size_t kBlockCost = 64;  // so that many tiny blocks reach the limit, too

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void TrimBlock(std::string& text, bool code) {
  const auto blank = [&](char c) { return IsBlank(c) && (!code || c != ' '); };
  while (!text.empty() && IsBlank(text.back())) text.pop_back();
  const auto first = std::find_if_not(text.begin(), text.end(), blank);
  text.erase(text.begin(), first);
}

// Control characters (and NUL above all) mean nothing to a reader.
void DropControls(std::string& text) {
  std::erase_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  });
}

}  // namespace

void BlockWriter::Begin(BlockKind kind, int level) {
  if (row_depth_ > 0) {
    AppendCollapsed(" ");
    return;
  }
  End();
  kind_ = kind;
  level_ = std::clamp(level, kind == BlockKind::kHeading || kind == BlockKind::kTerm ? 1 : 0, 6);
  open_ = true;
}

void BlockWriter::AppendCollapsed(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), IsBlank);
    text_.append(text.begin(), end);
    text.remove_prefix(static_cast<size_t>(end - text.begin()));
    if (text.empty()) break;
    if (!text_.empty() && text_.back() != ' ') text_ += ' ';
    const auto next = std::find_if_not(text.begin(), text.end(), IsBlank);
    text.remove_prefix(static_cast<size_t>(next - text.begin()));
  }
}

void BlockWriter::Text(std::string_view text) {
  if (full_ || text.empty()) return;
  if (!open_ && row_depth_ == 0) Begin(BlockKind::kParagraph);
  if (bytes_ + text_.size() + text.size() > kMaxDocumentBytes) {
    text = text.substr(0, kMaxDocumentBytes - std::min(kMaxDocumentBytes, bytes_ + text_.size()));
    text = text.substr(0, CompleteUtf8Prefix(text));
    full_ = true;
  }
  if (kind_ == BlockKind::kCode && row_depth_ == 0) {
    text_ += text;
  } else {
    AppendCollapsed(text);
  }
}

void BlockWriter::End() {
  if (row_depth_ > 0) return;
  if (!IsValidUtf8(text_)) text_ = RepairUtf8(text_);
  DropControls(text_);
  TrimBlock(text_, kind_ == BlockKind::kCode);
  if (!text_.empty()) {
    bytes_ += text_.size() + kBlockCost;
    full_ = full_ || bytes_ >= kMaxDocumentBytes || blocks_.size() + 1 >= kMaxBlocks;
    blocks_.push_back({kind_, level_, std::move(text_), page_});
  }
  text_.clear();
  kind_ = BlockKind::kParagraph;
  level_ = 0;
  open_ = false;
}

void BlockWriter::Add(BlockKind kind, std::string_view text, int level) {
  Begin(kind, level);
  Text(text);
  End();
}

void BlockWriter::BeginRow() {
  if (row_depth_ == 0) {
    Begin(BlockKind::kTableRow);
    cells_ = 0;
  }
  ++row_depth_;
}

void BlockWriter::BeginCell() {
  if (row_depth_ == 1 && cells_++ > 0) {
    while (text_.ends_with(' ')) text_.pop_back();
    text_ += text_.empty() ? "" : " | ";
  } else {
    AppendCollapsed(" ");
  }
}

void BlockWriter::EndRow() {
  if (row_depth_ == 0) return;
  if (--row_depth_ > 0) return;
  // Empty cells at the end say nothing.
  while (text_.ends_with(' ') || text_.ends_with('|')) text_.pop_back();
  End();
}

void BlockWriter::MoveInto(Document& document) {
  while (row_depth_ > 0) EndRow();
  End();
  document.truncated = document.truncated || full_;
  if (document.blocks.empty()) {
    document.blocks = std::move(blocks_);
  } else {
    std::move(blocks_.begin(), blocks_.end(), std::back_inserter(document.blocks));
  }
  blocks_.clear();
}

}  // namespace pioneer::search
