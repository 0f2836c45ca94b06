#include "text/sentence_piece.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/short_character.h"

namespace pioneer {
namespace {

// Every way to cut a token in two is looked up, so a token's cost is the square of its length.
constexpr size_t kMaxPlainTokenBytes = 1024;

size_t CountCharacters(std::string_view text) {
  size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(DecodeUtf8(text).length);
  return n;
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)),
      symbol_texts_(vocabulary_.tokens),
      symbols_(symbol_texts_, 0),
      line_breaks_(vocabulary_.tokens, vocabulary_.merges.empty() ? 0 : vocabulary_.tokens.size()),
      merges_(0) {
  strip_leading_space_ = vocabulary_.add_space_prefix;
  byte_tokens_ = ReadByteTokens();
  FillMarkedBytes();
  IndexSymbols();
  merges_ = MakeMerges();
  IndexCharacters();
  IndexLineBreaks();
}

bool SentencePieceTokenizer::IsPlain(int32_t id) const {
  return type(id) == TokenType::kNormal && !vocabulary_.tokens[id].empty();
}

// Equal scores have equal ranks: then the leftmost pair is merged.
std::vector<uint32_t> SentencePieceTokenizer::RankScores() const {
  if (vocabulary_.scores.empty()) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary has no scores (tokenizer.ggml.scores)");
  }
  std::vector<float> sorted = vocabulary_.scores;
  for (const float score : sorted) {
    if (std::isnan(score)) Fail(ErrorCode::kCorruptFile, "a score of the vocabulary is no number");
  }
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<uint32_t> ranks;
  ranks.reserve(vocabulary_.scores.size());
  for (const float score : vocabulary_.scores) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), score, std::greater<>());
    ranks.push_back(static_cast<uint32_t>(at - sorted.begin()));
  }
  return ranks;
}

void SentencePieceTokenizer::IndexSymbols() {
  size_t n_characters = 0;
  for (int32_t id = 0; id < size(); ++id) {
    if (!IsPlain(id)) continue;
    const std::string& token = vocabulary_.tokens[id];
    if (token.size() > kMaxPlainTokenBytes) {
      Fail(ErrorCode::kCorruptFile, "token {} is {} bytes long; at most {} are allowed", id,
           token.size(), kMaxPlainTokenBytes);
    }
    n_characters += CountCharacters(token);
    words_.Learn(token);
  }
  symbols_ = StringIndex(symbol_texts_, vocabulary_.tokens.size() + n_characters);
  for (int32_t id = 0; id < size(); ++id) {
    if (IsPlain(id)) symbols_.Add(id);
  }
}

int32_t SentencePieceTokenizer::AddCharacter(std::string_view character) {
  const int32_t known = symbols_.Find(character);
  if (known >= 0) return known;
  if (symbol_texts_.size() >= static_cast<size_t>(MergeTable::kMaxSymbols)) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary has more than {} tokens and characters",
         MergeTable::kMaxSymbols);
  }
  symbol_texts_.emplace_back(character);
  const auto symbol = static_cast<int32_t>(symbol_texts_.size() - 1);
  symbols_.Add(symbol);
  return symbol;
}

void SentencePieceTokenizer::IndexCharacters() {
  std::string character;
  for (char32_t c = 0; c < 0x10000; ++c) {
    character.clear();
    AppendUtf8(character, c);
    characters_.push_back(symbols_.Find(character));
  }
}

MergeTable SentencePieceTokenizer::MakeMerges() {
  return vocabulary_.merges.empty() ? MergesByScore() : ReadMerges();
}

