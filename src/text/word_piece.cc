#include "text/word_piece.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/marked_words.h"

namespace pioneer {
namespace {

// Longer words are unknown, as in the reference.
constexpr ptrdiff_t kMaxWordCharacters = 100;
// Spaces that cut a text before anything else looks at it; others are for BertText.
constexpr std::string_view kPlainSpaces = " \t\n\r";

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)),
      cleaner_(vocabulary_.strip_accents, vocabulary_.lowercase),
      pieces_(0) {
  if (vocabulary_.unknown_id < 0) {
    Fail(ErrorCode::kCorruptFile, "the WordPiece vocabulary has no unknown token");
  }
  strip_leading_space_ = true;
  FillMarkedBytes();
  size_t n_bytes = 0;
  for (const std::string& token : vocabulary_.tokens) n_bytes += token.size();
  if (n_bytes >= ByteTrie::kMaxNodes) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary's tokens are {} bytes long; at most {} fit",
         n_bytes, ByteTrie::kMaxNodes);
  }
  pieces_ = ByteTrie(n_bytes);
  for (int32_t id = 0; id < size(); ++id) {
    const std::string& token = vocabulary_.tokens[id];
    if (type(id) == TokenType::kNormal && !token.empty()) pieces_.Add(token, id);
  }
}

void WordPieceTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  BertWords words;
  std::string marked;
  size_t begin = 0;
  const auto next = [&](std::string_view& part) {
    begin = text.find_first_not_of(kPlainSpaces, begin);
    if (begin == std::string_view::npos) return false;
    const size_t end = std::min(text.find_first_of(kPlainSpaces, begin), text.size());
    part = text.substr(begin, end - begin);
    begin = end;
    return true;
  };
  const auto encode = [&](std::string_view part) {
    cleaner_.Cut(part, words);
    size_t word_begin = 0;
    for (const size_t end : words.ends) {
      marked.assign(kSpaceMark).append(words.text, word_begin, end - word_begin);
      EncodeWord(marked, ids);
      word_begin = end;
    }
  };
  PieceMemoPool::Lease memo(memos_);
  EncodePieces(*memo, next, encode, ids);
}

void WordPieceTokenizer::EncodeWord(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t first_id = ids.size();
  std::string_view rest = word;
  const auto is_first_byte = [](char byte) { return (byte & 0xC0) != 0x80; };
  bool known = std::ranges::count_if(word, is_first_byte) <= kMaxWordCharacters + 1;  // the mark
  while (known && !rest.empty()) {
    int32_t node = 0, id = -1;
    size_t length = 0;
    for (size_t i = 0; i < rest.size(); ++i) {
      node = pieces_.Child(node, static_cast<uint8_t>(rest[i]));
      if (node < 0) break;
      if (pieces_.Value(node) < 0) continue;
      id = pieces_.Value(node);
      length = i + 1;
    }
    known = id >= 0;
    ids.push_back(id);
    rest.remove_prefix(length);
  }
  if (known) return;
  ids.resize(first_id);
  ids.push_back(vocabulary_.unknown_id);
}

}  // namespace pioneer
