// Why: Korean words: a noun carries particles, a predicate endings, and what is left is compared.
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/utf8.h"
#include "search/answer/word_lists.h"
#include "search/answer/word_reader.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kSyllableBytes = 3;
// Of inflected verbs, in letters (자모).
constexpr size_t kLeastStemLetters = 4;
constexpr size_t kMostChangedLetters = 2;

struct Particle {
  std::string_view text;
  WordRole role;
  size_t least_stem;  // syllables that must be left, so that 회의 does not become 회
};

// Longest first.
constexpr Particle kParticles[] = {
    {"으로부터", WordRole::kFrom, 1},   {"에게서는", WordRole::kFrom, 1},
    {"이라고는", WordRole::kNone, 1},   {"에서는", WordRole::kFrom, 1},
    {"에게는", WordRole::kReceiver, 1}, {"으로는", WordRole::kTo, 1},
    {"으로써", WordRole::kTo, 1},       {"으로서", WordRole::kTo, 1},
    {"까지는", WordRole::kTo, 1},       {"부터는", WordRole::kFrom, 1},
    {"로부터", WordRole::kFrom, 1},     {"이라는", WordRole::kNone, 1},
    {"에서도", WordRole::kFrom, 1},     {"이라고", WordRole::kNone, 1},
    {"에게서", WordRole::kFrom, 1},     {"에서의", WordRole::kFrom, 1},
    {"으로의", WordRole::kTo, 1},       {"보다는", WordRole::kThan, 1},
    {"보다도", WordRole::kThan, 1},     {"에서", WordRole::kFrom, 1},
    {"에게", WordRole::kReceiver, 1},   {"한테", WordRole::kReceiver, 1},
    {"부터", WordRole::kFrom, 1},       {"까지", WordRole::kTo, 1},
    {"으로", WordRole::kTo, 1},         {"라는", WordRole::kNone, 2},
    {"라고", WordRole::kNone, 2},       {"이나", WordRole::kNone, 1},
    {"처럼", WordRole::kNone, 1},       {"보다", WordRole::kThan, 1},
    {"마다", WordRole::kNone, 1},       {"조차", WordRole::kNone, 2},
    {"밖에", WordRole::kNone, 1},       {"만큼", WordRole::kNone, 1},
    {"과는", WordRole::kWith, 1},       {"와는", WordRole::kWith, 1},
    {"과의", WordRole::kWith, 1},       {"와의", WordRole::kWith, 1},
    {"에는", WordRole::kNone, 1},       {"에도", WordRole::kNone, 1},
    {"로는", WordRole::kTo, 2},         {"로서", WordRole::kTo, 2},
    {"로써", WordRole::kTo, 2},         {"께서", WordRole::kSubject, 1},
    {"께", WordRole::kReceiver, 2},     {"은", WordRole::kTopic, 1},
    {"는", WordRole::kTopic, 1},        {"이", WordRole::kSubject, 2},
    {"가", WordRole::kSubject, 2},      {"을", WordRole::kObject, 1},
    {"를", WordRole::kObject, 1},       {"의", WordRole::kOf, 2},
    {"에", WordRole::kNone, 1},         {"도", WordRole::kNone, 2},
    {"로", WordRole::kTo, 2},           {"와", WordRole::kWith, 2},
    {"과", WordRole::kWith, 2},         {"만", WordRole::kNone, 2},
    {"나", WordRole::kNone, 2},
};

