#include "text/byte_level_bpe.h"

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/piece_memo.h"

namespace pioneer {
namespace {

// Longer tokens are found by merging; nobody writes them often.
constexpr size_t kMaxIndexedPieceBytes = 64;

}  // namespace

ByteLevelBpeTokenizer::ByteLevelBpeTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)),
      pre_tokenizer_(FindPreTokenizer(vocabulary_.pre_tokenizer)),
      merges_(ReadMerges()),
      whole_pieces_(bytes_, vocabulary_.tokens.size()) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    AppendUtf8(token, ByteToAlphabet(static_cast<uint8_t>(byte)));
    const int32_t id = FindToken(token);
    byte_symbols_[byte] = id >= 0 && type(id) == TokenType::kNormal ? id : -1;
  }
  FillBytes();
  IndexWholePieces();
}

void ByteLevelBpeTokenizer::FillBytes() {
  for (int32_t id = 0; id < size(); ++id) {
    if (type(id) == TokenType::kControl || type(id) == TokenType::kUserDefined) continue;
    if (std::optional<std::string> bytes = AlphabetToBytes(vocabulary_.tokens[id])) {
      bytes_[id] = std::move(*bytes);
    }
  }
}

MergeTable ByteLevelBpeTokenizer::ReadMerges() const {
  MergeTable table(vocabulary_.merges.size());
  std::string merged;
  for (size_t rank = 0; rank < vocabulary_.merges.size(); ++rank) {
    const std::string_view line = vocabulary_.merges[rank];
    const size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size()) {
      Fail(ErrorCode::kCorruptFile, "merge {} of the vocabulary is not of the form \"left right\"",
           rank);
    }
    merged.assign(line, 0, space).append(line, space + 1);
    const int32_t left = FindToken(line.substr(0, space));
    const int32_t right = FindToken(line.substr(space + 1));
    const int32_t result = FindToken(merged);
    if (left < 0 || right < 0 || result < 0) {
      Fail(ErrorCode::kCorruptFile, "merge {} of the vocabulary, \"{}\", names an unknown token",
           rank, RepairUtf8(line));
    }
    if (type(result) != TokenType::kNormal) continue;  // plain text never becomes a special token
    table.Add(left, right, {static_cast<uint32_t>(rank), result});
  }
  return table;
}

void ByteLevelBpeTokenizer::IndexWholePieces() {
  const bool take_all = vocabulary_.ignore_merges || pre_tokenizer_.ignore_merges;
  std::vector<int32_t> symbols;
  for (int32_t id = 0; id < size(); ++id) {
    if (type(id) != TokenType::kNormal || bytes_[id].empty()) continue;
    if (!take_all) {
      if (bytes_[id].size() > kMaxIndexedPieceBytes) continue;
      MergePiece(bytes_[id], symbols);
      if (symbols.size() != 1 || symbols[0] != id) continue;
    }
    whole_pieces_.Add(id);
  }
}

void ByteLevelBpeTokenizer::MergePiece(std::string_view piece,
                                       std::vector<int32_t>& symbols) const {
  symbols.clear();
  for (const char byte : piece) symbols.push_back(byte_symbols_[static_cast<uint8_t>(byte)]);
  MergeSymbols(merges_, symbols);
}

void ByteLevelBpeTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols;
  PieceMemo memo(text.size());
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = pre_tokenizer_.next_piece(text, begin);
    const std::string_view piece = text.substr(begin, end - begin);
    if (const int32_t id = whole_pieces_.Find(piece); id >= 0) {
      ids.push_back(id);
      continue;
    }
    if (memo.Recall(piece, ids)) continue;
    const size_t first_id = ids.size();
    MergePiece(piece, symbols);
    for (const int32_t symbol : symbols) {
      const int32_t id = symbol >= 0 ? symbol : vocabulary_.unknown_id;
      if (id >= 0) ids.push_back(id);
    }
    memo.Remember(ids, first_id);
  }
}

}  // namespace pioneer
