#include "search/answer/extract.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

#include "search/answer/definition.h"
#include "search/answer/sentences.h"
#include "search/answer/words.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kMaxSentences = 4;
constexpr size_t kMaxSentenceBytes = 700;
// Of what the question says: below, what was found is about something else.
constexpr double kFoundShare = 0.5;
constexpr double kFoundShareOfType = 0.4;  // where it also has the kind of thing that is asked for
constexpr double kOwnShare = 0.2;          // that the sentence itself must have, not its headings
constexpr double kLeastCoverage = 0.45;    // of the question by the whole passage
constexpr double kContextWorth = 0.7;
constexpr double kSubjectWorth = 0.9;
constexpr double kMeasureWorth = 0.4;  // of "value" or "size" where the answer is a number
constexpr double kTypeWorth = 0.2;
constexpr double kDefinitionWorth = 0.6;  // of saying what it is, where that is asked
constexpr double kRankWorth = 0.25;
constexpr double kCodeWorth = 0.7;  // of a line of code beside a sentence
// No word of the question says nothing, however many sentences have it.
constexpr double kCommonWorth = 0.5;
constexpr double kRedundancy = 0.7;
// A further sentence must be nearly as good as the first, or bring something asked for.
constexpr double kFurther = 0.65;
constexpr double kNewWord = 0.15;

