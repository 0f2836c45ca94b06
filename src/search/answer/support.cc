#include "search/answer/support.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/answer/alignment.h"
#include "search/answer/sentences.h"
#include "search/answer/word_lists.h"
#include "search/answer/word_reader.h"

namespace pioneer::search::answer {
namespace {

using Kind = Mismatch::Kind;

// A sentence is as long as one says in a breath: a paraphrase joins two at most.
constexpr size_t kMaxWindow = 2;
// Of the sentence's words. What is not found may be a synonym that nobody listed, or an invention;
// only one word in eight is believed to be the former.
constexpr double kSupportedShare = 0.875;
constexpr double kPartlyShare = 0.5;
// A second sentence of the passage must bring something.
constexpr double kWindowCost = 0.02;
// What contradicts counts for more than what is merely not there.
constexpr double kMismatchFactor = 0.4;

// Where nothing is written alike in both languages.
constexpr double kAcrossScore = 0.3;

// Shares that are as good as equal.
constexpr double kEqualShare = 0.02;
// What a pair of sentences must add to one that contradicts, to be believed instead.
constexpr double kPairGain = 0.4;

bool Contradicts(const Mismatch& mismatch) {
  return mismatch.kind != Kind::kNone && mismatch.kind != Kind::kWords;
}

int Rank(Support support) {
  switch (support) {
    case Support::kSupported:
      return 2;
    case Support::kPartly:
      return 1;
    case Support::kUnsupported:
      return 0;
  }
  return 0;
}

bool Better(const Verdict& a, const Verdict& b) {
  if (Rank(a.support) != Rank(b.support)) return Rank(a.support) > Rank(b.support);
  return a.score > b.score;
}

std::string ContextOf(const Passage& passage) {
  std::string text = passage.title;
  for (const std::string& heading : passage.headings) text += "\n" + heading;
  return text;
}

// "It was ..." goes on with what was said before.
bool BeginsWithPronoun(const std::vector<Word>& words) {
  static constexpr std::string_view kPronouns[] = {"it",  "he",  "she",   "they", "its",
                                                   "his", "her", "their", "this", "these"};
  return !words.empty() && std::find(std::begin(kPronouns), std::end(kPronouns), words[0].text) !=
                               std::end(kPronouns);
}

// What a sentence is about: its first noun, but not when something was.
const Word* SubjectOf(const std::vector<Word>& words) {
  if (BeginsWithPronoun(words)) return nullptr;
  for (const Word& word : words) {
    if (word.predicate && word.script != WordScript::kLatin) return nullptr;
    if (!SaysSomething(word) || word.kind == WordKind::kNumber) continue;
    const bool noun = word.script == WordScript::kLatin || word.role == WordRole::kTopic ||
                      word.role == WordRole::kSubject || word.role == WordRole::kOf;
    if (noun) return &word;
  }
  return nullptr;
}

// Two sentences, and the one that says most of it is about something that the claim does not name:
// its subject was taken from the other, and nobody said that.
bool TakesForeignSubject(const Alignment& a, size_t n_first) {
  size_t first = 0, second = 0;
  for (const AlignedWord& word : a.words) {
    if (word.source < 0) continue;
    ++(word.source >= static_cast<int>(n_first) ? second : first);
  }
  if (first == 0 || second == 0) return false;
  const auto middle = a.source.begin() + static_cast<std::ptrdiff_t>(n_first);
  const std::vector<Word> said = second >= first ? std::vector<Word>(middle, a.source.end())
                                                 : std::vector<Word>(a.source.begin(), middle);
  const Word* subject = SubjectOf(said);
  return subject != nullptr && std::none_of(a.claim.begin(), a.claim.end(), [&](const Word& word) {
           return SaysSomething(word) && SameWord(word, *subject);
         });
}

bool IsNumber(const Word& word) { return word.kind == WordKind::kNumber; }

// Words of the claim that stand in a passage of any language: digits, words with digits in them,
// and Latin letters within Korean or Japanese unless they are a number's unit.
std::vector<Word> WrittenAlike(const std::vector<Word>& claim, const std::string& language) {
  std::vector<Word> alike;
  for (size_t i = 0; i < claim.size(); ++i) {
    const Word& word = claim[i];
    const bool latin = !IsNumber(word) && SaysSomething(word) && word.script == WordScript::kLatin;
    const bool unit = i > 0 && IsNumber(claim[i - 1]);
    const bool taken_over = latin && language != "en" && !unit;
    if (taken_over || (HasDigit(word.text) && (latin || IsNumber(word)))) alike.push_back(word);
  }
  return alike;
}

// What a number counts has another name there, and English has words for months and small numbers.
bool SameAcross(const Word& a, const Word& b) {
  if (!IsNumber(a)) return SaysSomething(b) && SameWord(a, b);
  return IsNumber(b) ? a.key == b.key : a.key == EnglishNumberAcross(b.text);
}

bool Has(const std::vector<Word>& words, const Word& wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& word) { return SameAcross(wanted, word); });
}

