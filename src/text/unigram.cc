#include "text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

// What a character without a token costs more than the least likely token, as in SentencePiece.
constexpr double kUnknownPenalty = 10;

}  // namespace

UnigramTokenizer::UnigramTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)), charsmap_(vocabulary_.charsmap), trie_(0) {
  if (vocabulary_.unknown_id < 0) {
    Fail(ErrorCode::kCorruptFile, "the Unigram vocabulary has no unknown token");
  }
  strip_leading_space_ = vocabulary_.add_space_prefix;
  byte_tokens_ = ReadByteTokens();
  has_byte_tokens_ = std::ranges::count(vocabulary_.types, TokenType::kByte) == 256;
  FillMarkedBytes();
  ReadScores();
  IndexTokens();
}

void UnigramTokenizer::ReadScores() {
  if (vocabulary_.scores.empty()) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary has no scores (tokenizer.ggml.scores)");
  }
  double least = std::numeric_limits<double>::max();
  for (int32_t id = 0; id < size(); ++id) {
    const double score = vocabulary_.scores[id];
    if (!std::isfinite(score)) {
      Fail(ErrorCode::kCorruptFile, "the score of token {} is no finite number", id);
    }
    if (type(id) == TokenType::kNormal) least = std::min(least, score);
  }
  unknown_score_ = least - kUnknownPenalty;
}

void UnigramTokenizer::IndexTokens() {
  size_t n_bytes = 0;
  const auto is_plain = [this](int32_t id) {
    return type(id) == TokenType::kNormal || type(id) == TokenType::kUnused;
  };
  for (int32_t id = 0; id < size(); ++id) {
    if (is_plain(id)) n_bytes += vocabulary_.tokens[id].size();
  }
  if (n_bytes >= ByteTrie::kMaxNodes) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary's tokens are {} bytes long; at most {} fit",
         n_bytes, ByteTrie::kMaxNodes);
  }
  trie_ = ByteTrie(n_bytes);
  for (int32_t id = 0; id < size(); ++id) {
    if (!is_plain(id) || vocabulary_.tokens[id].empty()) continue;
    words_.Learn(vocabulary_.tokens[id]);
    trie_.Add(vocabulary_.tokens[id], id);
  }
}

// Replaces what the charsmap names and writes spaces as the vocabulary has them.
std::string UnigramTokenizer::Normalize(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  const bool merge_spaces = vocabulary_.remove_extra_whitespace;
  bool prefix_due = vocabulary_.add_space_prefix, in_word = false;
  const auto append = [&](std::string_view piece) {
    for (const char c : piece) {
      if (c == ' ') {
        in_word = false;
        if (!merge_spaces) out += kSpaceMark;
        continue;
      }
      if (!std::exchange(in_word, true) && (prefix_due || merge_spaces)) {
        out += kSpaceMark;
        prefix_due = false;
      }
      out += c;
    }
  };
  while (!text.empty()) {
    const Charsmap::Replacement replacement = charsmap_.Find(text);
    if (replacement.length > 0) {
      append(replacement.text);
      text.remove_prefix(replacement.length);
      continue;
    }
    const DecodedChar c = DecodeUtf8(text);
    append(c.valid ? text.substr(0, c.length) : "\uFFFD");
    text.remove_prefix(c.length);
  }
  return out;
}

void UnigramTokenizer::AppendUnknown(std::string_view text, std::vector<int32_t>& ids) const {
  if (has_byte_tokens_) {
    for (const char byte : text) ids.push_back(byte_tokens_[static_cast<uint8_t>(byte)]);
  } else {
    ids.push_back(vocabulary_.unknown_id);
  }
}

// Viterbi's algorithm over the word's bytes.
void UnigramTokenizer::EncodeWord(std::string_view word, std::vector<Best>& best,
                                  std::vector<int32_t>& ids) const {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  best.assign(word.size() + 1, {kNever, 0, -1});
  best[0].score = 0;
  const auto offer = [&](size_t from, size_t to, int32_t id, double score) {
    score += best[from].score;
    if (score > best[to].score) best[to] = {score, from, id};
  };
  for (size_t begin = 0, length = 0; begin < word.size(); begin += length) {
    length = static_cast<size_t>(DecodeUtf8(word.substr(begin)).length);
    bool has_character = false;
    int32_t node = 0;
    for (size_t end = begin; end < word.size();) {
      node = trie_.Child(node, static_cast<uint8_t>(word[end++]));
      if (node < 0) break;
      const int32_t id = trie_.Value(node);
      if (id < 0) continue;
      has_character |= end == begin + length;
      offer(begin, end, id, vocabulary_.scores[id]);
    }
    if (!has_character) offer(begin, begin + length, vocabulary_.unknown_id, unknown_score_);
  }
  // Backwards; neighbouring unknown characters are one.
  std::vector<Best> path;
  for (size_t end = word.size(); end > 0; end = best[end].from) {
    const bool joins = best[end].id == vocabulary_.unknown_id && !path.empty() &&
                       path.back().id == vocabulary_.unknown_id;
    if (joins) {
      path.back().from = best[end].from;
    } else {
      path.push_back(best[end]);
    }
  }
  for (size_t i = path.size(); i-- > 0;) {
    if (path[i].id != vocabulary_.unknown_id) {
      ids.push_back(path[i].id);
      continue;
    }
    const size_t end = i > 0 ? path[i - 1].from : word.size();
    AppendUnknown(word.substr(path[i].from, end - path[i].from), ids);
  }
}

void UnigramTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string normalized = Normalize(text);
  const std::string_view whole = normalized;
  std::vector<Best> best;
  PieceMemoPool::Lease memo(memos_);
  size_t begin = 0;
  const auto next = [&](std::string_view& word) {
    if (begin == whole.size()) return false;
    const size_t end = words_.End(whole, begin);
    word = whole.substr(begin, end - begin);
    begin = end;
    return true;
  };
  EncodePieces(
      *memo, next, [&](std::string_view word) { EncodeWord(word, best, ids); }, ids);
}

}  // namespace pioneer
