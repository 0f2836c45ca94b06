// Why: English words: endings, names, negation. Other Latin languages are read by the same rules,
// which then match less.
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "search/answer/word_lists.h"
#include "search/answer/word_reader.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kNegationReach = 3;  // words behind "not" among which the negated one is

bool IsVowel(char c) { return std::string_view("aeiouy").find(c) != std::string_view::npos; }

bool HasVowel(std::string_view word) { return std::any_of(word.begin(), word.end(), IsVowel); }

bool CutEnding(std::string& word, std::string_view ending, size_t least) {
  if (!word.ends_with(ending) || word.size() - ending.size() < least) return false;
  const std::string_view rest = std::string_view(word).substr(0, word.size() - ending.size());
  if (!HasVowel(rest)) return false;
  word.resize(rest.size());
  return true;
}

void UndoubleEnd(std::string& word) {
  const size_t n = word.size();
  if (n > 3 && word[n - 1] == word[n - 2] &&
      std::string_view("lsz").find(word[n - 1]) == std::string_view::npos) {
    word.pop_back();
  }
}

// Endings that make other words of the same stem.
constexpr std::array<std::string_view, 40> kDerivations = {
    "",     "e",    "y",   "i",    "ly",   "ment", "ion",  "ation", "ition", "er",
    "or",   "al",   "ity", "ness", "able", "ible", "ive",  "ance",  "ence",  "ant",
    "ent",  "at",   "it",  "s",    "ist",  "ism",  "ful",  "ial",   "ical",  "ic",
    "ator", "ship", "age", "ing",  "ed",   "ive",  "ally", "ional", "ative", "t"};

bool IsDerivation(std::string_view ending) {
  return std::find(kDerivations.begin(), kDerivations.end(), ending) != kDerivations.end();
}

}  // namespace

bool HasDigit(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string EnglishStem(std::string_view folded) {
  std::string word(folded);
  if (word.size() < 4) return word;
  if (word.ends_with("'s")) word.resize(word.size() - 2);
  if (word.ends_with("ies") && word.size() > 4) {
    word.replace(word.size() - 3, 3, "i");
  } else if (word.ends_with("sses")) {
    word.resize(word.size() - 2);
  } else if (word.ends_with("s") && !word.ends_with("ss") && !word.ends_with("us") &&
             !word.ends_with("is")) {
    word.pop_back();
  }
  if (CutEnding(word, "ing", 3) || CutEnding(word, "ed", 2)) UndoubleEnd(word);
  if (word.size() > 3 && word.ends_with("e")) word.pop_back();
  if (word.size() > 3 && word.ends_with("y") && !IsVowel(word[word.size() - 2])) word.back() = 'i';
  return word;
}

void ReadLatinRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words) {
  Word word;
  const std::string_view raw = text.substr(begin, end - begin);
  word.begin = begin;
  word.end = end;
  word.script = WordScript::kLatin;
  word.text = FoldForSearch(raw);
  // A typographic apostrophe is an apostrophe.
  for (size_t at = word.text.find("\u2019"); at != std::string::npos;
       at = word.text.find("\u2019")) {
    word.text.replace(at, 3, "'");
  }
  if (word.text.ends_with("'s")) word.text.resize(word.text.size() - 2);
  word.capitalised = FoldForSearch(raw.substr(0, 1)) != raw.substr(0, 1);
  const bool identifier = HasDigit(raw);
  word.key = identifier ? word.text : EnglishStem(word.text);
  if (IsEnglishFunctionWord(word.text) || IsNegation(word.text) || word.text.size() < 2) {
    word.kind = WordKind::kFunction;
  } else if (identifier || word.capitalised) {
    word.kind = WordKind::kName;
    if (identifier) word.capitalised = false;
  }
  words.push_back(std::move(word));
}

void MarkEnglishNegations(std::vector<Word>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].script != WordScript::kLatin || !IsNegation(words[i].text)) continue;
    // "not only ... but also" denies nothing.
    if (i + 1 < words.size() && words[i + 1].text == "only") continue;
    size_t seen = 0;
    for (size_t j = i + 1; j < words.size() && seen < kNegationReach; ++j) {
      if (words[j].sentence_start) break;
      if (!SaysSomething(words[j])) continue;
      words[j].negated = true;
      ++seen;
      break;
    }
  }
}

bool SameLatin(const Word& a, const Word& b) {
  const bool names = (a.kind == WordKind::kName && !a.capitalised) ||
                     (b.kind == WordKind::kName && !b.capitalised);
  if (names || (a.capitalised && b.capitalised && !a.sentence_start && !b.sentence_start))
    return false;
  const auto [in_a, in_b] = std::mismatch(a.key.begin(), a.key.end(), b.key.begin(), b.key.end());
  const size_t common = static_cast<size_t>(in_a - a.key.begin());
  if (common < 4) return false;
  return IsDerivation(std::string_view(a.key).substr(common)) &&
         IsDerivation(std::string_view(b.key).substr(common));
}

}  // namespace pioneer::search::answer
