#include "text/byte_level_bpe.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "text/byte_alphabet.h"

namespace pioneer {
namespace {

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
      whole_pieces_(bytes_, 0) {
  std::array<int32_t, 256> byte_symbols{};  // token of each byte; -1 = the vocabulary has none
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    AppendUtf8(token, ByteToAlphabet(static_cast<uint8_t>(byte)));
    const int32_t id = FindToken(token);
    byte_symbols[byte] = id >= 0 && type(id) == TokenType::kNormal ? id : -1;
  }
  FillBytes();
  characters_.emplace(byte_symbols, merges_, vocabulary_.tokens);
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
  if (!vocabulary_.ignore_merges && (known == nullptr || !known->ignore_merges)) return;
  whole_pieces_ = StringIndex(bytes_, vocabulary_.tokens.size());
  for (int32_t id = 0; id < size(); ++id) {
    if (type(id) == TokenType::kNormal && !bytes_[id].empty()) whole_pieces_.Add(id);
  }
}

void ByteLevelBpeTokenizer::EncodePiece(std::string_view piece, std::vector<int32_t>& symbols,
                                        std::vector<int32_t>& ids) const {
  if (const int32_t id = whole_pieces_.Find(piece); id >= 0) {
    ids.push_back(id);
    return;
  }
  symbols.clear();
  characters_->Append(piece, symbols);
  MergeSymbols(merges_, symbols);
  for (const int32_t symbol : symbols) {
    const int32_t known = symbol >= 0 ? symbol : vocabulary_.unknown_id;
    if (known >= 0) ids.push_back(known);
  }
}

void ByteLevelBpeTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols;
  PieceMemoPool::Lease memo(memos_);
  PieceReader reader(pre_tokenizer_, text);
  EncodePieces(
      *memo, [&](std::string_view& piece) { return reader.Next(piece); },
      [&](std::string_view piece) { EncodePiece(piece, symbols, ids); }, ids);
}

}  // namespace pioneer
