#include "text/byte_level_bpe.h"

#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/piece_memo.h"

namespace pioneer {
namespace {

// Longer tokens are found by merging; nobody writes them often.
constexpr size_t kMaxIndexedPieceBytes = 64;

PreTokenizer PreTokenizerOf(const Vocabulary& vocabulary) {
  if (vocabulary.split_expressions.empty()) return MakePreTokenizer(vocabulary.pre_tokenizer);
  const std::vector<std::string>& own = vocabulary.split_expressions;
  return PreTokenizer(std::vector<std::string_view>(own.begin(), own.end()));
}

}  // namespace

ByteLevelBpeTokenizer::ByteLevelBpeTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)),
      pre_tokenizer_(PreTokenizerOf(vocabulary_)),
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

void ByteLevelBpeTokenizer::IndexWholePieces() {
  const NamedPreTokenizer* const known = FindPreTokenizer(vocabulary_.pre_tokenizer);
  const bool take_all = vocabulary_.ignore_merges || (known != nullptr && known->ignore_merges);
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
  PieceReader reader(pre_tokenizer_, text);
  for (std::string_view piece; reader.Next(piece);) {
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
