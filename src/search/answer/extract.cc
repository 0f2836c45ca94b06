#include "search/answer/extract.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

#include "search/answer/sentences.h"
#include "search/answer/words.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kMaxSentences = 4;
constexpr size_t kMaxSentenceBytes = 700;
// Of what the question says: below, what was found is about something else.
constexpr double kFoundShare = 0.42;
constexpr double kFoundShareOfType = 0.3;  // where it also has the kind of thing that is asked for
constexpr double kOwnShare = 0.2;          // that the sentence itself must have, not its headings
constexpr double kContextWorth = 0.6;
constexpr double kTypeWorth = 0.2;
constexpr double kRankWorth = 0.25;
constexpr double kRedundancy = 0.7;
// A further sentence must be nearly as good as the first, or bring something asked for.
constexpr double kFurther = 0.65;
constexpr double kNewWord = 0.15;

enum class AnswerType { kAny, kPerson, kTime, kNumber, kPlace, kReason };

AnswerType TypeOf(std::string_view question) {
  const std::string folded = FoldForSearch(question);
  struct Cue {
    const char* pattern;
    AnswerType type;
  };
  static const std::vector<std::pair<std::regex, AnswerType>> kCues = [] {
    std::vector<std::pair<std::regex, AnswerType>> cues;
    for (const Cue& cue :
         {Cue{"\\bwho\\b|\\bwhose\\b|누가|누구|誰", AnswerType::kPerson},
          Cue{"\\bwhen\\b|what (?:year|date|time)|언제|몇 ?(?:년|월|일|시)|いつ|何(?:年|月|日|時)",
              AnswerType::kTime},
          Cue{"how "
              "(?:many|much|long|old|far|big|large|high|often)|얼마|몇|며칠|いくつ|いくら|何(?:人|"
              "個|回|"
              "円|歳|本|台|倍)|どのくらい",
              AnswerType::kNumber},
          Cue{"\\bwhere\\b|어디|どこ", AnswerType::kPlace},
          Cue{"\\bwhy\\b|왜|이유|なぜ|どうして|理由", AnswerType::kReason}}) {
      cues.emplace_back(std::regex(cue.pattern), cue.type);
    }
    return cues;
  }();
  for (const auto& [pattern, type] : kCues) {
    if (std::regex_search(folded, pattern)) return type;
  }
  return AnswerType::kAny;
}

bool IsTime(const Word& word) {
  if (word.kind != WordKind::kNumber) return false;
  static constexpr std::string_view kUnits[] = {"년", "월", "일", "시", "年",
                                                "月", "日", "時", "pm", "am"};
  if (std::find(std::begin(kUnits), std::end(kUnits), word.unit) != std::end(kUnits)) return true;
  return word.unit.empty() && word.key.size() == 4 && (word.key[0] == '1' || word.key[0] == '2');
}

bool HasReason(const std::string& folded) {
  static const std::regex kReasons(
      "\\bbecause\\b|\\bsince\\b|\\bso that\\b|\\bdue "
      "to\\b|\\breason\\b|때문|므로|위해|따라서|ため|から|ので|理由");
  return std::regex_search(folded, kReasons);
}

struct Candidate {
  ExtractedSentence place;
  std::vector<Word> words;
  std::vector<bool> has;      // of each word of the question: it has it
  std::vector<bool> context;  // or the title, the headings, the sentence before
  bool has_type = false;      // a number where one is asked for, and so on
};

bool HasType(const Candidate& candidate, AnswerType type, std::string_view text,
             const std::vector<Word>& question) {
  const auto any_new = [&](const auto& fits) {
    return std::any_of(candidate.words.begin(), candidate.words.end(), [&](const Word& word) {
      return fits(word) && std::none_of(question.begin(), question.end(),
                                        [&](const Word& q) { return q.key == word.key; });
    });
  };
  switch (type) {
    case AnswerType::kAny:
      return false;
    case AnswerType::kPerson:
    case AnswerType::kPlace:
      return any_new([](const Word& word) { return word.kind == WordKind::kName; });
    case AnswerType::kTime:
      return any_new(IsTime);
    case AnswerType::kNumber:
      return any_new([](const Word& word) { return word.kind == WordKind::kNumber; });
    case AnswerType::kReason:
      return HasReason(FoldForSearch(text));
  }
  return false;
}

std::vector<Word> TellingWords(std::string_view text) {
  std::vector<Word> words = ReadWords(text);
  std::erase_if(words, [](const Word& word) { return !SaysSomething(word); });
  return words;
}

bool HasWord(const std::vector<Word>& words, const Word& wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& word) { return SameWord(wanted, word); });
}

// How something is asked ("how much may", 며칠): an answer has a number instead.
bool Asks(const Word& word) {
  static const std::set<std::string, std::less<>> kWords = {
      "much",   "many",     "long", "often",      "far",        "old",        "may",    "might",
      "must",   "며칠",     "몇일", "하나요",     "해야",       "되나요",     "있나요", "합니까",
      "됩니까", "얼마예요", "인가", "얼마인가요", "どれくらい", "どのくらい", "いくつ", "いくら"};
  return kWords.contains(word.text) || kWords.contains(word.key);
}

std::vector<Word> AskedFor(std::string_view question) {
  std::vector<Word> words = TellingWords(question);
  if (!std::ranges::all_of(words, Asks)) std::erase_if(words, Asks);
  return words;
}

class Composer {
 public:
  Composer(std::string_view question, const std::vector<RankedPassage>& passages)
      : passages_(passages), question_(AskedFor(question)), type_(TypeOf(question)) {
    for (int i = 0; i < std::ssize(passages); ++i) ReadPassage(i);
    WeighWords();
    for (Candidate& candidate : candidates_) candidate.place.score = Score(candidate);
  }

