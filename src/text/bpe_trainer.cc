#include "text/bpe_trainer.h"

#include <algorithm>
#include <array>
#include <queue>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/word_counter.h"

namespace pioneer {
namespace {

using Symbol = int32_t;
using Words = std::vector<std::pair<std::string, int64_t>>;

uint64_t PairKey(Symbol left, Symbol right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}
Symbol LeftOf(uint64_t pair) { return static_cast<Symbol>(pair >> 32); }
Symbol RightOf(uint64_t pair) { return static_cast<Symbol>(pair & 0xFFFFFFFF); }

struct PairKeyHash {
  size_t operator()(uint64_t key) const { return (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> 7; }
};

// GPT-2's order: by the byte's character in the alphabet.
std::vector<uint8_t> BytesInAlphabetOrder() {
  std::vector<uint8_t> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<uint8_t>(byte));
  std::stable_sort(bytes.begin(), bytes.end(),
                   [](uint8_t a, uint8_t b) { return ByteToAlphabet(a) < ByteToAlphabet(b); });
  return bytes;
}

// The words as symbols, the pairs in them with their counts, and where each pair occurs.
class PairCounter {
 public:
  PairCounter(const Words& words, const std::array<Symbol, 256>& symbol_of_byte,
              const CancelToken& cancel) {
    size_t n_bytes = 0;
    for (const auto& [word, count] : words) n_bytes += word.size();
    symbols_.reserve(n_bytes);
    words_.reserve(words.size());
    for (const auto& [word, count] : words) {
      if (words_.size() % 65536 == 0) cancel.Check();
      words_.push_back({symbols_.size(), static_cast<uint32_t>(word.size()), count});
      for (const char byte : word) {
        symbols_.push_back(symbol_of_byte[static_cast<uint8_t>(byte)]);
      }
      CountWord(static_cast<uint32_t>(words_.size() - 1));
    }
    for (const auto& [pair, entry] : pairs_) heap_.push({entry.count, pair});
  }

  struct Best {
    int64_t count = 0;
    uint64_t pair = 0;
  };

  // The commonest pair; of equals the one with the smaller ids. count = 0 when there is none.
  Best PopBest() {
    while (!heap_.empty()) {
      const Best top = heap_.top();
      heap_.pop();
      const auto found = pairs_.find(top.pair);
      const int64_t count = found == pairs_.end() ? 0 : found->second.count;
      if (count == top.count) return top;
      if (count > 0 && count < top.count) heap_.push({count, top.pair});  // it lost some since
    }
    return {};
  }

  // Replaces the pair by `merged` in all words.
  void Merge(uint64_t pair, Symbol merged) {
    const auto found = pairs_.find(pair);
    if (found == pairs_.end()) return;
    const std::vector<uint32_t> words = std::move(found->second.words);
    grown_.clear();
    for (const uint32_t word : words) MergeInWord(word, pair, merged);
    pairs_.erase(pair);
    std::sort(grown_.begin(), grown_.end());
    grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
    for (const uint64_t changed : grown_) {
      const auto entry = pairs_.find(changed);
      if (entry != pairs_.end() && entry->second.count > 0) {
        heap_.push({entry->second.count, changed});
      }
    }
  }

 private:
  struct Word {
    size_t begin;     // in symbols_
    uint32_t length;  // shrinks as pairs merge
    int64_t count;
  };
  struct Pair {
    int64_t count = 0;
    std::vector<uint32_t> words;  // may hold words that have lost the pair, or one twice
  };
  struct RarerOrLaterPair {
    bool operator()(const Best& a, const Best& b) const {
      return a.count != b.count ? a.count < b.count : a.pair > b.pair;
    }
  };

  std::span<Symbol> SymbolsOf(const Word& word) {
    return {symbols_.data() + word.begin, word.length};
  }

  void CountWord(uint32_t index) {
    const std::span<const Symbol> symbols = SymbolsOf(words_[index]);
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      AddPair(PairKey(symbols[i], symbols[i + 1]), index);
    }
  }

  void AddPair(uint64_t key, uint32_t word) {
    Pair& pair = pairs_[key];
    pair.count += words_[word].count;
    if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
  }

  void RemovePair(uint64_t key, uint32_t word) {
    const auto found = pairs_.find(key);
    if (found != pairs_.end()) found->second.count -= words_[word].count;
  }

  void MergeInWord(uint32_t index, uint64_t pair, Symbol merged) {
    Word& word = words_[index];
    const std::span<Symbol> symbols = SymbolsOf(word);
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++kept) {
      const bool here = i + 1 < symbols.size() && PairKey(symbols[i], symbols[i + 1]) == pair;
      if (!here) {
        symbols[kept] = symbols[i++];
        continue;
      }
      // symbols[0..kept) is merged already; from i on it is as before.
      if (kept > 0) {
        RemovePair(PairKey(symbols[kept - 1], LeftOf(pair)), index);
        GrowPair(PairKey(symbols[kept - 1], merged), index);
      }
      if (i + 2 < symbols.size()) {
        RemovePair(PairKey(RightOf(pair), symbols[i + 2]), index);
        GrowPair(PairKey(merged, symbols[i + 2]), index);
      }
      symbols[kept] = merged;
      i += 2;
    }
    word.length = static_cast<uint32_t>(kept);
  }