// Of predicates, longest first; the number of syllables that must be left.
struct Ending {
  std::string_view text;
  size_t least_stem;
  bool native = false;  // of verbs whose stem may change with it, unlike 하다, 되다 and 이다
};
constexpr Ending kEndings[] = {
    {"되었습니다", 1},
    {"하였습니다", 1},
    {"시켰습니다", 1},
    {"이었습니다", 1},
    {"했습니다", 1},
    {"됐습니다", 1},
    {"되었으며", 1},
    {"하였으며", 1},
    {"시킵니다", 1},
    {"하도록", 1},
    {"되었고", 1},
    {"되었던", 1},
    {"되었다", 1},
    {"하였다", 1},
    {"하였고", 1},
    {"시켰다", 1},
    {"합니다", 1},
    {"됩니다", 1},
    {"입니다", 1},
    {"였습니다", 1},
    {"이었다", 1},
    {"었습니다", 1, true},
    {"았습니다", 1, true},
    {"습니다", 1, true},
    {"으려면", 1, true},
    {"하려면", 1},
    {"했으며", 1},
    {"됐으며", 1},
    {"해야", 1},
    {"되어", 1},
    {"하여", 1},
    {"했다", 1},
    {"했고", 1},
    {"했던", 1},
    {"한다", 1},
    {"하는", 1},
    {"하고", 1},
    {"하며", 1},
    {"해서", 1},
    {"하면", 1},
    {"하기", 1},
    {"하지", 1},
    {"하던", 1},
    {"됐다", 1},
    {"된다", 1},
    {"되는", 1},
    {"되고", 1},
    {"되며", 1},
    {"되면", 1},
    {"되지", 1},
    {"되기", 1},
    {"시킨", 2},
    {"였다", 1},
    {"이다", 1},
    {"이며", 1},
    {"이고", 1},
    {"었다", 1, true},
    {"았다", 1, true},
    {"었던", 1, true},
    {"았던", 1, true},
    {"었고", 1, true},
    {"았고", 1, true},
    {"었으며", 1, true},
    {"았으며", 1, true},
    {"려면", 1, true},
    {"어야", 1, true},
    {"아야", 1, true},
    {"는다", 1, true},
    {"어서", 1, true},
    {"아서", 1, true},
    {"해", 2},
    {"한", 2},
    {"할", 2},
    {"함", 2},
    {"인", 2},
    {"된", 2},
    {"될", 2},
    {"됨", 2},
    {"돼", 2},
    {"고", 2, true},
    {"며", 2, true},
    {"지", 2, true},
    {"면", 2, true},
    {"다", 1, true},
    {"던", 1, true},
    {"요", 2, true},
    {"었어", 1, true},
    {"았어", 1, true},
    {"했어", 1},
    {"였어", 1},
    {"이야", 1},
    {"어", 2, true},
    {"아", 2, true},
    {"야", 2},
};

size_t Syllables(std::string_view text) { return text.size() / kSyllableBytes; }

// Composed syllables are three bytes each; anything else is left whole.
bool IsComposed(std::string_view text) {
  return text.size() % kSyllableBytes == 0 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// Counters behind native numerals: 세 명, 두 가지.
struct NativeNumeral {
  std::string_view text;
  const char* value;
};
constexpr NativeNumeral kNativeNumerals[] = {
    {"한", "1"},   {"두", "2"},   {"세", "3"},   {"네", "4"},  {"다섯", "5"}, {"여섯", "6"},
    {"일곱", "7"}, {"여덟", "8"}, {"아홉", "9"}, {"열", "10"}, {"스무", "20"}};
constexpr std::string_view kCounters[] = {"개",   "명", "번", "가지", "달", "시간", "살",
                                          "마리", "대", "곳", "권",   "배", "차례", "사람"};

bool IsCounter(std::string_view text) {
  return std::any_of(std::begin(kCounters), std::end(kCounters),
                     [&](std::string_view counter) { return text.starts_with(counter); });
}

// 명 behind 3 or 세 is the number's unit, not a word of its own.
bool JoinsNumber(std::string_view text, const Word& word, std::vector<Word>& words) {
  if (words.empty() || !IsCounter(word.text)) return false;
  Word& number = words.back();
  if (text.substr(number.end, word.begin - number.end) != " ") return false;
  if (number.kind != WordKind::kNumber) {
    const auto numeral =
        std::find_if(std::begin(kNativeNumerals), std::end(kNativeNumerals),
                     [&](const NativeNumeral& one) { return one.text == number.text; });
    if (numeral == std::end(kNativeNumerals)) return false;
    number.kind = WordKind::kNumber;
    number.key = numeral->value;
  } else if (!number.unit.empty()) {
    return false;
  }
  number.unit = word.text.substr(0, kSyllableBytes);
  number.end = word.end;
  return true;
}

// Those of at least so many syllables; false where there is none.
bool CutParticles(Word& word, size_t syllables) {
  for (const Particle& particle : kParticles) {
    if (Syllables(particle.text) < syllables || !word.key.ends_with(particle.text)) continue;
    if (Syllables(word.key) < Syllables(particle.text) + particle.least_stem) continue;
    word.key.resize(word.key.size() - particle.text.size());
    word.role = particle.role;
    return true;
  }
  return false;
}

bool CutEndings(Word& word) {
  for (const Ending& ending : kEndings) {
    if (!word.key.ends_with(ending.text)) continue;
    if (Syllables(word.key) < Syllables(ending.text) + ending.least_stem) continue;
    word.key.resize(word.key.size() - ending.text.size());
    word.predicate = true;
    word.inflected = ending.native;
    return true;
  }
  return false;
}

std::string Jamo(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) return std::string(text);
  const icu::UnicodeString split =
      nfd->normalize(icu::UnicodeString::fromUTF8(
                         icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))),
                     status);
  std::string out;
  split.toUTF8String(out);
  return out;
}