bool IsNegated(const Word& word) { return word.negated; }

double TotalWeight(const std::vector<Word>& words) {
  double weight = 0;
  for (const Word& word : words) weight += WordWeight(word);
  return weight;
}

// Where words cannot decide, the writer does, who named a passage in another language.
bool GoesBefore(const Verdict& a, const Verdict& b) {
  if (Rank(a.support) == Rank(b.support) && a.other_language != b.other_language)
    return a.other_language;
  return Better(a, b);
}

}  // namespace

SupportChecker::SupportChecker(const std::vector<RankedPassage>& passages) {
  for (const RankedPassage& ranked : passages) {
    ReadPassage read;
    const std::string& text = ranked.passage.text;
    for (const TextSpan& span : SplitSentences(text)) {
      read.sentences.push_back(
          {span.begin, span.end, ReadWords(span.In(text)), LanguageOf(span.In(text))});
    }
    read.context = ReadWords(ContextOf(ranked.passage));
    passages_.push_back(std::move(read));
  }
}

bool SupportChecker::ReadPassage::Speaks(const std::string& language) const {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](const Sentence& sentence) { return sentence.language == language; });
}

Verdict SupportChecker::CheckWindow(const std::vector<Word>& claim, int passage, size_t first,
                                    size_t n) const {
  const ReadPassage& read = passages_[static_cast<size_t>(passage)];
  std::vector<Word> source;
  for (size_t i = first; i < first + n; ++i) {
    source.insert(source.end(), read.sentences[i].words.begin(), read.sentences[i].words.end());
  }
  const Alignment alignment = Align(claim, source, read.context);
  Verdict verdict;
  verdict.passage = passage;
  verdict.begin = read.sentences[first].begin;
  verdict.end = read.sentences[first + n - 1].end;
  verdict.covered = Covered(alignment);
  verdict.mismatch = FindMismatch(alignment);
  if (verdict.mismatch.kind == Kind::kNone && n > 1 &&
      TakesForeignSubject(alignment, read.sentences[first].words.size())) {
    verdict.mismatch = {Kind::kExchanged, ""};
  }
  verdict.score = verdict.covered - kWindowCost * static_cast<double>(n - 1);
  if (Contradicts(verdict.mismatch)) {
    verdict.score *= kMismatchFactor;
    return verdict;
  }
  if (verdict.covered >= kSupportedShare && verdict.mismatch.kind == Kind::kNone) {
    verdict.support = Support::kSupported;
  } else {
    verdict.mismatch.kind = Kind::kWords;
    if (verdict.covered >= kPartlyShare) verdict.support = Support::kPartly;
  }
  return verdict;
}

// What the passage says best is decided by the words; a pair of sentences does not help where one
// of them has nearly all and says something else.
Verdict SupportChecker::CheckPassage(const std::vector<Word>& claim, int passage) const {
  Verdict best, contradiction;
  const size_t n = passages_[static_cast<size_t>(passage)].sentences.size();
  for (size_t first = 0; first < n; ++first) {
    for (size_t length = 1; length <= kMaxWindow && first + length <= n; ++length) {
      Verdict verdict = CheckWindow(claim, passage, first, length);
      const bool contradicts = length == 1 && Contradicts(verdict.mismatch);
      if (contradicts && verdict.covered > contradiction.covered) contradiction = verdict;
      const bool better = verdict.covered > best.covered + kEqualShare ||
                          (verdict.covered > best.covered - kEqualShare && Better(verdict, best));
      if (best.passage < 0 || better) best = std::move(verdict);
    }
  }
  const bool pair = best.passage >= 0 && IsPair(passage, best);
  if (pair && contradiction.covered >= best.covered - kPairGain) return contradiction;
  return best;
}