  void GrowPair(uint64_t key, uint32_t word) {
    AddPair(key, word);
    grown_.push_back(key);
  }

  std::vector<Symbol> symbols_;
  std::vector<Word> words_;
  std::unordered_map<uint64_t, Pair, PairKeyHash> pairs_;
  std::priority_queue<Best, std::vector<Best>, RarerOrLaterPair> heap_;
  std::vector<uint64_t> grown_;  // pairs whose count grew in this merge
};

// Learns merges and collects the vocabulary.
class BpeTrainer {
 public:
  explicit BpeTrainer(const BpeTrainerOptions& options) : options_(options) {
    const auto n_special = static_cast<int>(options.special_tokens.size());
    n_learned_total_ = options.vocab_size - 256 - n_special;
    if (n_learned_total_ < 0) {
      Fail(ErrorCode::kInvalidArgument,
           "a vocabulary of {} tokens has no room for 256 bytes and {} special tokens",
           options.vocab_size, n_special);
    }
    for (const uint8_t byte : BytesInAlphabetOrder()) {
      symbol_of_byte_[byte] = AddToken(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
    }
    for (const std::string& token : options.special_tokens) {
      if (token.empty() || ids_.contains(token) || !special_.insert(token).second) {
        Fail(ErrorCode::kInvalidArgument,
             "the special token \"{}\" is empty, a single byte, or there twice", token);
      }
    }
  }

  Vocabulary Train(const std::function<std::optional<std::string>()>& next_document) {
    const Words words = ReadWords(next_document);
    progress_.stage = BpeTrainerProgress::Stage::kMerging;
    progress_.merges_total = n_learned_total_;
    PairCounter pairs(words, symbol_of_byte_, options_.cancel);
    while (static_cast<int>(vocabulary_.tokens.size()) < 256 + n_learned_total_) {
      options_.cancel.Check();
      const PairCounter::Best best = pairs.PopBest();
      if (best.count < std::max<int64_t>(options_.min_pair_count, 1)) break;
      Learn(best.pair, pairs);
    }
    Finish();
    return std::move(vocabulary_);
  }

 private:
  Words ReadWords(const std::function<std::optional<std::string>()>& next_document) {
    const PreTokenizer pre_tokenizer = MakePreTokenizer(options_.pre_tokenizer);
    WordCounter counter(pre_tokenizer, options_.max_word_bytes, options_.n_threads);
    while (std::optional<std::string> document = next_document()) {
      options_.cancel.Check();
      progress_.bytes_read += document->size();
      counter.Add(std::move(*document));
      Report();
    }
    return counter.Take();
  }

  Symbol AddToken(std::string token) {
    const auto id = static_cast<Symbol>(vocabulary_.tokens.size());
    ids_.emplace(token, id);
    vocabulary_.tokens.push_back(std::move(token));
    return id;
  }

  void Learn(uint64_t pair, PairCounter& pairs) {
    const std::string& left = vocabulary_.tokens[LeftOf(pair)];
    const std::string& right = vocabulary_.tokens[RightOf(pair)];
    const std::string token = left + right;
    if (special_.contains(token)) return;  // plain text must never become a special token
    // Two ways may lead to one token ("a"+"bc", "ab"+"c"): then only the merge is new, and pairs of
    // that token may come up again that were merged before.
    if (learned_.insert(pair).second) vocabulary_.merges.push_back(left + " " + right);
    const auto known = ids_.find(token);
    const Symbol merged = known != ids_.end() ? known->second : AddToken(token);
    pairs.Merge(pair, merged);
    progress_.merges_done = static_cast<int>(vocabulary_.tokens.size()) - 256;
    Report();
  }

  void Finish() {
    vocabulary_.kind = VocabularyKind::kByteLevelBpe;
    vocabulary_.pre_tokenizer = options_.pre_tokenizer;
    vocabulary_.types.assign(vocabulary_.tokens.size(), TokenType::kNormal);
    for (const std::string& token : options_.special_tokens) {
      AddToken(token);
      vocabulary_.types.push_back(TokenType::kControl);
    }
    const auto find = [this](const char* token) {
      const auto found = ids_.find(token);
      return special_.contains(token) ? found->second : -1;
    };
    vocabulary_.bos_id = vocabulary_.eos_id = find("<|endoftext|>");
    vocabulary_.eot_id = find("<|im_end|>");
  }

  void Report() const {
    if (options_.progress) options_.progress(progress_);
  }

  const BpeTrainerOptions& options_;
  int n_learned_total_ = 0;
  Vocabulary vocabulary_;
  std::array<Symbol, 256> symbol_of_byte_{};
  std::unordered_map<std::string, Symbol> ids_;
  std::unordered_set<std::string> special_;
  std::unordered_set<uint64_t> learned_;
  BpeTrainerProgress progress_;
};

}  // namespace

Vocabulary TrainBpe(const std::function<std::optional<std::string>()>& next_document,
                    const BpeTrainerOptions& options) {
  return BpeTrainer(options).Train(next_document);
}

}  // namespace pioneer