// 만들었다, 만든: the stem's letters are the same up to where the ending begins.
bool SameStem(const std::string& a, const std::string& b) {
  const std::string left = Jamo(a), right = Jamo(b);
  const auto [in_left, in_right] =
      std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  const size_t common = static_cast<size_t>(in_left - left.begin()) / kSyllableBytes;
  const size_t longer = std::max(left.size(), right.size()) / kSyllableBytes;
  return common >= kLeastStemLetters && longer - common <= kMostChangedLetters;
}

bool StartsNegation(std::string_view text) {
  static constexpr std::string_view kStarts[] = {"않",   "못하", "못한", "못했", "못합", "없",
                                                 "아니", "아닌", "아닙", "말아", "마십", "마세"};
  return std::any_of(std::begin(kStarts), std::end(kStarts),
                     [&](std::string_view start) { return text.starts_with(start); });
}

}  // namespace

void ReadHangulRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words) {
  Word word;
  word.begin = begin;
  word.end = end;
  word.script = WordScript::kHangul;
  word.text = FoldForSearch(text.substr(begin, end - begin));
  word.key = word.text;
  if (JoinsNumber(text, word, words)) return;
  if (IsKoreanFunctionWord(word.text) || StartsNegation(word.text)) {
    word.kind = WordKind::kFunction;
  } else if (IsComposed(word.key)) {
    // 보다 and 까지 look like endings, 이 and 은 are part of many.
    if (!CutParticles(word, 2) && !CutEndings(word)) CutParticles(word, 1);
    // What a particle stood behind may be a function word (것에서), or only one (the particle of a
    // word in Latin letters or of a number).
    if (IsKoreanFunctionWord(word.key)) word.kind = WordKind::kFunction;
    const bool attached = !words.empty() && words.back().end == begin;
    if (attached) {
      Word particle = word;
      particle.key = "가가" + word.text;
      CutParticles(particle, 1);
      if (particle.key == "가가") {
        words.back().role = particle.role;
        word.kind = WordKind::kFunction;
      }
    }
  }
  words.push_back(std::move(word));
}

void MarkKoreanNegations(std::vector<Word>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].script != WordScript::kHangul) continue;
    const std::string& text = words[i].text;
    if ((text == "안" || text == "못") && i + 1 < words.size()) {
      words[i + 1].negated = true;
    } else if (StartsNegation(text) && i > 0) {
      // "뿐만 아니라" denies nothing, and "않으면 안 된다" is a must.
      const std::string& before = words[i - 1].text;
      if (before.ends_with("뿐만") || before.ends_with("뿐")) continue;
      size_t j = i;
      while (j > 0 && !SaysSomething(words[j - 1])) --j;
      if (j > 0) words[j - 1].negated = true;
    }
  }
}

bool SameHangul(const Word& a, const Word& b) {
  const auto& [shorter, longer] = a.key.size() <= b.key.size() ? std::pair(a, b) : std::pair(b, a);
  // 서울, 서울시: a compound that begins with it.
  if (shorter.key.size() >= 2 * kSyllableBytes && longer.key.starts_with(shorter.key)) return true;
  if (!a.inflected && !b.inflected) return false;
  // 한 syllable stems: 높다, 높은.
  if (shorter.predicate && shorter.key.size() == kSyllableBytes &&
      longer.text.starts_with(shorter.key) && longer.key.size() <= 2 * kSyllableBytes) {
    return true;
  }
  return SameStem(a.key, b.key);
}

}  // namespace pioneer::search::answer
