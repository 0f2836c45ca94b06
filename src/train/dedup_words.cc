#include "train/dedup_words.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

// Finalizer of MurmurHash3 (public domain): all bits depend on all bits.
uint64_t Scramble(uint64_t h) {
  h = (h ^ h >> 33) * 0xFF51AFD7ED558CCDu;
  h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53u;
  return h ^ h >> 33;
}

bool StandsAlone(char32_t c) {
  return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF);
}

bool IsAsciiWord(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class WordFinder {
 public:
  explicit WordFinder(std::string_view text) : text_(text) { words_.reserve(text.size() / 6); }

  std::vector<TextWord> Find() {
    const CharClassTable& classes = CharClassTable::Get();
    for (size_t at = 0; at < text_.size();) {
      const auto byte = static_cast<uint8_t>(text_[at]);
      if (byte < 0x80) {
        IsAsciiWord(byte) ? Extend(at, 1) : End();
        ++at;
        continue;
      }
      const DecodedChar c = DecodeUtf8(text_.substr(at));
      const auto length = static_cast<size_t>(c.length);
      const bool alone = c.valid && StandsAlone(c.code_point);
      const bool in_word = c.valid && (classes[c.code_point] & (kLetter | kNumber | kMark)) != 0;
      if (alone || !in_word) End();
      if (in_word) Extend(at, length);
      if (alone) End();
      at += length;
    }
    End();
    return std::move(words_);
  }

 private:
  void Extend(size_t at, size_t length) {
    if (!open_) {
      open_ = true;
      begin_ = at;
      hash_ = kFnvSeed;
    }
    for (size_t i = at; i < at + length; ++i) {
      uint8_t byte = static_cast<uint8_t>(text_[i]);
      if (byte >= 'A' && byte <= 'Z') byte |= 32;
      hash_ = (hash_ ^ byte) * 0x100000001B3u;
    }
    end_ = at + length;
  }
  void End() {
    if (open_) {
      words_.push_back(
          {Scramble(hash_), static_cast<uint32_t>(begin_), static_cast<uint32_t>(end_)});
    }
    open_ = false;
  }

  std::string_view text_;
  std::vector<TextWord> words_;
  bool open_ = false;
  size_t begin_ = 0, end_ = 0;
  uint64_t hash_ = 0;
};

}  // namespace

std::vector<TextWord> FindWords(std::string_view text) { return WordFinder(text).Find(); }

std::vector<uint64_t> ShingleHashes(std::span<const TextWord> words, size_t n) {
  n = std::min(n, words.size());
  std::vector<uint64_t> hashes;
  if (n == 0) return hashes;
  hashes.reserve(words.size() - n + 1);
  for (size_t i = 0; i + n <= words.size(); ++i) {
    uint64_t hash = n;
    for (size_t j = 0; j < n; ++j) hash = (hash ^ words[i + j].hash) * 0x9E3779B97F4A7C15u;
    hashes.push_back(Scramble(hash));
  }
  return hashes;
}

}  // namespace pioneer