  Extract Compose() {
    Extract extract;
    std::vector<size_t> chosen;
    while (chosen.size() < kMaxSentences) {
      const auto next = Next(chosen);
      if (!next) break;
      chosen.push_back(*next);
    }
    if (chosen.empty()) return extract;
    extract.covered = Share(candidates_[chosen.front()], true);
    for (const size_t i : chosen) extract.sentences.push_back(candidates_[i].place);
    // The best passage first, each in its own order.
    std::vector<int> order;
    for (const auto& sentence : extract.sentences) {
      if (std::find(order.begin(), order.end(), sentence.passage) == order.end())
        order.push_back(sentence.passage);
    }
    const auto place = [&](const ExtractedSentence& s) {
      return std::find(order.begin(), order.end(), s.passage) - order.begin();
    };
    std::sort(extract.sentences.begin(), extract.sentences.end(),
              [&](const auto& a, const auto& b) {
                return place(a) != place(b) ? place(a) < place(b) : a.begin < b.begin;
              });
    return extract;
  }

 private:
  void ReadPassage(int index) {
    const Passage& passage = passages_[static_cast<size_t>(index)].passage;
    std::string context_text = passage.title;
    for (const std::string& heading : passage.headings) context_text += "\n" + heading;
    const std::vector<Word> context = TellingWords(context_text);
    std::vector<Word> before;
    for (const TextSpan& span : SplitSentences(passage.text)) {
      Candidate candidate;
      candidate.place = {index, span.begin, span.end, 0};
      candidate.words = TellingWords(span.In(passage.text));
      for (const Word& word : question_) {
        candidate.has.push_back(HasWord(candidate.words, word));
        candidate.context.push_back(HasWord(context, word) || HasWord(before, word));
      }
      candidate.has_type = HasType(candidate, type_, span.In(passage.text), question_);
      before = candidate.words;
      const bool question_mark =
          span.In(passage.text).ends_with('?') || span.In(passage.text).ends_with("？");
      if (candidate.words.size() < 2 || span.end - span.begin > kMaxSentenceBytes || question_mark)
        continue;
      candidates_.push_back(std::move(candidate));
    }
  }

  // What few sentences have says more (inverse document frequency).
  void WeighWords() {
    const double n = static_cast<double>(candidates_.size());
    for (size_t i = 0; i < question_.size(); ++i) {
      double having = 0;
      for (const Candidate& candidate : candidates_)
        having += candidate.has[i] || candidate.context[i];
      double weight = std::log(1 + (n + 0.5) / (having + 0.5));
      if (question_[i].kind == WordKind::kName || question_[i].kind == WordKind::kNumber)
        weight *= 1.5;
      // How something is asked is seldom repeated in the answer.
      if (question_[i].predicate) weight *= 0.6;
      weights_.push_back(weight);
      total_ += weight;
    }
  }

  double Share(const Candidate& candidate, bool with_context) const {
    double share = 0;
    for (size_t i = 0; i < question_.size(); ++i) {
      if (candidate.has[i]) {
        share += weights_[i];
      } else if (with_context && candidate.context[i]) {
        share += weights_[i];
      }
    }
    return total_ == 0 ? 0 : share / total_;
  }

  double Score(const Candidate& candidate) const {
    const double own = Share(candidate, false), all = Share(candidate, true);
    double score = own + kContextWorth * (all - own) + kRankWorth / (1 + candidate.place.passage);
    if (candidate.has_type) score += kTypeWorth;
    return score;
  }

  bool MayAnswer(const Candidate& candidate) const {
    const double enough = candidate.has_type ? kFoundShareOfType : kFoundShare;
    return Share(candidate, true) >= enough && Share(candidate, false) >= kOwnShare;
  }

  static double Similarity(const Candidate& a, const Candidate& b) {
    size_t same = 0;
    for (const Word& word : a.words) same += HasWord(b.words, word);
    return static_cast<double>(same) /
           static_cast<double>(std::max<size_t>(1, std::min(a.words.size(), b.words.size())));
  }

  // New words of the question that this one has, by weight.
  double News(const Candidate& candidate, const std::vector<size_t>& chosen) const {
    double news = 0;
    for (size_t i = 0; i < question_.size(); ++i) {
      const bool known = std::any_of(chosen.begin(), chosen.end(),
                                     [&](size_t c) { return candidates_[c].has[i]; });
      if (candidate.has[i] && !known) news += weights_[i];
    }
    return total_ == 0 ? 0 : news / total_;
  }

  std::optional<size_t> Next(const std::vector<size_t>& chosen) const {
    std::optional<size_t> best;
    double best_value = 0;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end() || !MayAnswer(candidate))
        continue;
      double similar = 0;
      for (const size_t c : chosen)
        similar = std::max(similar, Similarity(candidate, candidates_[c]));
      if (similar > kRedundancy) continue;
      const double value = candidate.place.score - (chosen.empty() ? 0 : 0.3 * similar);
      if (!chosen.empty() && News(candidate, chosen) < kNewWord &&
          candidate.place.score < kFurther * candidates_[chosen.front()].place.score + 0.1) {
        continue;
      }
      if (!best || value > best_value) {
        best = i;
        best_value = value;
      }
    }
    return best;
  }

  const std::vector<RankedPassage>& passages_;
  const std::vector<Word> question_;
  const AnswerType type_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;  // of each word of the question
  double total_ = 0;
};

}  // namespace

Extract ComposeExtract(std::string_view question, const std::vector<RankedPassage>& passages) {
  return Composer(question, passages).Compose();
}

}  // namespace pioneer::search::answer