// What is written alike must be there, and what is denied must be denied somewhere. The sentence
// with most of it is quoted; the whole passage where nothing is written alike.
Verdict SupportChecker::CheckAcross(const std::vector<Word>& claim, const std::string& language,
                                    int passage) const {
  const ReadPassage& read = passages_[static_cast<size_t>(passage)];
  Verdict verdict;
  verdict.passage = passage;
  verdict.other_language = true;
  std::vector<Word> all = read.context;
  for (const Sentence& sentence : read.sentences) {
    all.insert(all.end(), sentence.words.begin(), sentence.words.end());
  }
  const std::vector<Word> alike = WrittenAlike(claim, language);
  for (const Word& word : alike) {
    if (Has(all, word)) continue;
    verdict.mismatch = {IsNumber(word) ? Kind::kNumber : Kind::kName, word.text};
    return verdict;
  }
  const auto denied = std::find_if(claim.begin(), claim.end(), IsNegated);
  if (denied != claim.end() && std::none_of(all.begin(), all.end(), IsNegated)) {
    verdict.mismatch = {Kind::kNegation, denied->text};
    return verdict;
  }
  if (read.sentences.empty()) return verdict;
  verdict.begin = read.sentences.front().begin;
  verdict.end = read.sentences.back().end;
  int64_t most = 0;
  for (const Sentence& sentence : read.sentences) {
    const auto n =
        std::ranges::count_if(alike, [&](const Word& word) { return Has(sentence.words, word); });
    if (n <= most) continue;
    most = n;
    verdict.begin = sentence.begin;
    verdict.end = sentence.end;
  }
  verdict.covered = TotalWeight(alike) / TotalWeight(claim);
  verdict.score = kAcrossScore * (1 + verdict.covered);
  verdict.support = Support::kPartly;
  return verdict;
}

bool SupportChecker::IsPair(int passage, const Verdict& verdict) const {
  const auto& sentences = passages_[static_cast<size_t>(passage)].sentences;
  return std::none_of(sentences.begin(), sentences.end(), [&](const Sentence& sentence) {
    return sentence.begin == verdict.begin && sentence.end == verdict.end;
  });
}

std::optional<Verdict> SupportChecker::Check(std::string_view sentence,
                                             const std::vector<int>& cited) const {
  const std::vector<Word> claim = ReadWords(sentence);
  // What says nothing needs no support, and gets none.
  if (std::none_of(claim.begin(), claim.end(), SaysSomething)) return std::nullopt;
  const std::string language = LanguageOf(sentence);
  std::optional<Verdict> best;
  const auto take = [&](Verdict verdict) {
    if (!best || GoesBefore(verdict, *best)) best = std::move(verdict);
  };
  for (int i = 0; i < std::ssize(passages_); ++i) {
    const bool is_cited = std::find(cited.begin(), cited.end(), i) != cited.end();
    if (!passages_[static_cast<size_t>(i)].Speaks(language)) {
      if (is_cited) take(CheckAcross(claim, language, i));
      continue;
    }
    Verdict verdict = CheckPassage(claim, i);
    if (verdict.passage < 0 || verdict.covered == 0) continue;
    if (is_cited) verdict.score += 1e-6;  // between equals, the one that the writer named
    take(std::move(verdict));
  }
  if (best) best->score = std::clamp(best->score, 0.0, 1.0);
  return best;
}

std::string DescribeMismatch(const Mismatch& mismatch) {
  switch (mismatch.kind) {
    case Kind::kNone:
      return "";
    case Kind::kNumber:
      return fmt::format("number {}", mismatch.word);
    case Kind::kName:
      return fmt::format("name {}", mismatch.word);
    case Kind::kNegation:
      return fmt::format("denied: {}", mismatch.word);
    case Kind::kOpposite:
      return fmt::format("opposite: {}", mismatch.word);
    case Kind::kExchanged:
      return fmt::format("exchanged: {}", mismatch.word);
    case Kind::kWords:
      return "words that are not there";
  }
  return "";
}

}  // namespace pioneer::search::answer
