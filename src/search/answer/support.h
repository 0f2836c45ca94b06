// Why: whether a passage says what a sentence claims. Nobody takes a model's citation on trust: the
// words are compared, and what cannot be found, or is found the other way round, is told.
//
// The sentence is aligned with windows of one or two sentences of each passage. What decides, the
// surest sign first: numbers and names that are not there, a word that is denied on one side only,
// opposites, words whose roles are exchanged, at last the share of words that are found. It is
// strict: a true paraphrase in other words is "partly", not "supported".
//
// A passage without a sentence in that language shares no words with it but numbers, and words in
// Latin letters that Korean and Japanese take over: those must be there. The rest only a model can
// tell, so it is "partly" at best.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/answer/words.h"
#include "search/answerer.h"

namespace pioneer::search::answer {

// What speaks against a sentence.
struct Mismatch {
  enum class Kind { kNone, kNumber, kName, kNegation, kOpposite, kExchanged, kWords };
  Kind kind = Kind::kNone;
  std::string word;  // of the sentence
};

struct Verdict {
  Support support = Support::kUnsupported;
  double score = 0;             // 0..1
  double covered = 0;           // 0..1: the weighted share of the sentence's words that are found
  int passage = -1;             // -1: none has anything of it
  size_t begin = 0, end = 0;    // bytes of that passage's text: what carries the sentence
  bool other_language = false;  // than the passage's: a model has to confirm it
  Mismatch mismatch;
};

// Passages read once and compared with many sentences. The passages must outlive it. One thread.
class SupportChecker {
 public:
  explicit SupportChecker(const std::vector<RankedPassage>& passages);

  // All passages of the sentence's language are tried, as writers err about where it stands; of
  // other languages those that are `cited`, which go before what is as good. nullopt: none has
  // anything of it.
  std::optional<Verdict> Check(std::string_view sentence, const std::vector<int>& cited) const;

 private:
  struct Sentence {
    size_t begin = 0, end = 0;
    std::vector<Word> words;
    std::string language;
  };
  struct ReadPassage {
    std::vector<Sentence> sentences;
    std::vector<Word> context;  // of title and headings
    bool Speaks(const std::string& language) const;
  };
  Verdict CheckWindow(const std::vector<Word>& claim, int passage, size_t first, size_t n) const;
  // Whether the verdict is about two sentences together.
  bool IsPair(int passage, const Verdict& verdict) const;
  Verdict CheckPassage(const std::vector<Word>& claim, int passage) const;
  Verdict CheckAcross(const std::vector<Word>& claim, const std::string& language,
                      int passage) const;

  std::vector<ReadPassage> passages_;
};

// The mismatch in words, for people and logs: "number 1984", "exchanged: Google".
std::string DescribeMismatch(const Mismatch& mismatch);

}  // namespace pioneer::search::answer