enum class AnswerType { kAny, kPerson, kTime, kNumber, kPlace, kReason, kManner };

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
          Cue{"how (?:many|much|long|old|far|big|large|high|often)|"
              "(?:what|which)\\b[^?]*\\b(?:value|size|number|amount|length|limit|port|price|cost|"
              "rate|height|population)\\b|얼마|몇|며칠|(?:크기|개수|금액|가격|비율|값)[은는이가] |"
              "いくつ|いくら|何(?:人|個|回|円|歳|本|台|倍)|どのくらい|(?:値|数|額|長さ|価格|率)は",
              AnswerType::kNumber},
          Cue{"\\bwhere\\b|어디|どこ", AnswerType::kPlace},
          Cue{"\\bwhy\\b|왜|이유|なぜ|どうして|理由", AnswerType::kReason},
          Cue{"\\bhow (?:do|does|can|could|should|would|to)\\b|\\bways? (?:to|of)\\b|어떻게|방법|"
              "하려면|どうやって|どうすれば|どのように|方法|手順",
              AnswerType::kManner}}) {
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

// Tells what to do.
bool IsInstruction(const std::string& folded) {
  static const std::regex kInstructions(
      "^(?:(?:to|in|on|from|under|if) [^,]*, )?(?:then |now |next |please )?(?:add|call|change|"
      "choose|click|create|double-click|enter|go to|install|open|pass|press|put|right-click|run|"
      "select|set|specify|start|type|use|write)\\b|\\b(?:you can|can be used|use the|by using)\\b|"
      "(?:하|으)?십시오|[하으]세요|(?:선택|클릭|입력|사용|지정|설정|실행)(?:합니다|하면|할 "
      "수)|누릅니다|"
      "ください|(?:選択|クリック|入力|使用|指定|設定|実行)(?:します|できます|する)|押します");
  return std::regex_search(folded, kInstructions);
}

bool Announces(std::string_view sentence) {
  return sentence.ends_with(':') || sentence.ends_with("：");
}

// A line by itself that ends no sentence: a term that is explained below it, a small heading.
bool IsLabel(std::string_view text, const TextSpan& span) {
  constexpr size_t kMostLabelBytes = 120;
  if (span.end - span.begin > kMostLabelBytes) return false;
  const std::string_view before = text.substr(0, span.begin);
  const size_t number = before.find_last_not_of("0123456789. \xC2\xA0");  // "5.6.8. Tables"
  const bool begins = number == before.npos || before.substr(0, number + 1).ends_with("\n\n");
  const bool ends = text.substr(span.end).starts_with("\n\n");
  if (!begins || !ends) return false;
  const std::string_view line = span.In(text);
  if (line.find(" | ") != line.npos) return false;
  return !line.ends_with('.') && !line.ends_with('!') && !line.ends_with("。") && !Announces(line);
}

// "To rename a column:" says nothing without what stands below it: the end of that, or npos.
size_t EndOfAnnounced(std::string_view text, const TextSpan& span) {
  constexpr size_t kMostBytes = 320;
  const size_t begin = text.find_first_not_of(" \n", span.end);
  if (begin == text.npos) return text.npos;
  const size_t end = std::min(text.find("\n\n", begin), text.size());
  if (end - begin <= kMostBytes) return end;
  const size_t last_line = text.substr(begin, kMostBytes).rfind('\n');
  if (last_line != text.npos) return begin + last_line;
  const std::vector<TextSpan> sentences = SplitSentences(text.substr(begin, end - begin));
  return sentences.empty() ? text.npos : begin + sentences.front().end;
}

// A line of a program within prose: a call, and more signs than a sentence has.
bool IsCode(std::string_view line) {
  constexpr size_t kMostShare = 8;  // one sign of so many bytes
  static const std::regex kCall("[A-Za-z0-9_]\\(");
  if (line.ends_with('.') || !std::regex_search(line.begin(), line.end(), kCall)) return false;
  constexpr std::string_view kSigns = "()[]{}='\"_;,<>";
  const auto signs =
      std::ranges::count_if(line, [&](char c) { return kSigns.find(c) != kSigns.npos; });
  return static_cast<size_t>(signs) * kMostShare > line.size();
}

// A value or a way may be shown by an example; who, when, where and why, not.
bool MayBeCode(AnswerType type) {
  return type == AnswerType::kAny || type == AnswerType::kNumber || type == AnswerType::kManner;
}

struct Candidate {
  ExtractedSentence place;
  std::vector<Word> words;
  std::vector<bool> has;      // of each word of the question: it has it
  std::vector<bool> context;  // or the title, the headings, the sentence before
  std::vector<bool> subject;  // or what it stands right below, which it need not name again
  bool has_type = false;      // a number where one is asked for, and so on
  double defines = 0;         // 0..1: says what it is, where that is asked
  bool is_code = false;       // within prose
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
    case AnswerType::kManner:
      return IsInstruction(FoldForSearch(text));
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

// What is asked for by a word of this kind is a number, which seldom has the word beside it.
bool IsMeasure(const Word& word) {
  static const std::set<std::string, std::less<>> kWords = {
      "value", "size", "number", "amount", "length", "limit", "rate", "크기", "개수",
      "금액",  "값",   "비율",   "길이",   "値",     "数",    "額",   "率",   "長さ"};
  return kWords.contains(word.text) || kWords.contains(word.key);
}

class Composer {
 public:
  Composer(std::string_view question, const std::vector<RankedPassage>& passages)
      : passages_(passages),
        subject_(TypeOf(question) == AnswerType::kAny ? ReadDefinitionQuestion(question).subject
                                                      : ""),
        question_(AskedFor(subject_.empty() ? question : subject_)),
        type_(TypeOf(question)) {
    for (int i = 0; i < std::ssize(passages); ++i) {
      if (passages[static_cast<size_t>(i)].coverage >= kLeastCoverage) ReadPassage(i);
    }
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
    const std::vector<Word> heading =
        TellingWords(passage.headings.empty() ? "" : passage.headings.back());
    std::vector<Word> before, label;
    bool below_name = BeginsBelowName(passage, subject_);
    for (const TextSpan& span : SplitSentences(passage.text)) {
      if (IsLabel(passage.text, span)) {
        label = TellingWords(span.In(passage.text));
        below_name = Names(span.In(passage.text), subject_);
        continue;
      }
      Candidate candidate;
      candidate.place = {index, span.begin, span.end, 0};
      candidate.words = TellingWords(span.In(passage.text));
      for (const Word& word : question_) {
        candidate.has.push_back(HasWord(candidate.words, word));
        candidate.subject.push_back(HasWord(label.empty() ? heading : label, word));
        candidate.context.push_back(HasWord(context, word) || HasWord(label, word) ||
                                    HasWord(before, word));
      }
      candidate.is_code = passage.language != "code" && IsCode(span.In(passage.text));
      candidate.has_type = HasType(candidate, type_, span.In(passage.text), question_);
      const bool explains = std::exchange(below_name, false) && candidate.words.size() > 2;
      candidate.defines =
          std::max(Defines(span.In(passage.text), subject_), explains ? kBelowItsName : 0);
      before = candidate.words;
      const bool question_mark =
          span.In(passage.text).ends_with('?') || span.In(passage.text).ends_with("？");
      const bool is_row =
          !subject_.empty() && span.In(passage.text).find(" | ") != std::string::npos;
      if (candidate.words.size() < 2 || span.end - span.begin > kMaxSentenceBytes ||
          question_mark || is_row) {
        continue;
      }
      if (Announces(span.In(passage.text))) {
        candidate.place.end = EndOfAnnounced(passage.text, span);
        if (candidate.place.end == std::string::npos) continue;
      }
      candidates_.push_back(std::move(candidate));
    }
  }

  // What few sentences have says more (inverse document frequency).
  void WeighWords() {
    const double n = static_cast<double>(candidates_.size());
    const double rarest = std::log(1 + (n + 0.5) / 0.5);
    for (size_t i = 0; i < question_.size(); ++i) {
      const auto having =
          static_cast<double>(std::ranges::count_if(candidates_, [&](const Candidate& candidate) {
            return candidate.has[i] || candidate.context[i];
          }));
      const double rarity = std::log(1 + (n + 0.5) / (having + 0.5)) / rarest;
      double weight = kCommonWorth + (1 - kCommonWorth) * rarity;
      if (question_[i].kind == WordKind::kName || question_[i].kind == WordKind::kNumber)
        weight *= 1.5;
      // What is done is often said in another word than in the question, and how it is asked
      // seldom repeated.
      if (question_[i].predicate) weight *= having > 0 ? 0.6 : 0.3;
      if (type_ == AnswerType::kNumber && IsMeasure(question_[i])) weight *= kMeasureWorth;
      weights_.push_back(weight);
      total_ += weight;
    }
  }

  // Of what is asked for, by weight: the words for which `counts` says so.
  template <typename Counts>
  double ShareWhere(const Counts& counts) const {
    double share = 0;
    for (size_t i = 0; i < question_.size(); ++i) share += counts(i) ? weights_[i] : 0;
    return total_ == 0 ? 0 : share / total_;
  }
  double Share(const Candidate& candidate, bool with_context) const {
    return ShareWhere(
        [&](size_t i) { return candidate.has[i] || (with_context && candidate.context[i]); });
  }
  // What the sentence does not say, and what it stands below does.
  double SubjectShare(const Candidate& candidate) const {
    return ShareWhere([&](size_t i) { return !candidate.has[i] && candidate.subject[i]; });
  }

  const Passage& passage(const Candidate& candidate) const {
    return passages_[static_cast<size_t>(candidate.place.passage)].passage;
  }

  double Score(const Candidate& candidate) const {
    const double own = Share(candidate, false), all = Share(candidate, true);
    const double subject = SubjectShare(candidate);
    double score = own + kSubjectWorth * subject + kContextWorth * (all - own - subject) +
                   kRankWorth / (1 + candidate.place.passage);
    if (candidate.has_type) score += kTypeWorth;
    score += kDefinitionWorth * candidate.defines;
    const bool is_code = candidate.is_code || passage(candidate).language == "code";
    return is_code ? kCodeWorth * score : score;
  }

  bool MayAnswer(const Candidate& candidate) const {
    if (candidate.is_code && !MayBeCode(type_)) return false;
    const double enough = candidate.has_type ? kFoundShareOfType : kFoundShare;
    return Share(candidate, true) >= enough &&
           (candidate.defines > 0 || Share(candidate, false) >= kOwnShare);
  }

  static double Similarity(const Candidate& a, const Candidate& b) {
    size_t same = 0;
    for (const Word& word : a.words) same += HasWord(b.words, word);
    return static_cast<double>(same) /
           static_cast<double>(std::max<size_t>(1, std::min(a.words.size(), b.words.size())));
  }

  // New words of the question that this one has, by weight.
  double News(const Candidate& candidate, const std::vector<size_t>& chosen) const {
    return ShareWhere([&](size_t i) {
      return candidate.has[i] && std::none_of(chosen.begin(), chosen.end(),
                                              [&](size_t c) { return candidates_[c].has[i]; });
    });
  }

  static bool Overlap(const ExtractedSentence& a, const ExtractedSentence& b) {
    return a.passage == b.passage && a.begin < b.end && b.begin < a.end;
  }

  // Where something has been said to be something, only what stands there, or says so again, goes
  // on.
  bool StraysFromDefinition(const Candidate& candidate, const std::vector<size_t>& chosen) const {
    if (chosen.empty()) return false;
    const Candidate& first = candidates_[chosen.front()];
    if (first.defines == 0 || candidate.place.passage == first.place.passage) return false;
    return first.defines == 1 ? candidate.defines < 1 : candidate.defines == 0;
  }

  std::optional<size_t> Next(const std::vector<size_t>& chosen) const {
    std::optional<size_t> best;
    double best_value = 0;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& candidate = candidates_[i];
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end() || !MayAnswer(candidate))
        continue;
      double similar = 0;
      bool is_in = false;
      for (const size_t c : chosen) {
        similar = std::max(similar, Similarity(candidate, candidates_[c]));
        is_in = is_in || Overlap(candidate.place, candidates_[c].place);
      }
      if (is_in || similar > kRedundancy || StraysFromDefinition(candidate, chosen)) continue;
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
  const std::string subject_;  // what is to be defined; "" = nothing
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