MergeTable SentencePieceTokenizer::MergesByScore() {
  struct Pair {
    int32_t left, right, result;
  };
  std::vector<Pair> pairs;
  for (int32_t id = 0; id < size(); ++id) {
    if (!IsPlain(id)) continue;
    std::string_view rest = vocabulary_.tokens[id];
    for (; !rest.empty(); rest.remove_prefix(DecodeUtf8(rest).length)) {
      AddCharacter(rest.substr(0, DecodeUtf8(rest).length));
    }
  }
  for (int32_t id = 0; id < size(); ++id) {
    if (!IsPlain(id)) continue;
    const std::string_view token = vocabulary_.tokens[id];
    for (size_t cut = DecodeUtf8(token).length; cut < token.size();
         cut += DecodeUtf8(token.substr(cut)).length) {
      const int32_t left = symbols_.Find(token.substr(0, cut));
      const int32_t right = left < 0 ? -1 : symbols_.Find(token.substr(cut));
      if (right >= 0) pairs.push_back({left, right, id});
    }
  }
  const std::vector<uint32_t> ranks = RankScores();
  MergeTable table(pairs.size());
  for (const Pair& pair : pairs) {
    table.Add(pair.left, pair.right, ranks[pair.result], pair.result);
  }
  return table;
}

// Where merges are listed, a run of line breaks that is a token is taken whole.
void SentencePieceTokenizer::IndexLineBreaks() {
  for (int32_t id = 0; id < size() && !vocabulary_.merges.empty(); ++id) {
    const std::string& token = vocabulary_.tokens[id];
    if (IsPlain(id) && token.find_first_not_of('\n') == std::string::npos) line_breaks_.Add(id);
  }
}

void SentencePieceTokenizer::SplitAndMerge(std::string_view word,
                                           std::vector<int32_t>& symbols) const {
  symbols.clear();
  while (!word.empty()) {
    const ShortCharacter c = ReadShortCharacter(word, 0);
    const int length = c.length > 0 ? c.length : DecodeUtf8(word).length;
    symbols.push_back(c.length > 0 ? characters_[c.code_point]
                                   : symbols_.Find(word.substr(0, length)));
    word.remove_prefix(length);
  }
  MergeSymbols(merges_, symbols);
}

void SentencePieceTokenizer::EncodeWord(std::string_view word, std::vector<int32_t>& symbols,
                                        std::vector<int32_t>& ids) const {
  SplitAndMerge(word, symbols);
  for (const int32_t symbol : symbols) {
    const bool is_token = in_range(symbol);
    const size_t length =
        symbol >= 0 ? symbol_texts_[symbol].size() : static_cast<size_t>(DecodeUtf8(word).length);
    if (is_token) ids.push_back(symbol);
    for (const char byte : word.substr(0, is_token ? 0 : length)) {
      const int32_t id = byte_tokens_[static_cast<uint8_t>(byte)];
      if (id >= 0) ids.push_back(id);
    }
    word.remove_prefix(length);
  }
}

void SentencePieceTokenizer::EncodeWords(std::string_view text, PieceMemo& memo,
                                         std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols;
  size_t begin = 0;
  const auto next = [&](std::string_view& word) {
    if (begin == text.size()) return false;
    const size_t end = words_.End(text, begin);
    word = text.substr(begin, end - begin);
    begin = end;
    return true;
  };
  const auto encode = [&](std::string_view word) {
    const int32_t id = word[0] == '\n' ? line_breaks_.Find(word) : -1;
    if (id >= 0) {
      ids.push_back(id);
    } else {
      EncodeWord(word, symbols, ids);
    }
  };
  EncodePieces(memo, next, encode, ids);
}

void SentencePieceTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string spaced =
      (vocabulary_.add_space_prefix ? std::string(kSpaceMark) : "") + MarkSpaces(text);
  const std::string_view whole = spaced;
  PieceMemoPool::Lease memo(memos_);
  if (vocabulary_.merges.empty()) return EncodeWords(whole, *memo, ids);
  // Listed merges never join a line break with something else.
  for (size_t begin = 0, end = 0; begin < whole.size(); begin = end) {
    end = whole[begin] == '\n' ? whole.find_first_not_of('\n', begin) : whole.find('\n', begin);
    end = std::min(end, whole.size());
    EncodeWords(whole.substr(begin, end - begin), *memo, ids);
  }
}

}  // namespace pioneer
