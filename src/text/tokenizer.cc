#include "text/tokenizer.h"

#include <utility>

#include "text/byte_level_bpe.h"
#include "text/sentence_piece.h"
#include "text/unigram.h"
#include "text/word_piece.h"

namespace pioneer {
namespace {

// For a file without token types: what it names as BOS, EOS, EOT, unknown or padding is special,
// and so are SentencePiece's byte tokens.
void InferTypes(Vocabulary& vocabulary) {
  if (!vocabulary.types.empty()) return;
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  const auto set = [&](int32_t id, TokenType type) {
    if (id >= 0 && static_cast<size_t>(id) < vocabulary.types.size()) vocabulary.types[id] = type;
  };
  if (vocabulary.kind == VocabularyKind::kSentencePiece ||
      vocabulary.kind == VocabularyKind::kUnigram) {
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
      if (ByteTokenValue(vocabulary.tokens[id]) >= 0) vocabulary.types[id] = TokenType::kByte;
    }
  }
  for (const int32_t id : {vocabulary.bos_id, vocabulary.eos_id, vocabulary.eot_id,
                           vocabulary.padding_id, vocabulary.separator_id, vocabulary.mask_id}) {
    set(id, TokenType::kControl);
  }
  set(vocabulary.unknown_id, TokenType::kUnknown);
}

}  // namespace

std::unique_ptr<Tokenizer> MakeTokenizer(Vocabulary vocabulary) {
  InferTypes(vocabulary);
  switch (vocabulary.kind) {
    case VocabularyKind::kSentencePiece:
      return std::make_unique<SentencePieceTokenizer>(std::move(vocabulary));
    case VocabularyKind::kUnigram:
      return std::make_unique<UnigramTokenizer>(std::move(vocabulary));
    case VocabularyKind::kWordPiece:
      return std::make_unique<WordPieceTokenizer>(std::move(vocabulary));
    case VocabularyKind::kByteLevelBpe:
      break;
  }
  return std::make_unique<ByteLevelBpeTokenizer>(std::move(vocabulary));
}

}  // namespace pioneer
