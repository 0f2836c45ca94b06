// Why: Japanese words: cut by ICU's dictionary, without the kana that inflect them; particles give
// roles.
#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "search/answer/word_lists.h"
#include "search/answer/word_reader.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kTwoKana = 3;   // bytes: more than one kana
constexpr size_t kOneKanji = 3;  // bytes

icu::BreakIterator& JapaneseBreaks() {
  thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createWordInstance(icu::Locale::getJapan(), status));
    if (U_FAILURE(status))
      Fail(ErrorCode::kInternal, "ICU has no word breaks: {}", u_errorName(status));
    return made;
  }();
  return *iterator;
}

// Where words end, in bytes of `run`.
std::vector<size_t> WordEnds(std::string_view run) {
  const icu::UnicodeString text =
      icu::UnicodeString::fromUTF8(icu::StringPiece(run.data(), static_cast<int32_t>(run.size())));
  icu::BreakIterator& breaks = JapaneseBreaks();
  breaks.setText(text);
  std::vector<size_t> ends;
  size_t bytes = 0;
  int32_t last = breaks.first();
  for (int32_t at = breaks.next(); at != icu::BreakIterator::DONE; at = breaks.next()) {
    std::string piece;
    text.tempSubStringBetween(last, at).toUTF8String(piece);
    bytes += piece.size();
    ends.push_back(bytes);
    last = at;
  }
  return ends;
}

bool HasClass(std::string_view text, LetterClass wanted) {
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    if (ClassOf(c.code_point) == wanted) return true;
    at += static_cast<size_t>(c.length);
  }
  return false;
}

std::string WithoutTrailingKana(std::string_view text) {
  size_t end = 0;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    at += static_cast<size_t>(c.length);
    if (ClassOf(c.code_point) != LetterClass::kHiragana) end = at;
  }
  return std::string(text.substr(0, end));
}

WordRole RoleOf(std::string_view kana) {
  if (kana.starts_with("から")) return WordRole::kFrom;
  if (kana.starts_with("より")) return WordRole::kThan;
  if (kana.starts_with("には") || kana.starts_with("では") || kana.starts_with("とは"))
    return WordRole::kNone;
  if (kana.starts_with("は")) return WordRole::kTopic;
  if (kana.starts_with("が")) return WordRole::kSubject;
  if (kana.starts_with("を")) return WordRole::kObject;
  if (kana.starts_with("に")) return WordRole::kReceiver;
  if (kana.starts_with("へ")) return WordRole::kTo;
  if (kana.starts_with("の")) return WordRole::kOf;
  if (kana.starts_with("と")) return WordRole::kWith;
  return WordRole::kNone;
}

// 三人, 五年: a numeral before a counter.
std::string KanjiNumber(std::string_view text) {
  static constexpr std::string_view kCounters[] = {"人", "年",   "月", "日",   "回",  "個", "本",
                                                   "台", "時間", "円", "倍",   "割",  "名", "件",
                                                   "歳", "階",   "つ", "か国", "種類"};
  static constexpr std::string_view kDigits[] = {"一", "二", "三", "四", "五",
                                                 "六", "七", "八", "九"};
  static constexpr std::string_view kTen = "十";
  int value = 0, digit = 0;
  size_t at = 0;
  while (at < text.size()) {
    const auto found =
        std::find_if(std::begin(kDigits), std::end(kDigits),
                     [&](std::string_view d) { return text.substr(at).starts_with(d); });
    if (found != std::end(kDigits)) {
      digit = static_cast<int>(found - std::begin(kDigits)) + 1;
    } else if (text.substr(at).starts_with(kTen)) {
      value += std::max(digit, 1) * 10;
      digit = 0;
    } else {
      break;
    }
    at += kTen.size();
  }
  if (at == 0) return "";
  const bool counted =
      std::any_of(std::begin(kCounters), std::end(kCounters),
                  [&](std::string_view counter) { return text.substr(at).starts_with(counter); });
  return counted ? std::to_string(value + digit) : "";
}

Word MakeWord(std::string_view run, size_t from, size_t to) {
  Word word;
  word.script = WordScript::kJapanese;
  const std::string_view raw = run.substr(from, to - from);
  word.text = FoldForSearch(raw);
  word.key = WithoutTrailingKana(word.text);
  // サーバー and サーバ are one word.
  constexpr std::string_view kLongVowel = "ー";
  if (word.key.ends_with(kLongVowel) && word.key.size() > 3 * kLongVowel.size()) {
    word.key.resize(word.key.size() - kLongVowel.size());
  }
  word.predicate = word.key.size() < word.text.size();
  const bool han = HasClass(raw, LetterClass::kHan),
             katakana = HasClass(raw, LetterClass::kKatakana);
  if (!han && !katakana) {
    word.key = word.text;
    word.kind = WordKind::kFunction;
  } else if (IsJapaneseFunctionWord(word.text)) {
    word.kind = WordKind::kFunction;
  } else if (!han && word.text.size() > kTwoKana) {
    word.kind = WordKind::kName;
  }
  return word;
}

std::string WithoutAll(std::string text, std::string_view part) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

// The kana behind a word, up to the next word that says something.
bool Denies(std::string_view between) {
  static constexpr std::string_view kHarmless[] = {"なければならない",
                                                   "なければならなかった",
                                                   "なければなりません",
                                                   "なければいけない",
                                                   "なくてはならない",
                                                   "かもしれない",
                                                   "かもしれません",
                                                   "だけでなく",
                                                   "だけではなく",
                                                   "のみならず",
                                                   "ばかりでなく",
                                                   "ざるを得ない",
                                                   "少なくとも",
                                                   "まもなく",
                                                   "はずみ"};
  static constexpr std::string_view kDenials[] = {"ない",     "なかった", "ません", "なくなる",
                                                  "なく、",   "なくて",   "ずに",   "ず、",
                                                  "ではなく", "でなく",   "ぬ",     "なし"};
  std::string kana(between);
  for (const std::string_view harmless : kHarmless) kana = WithoutAll(std::move(kana), harmless);
  return std::any_of(std::begin(kDenials), std::end(kDenials), [&](std::string_view denial) {
    return kana.find(denial) != std::string::npos;
  });
}

}  // namespace

void ReadJapaneseRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words) {
  const std::string_view run = text.substr(begin, end - begin);
  size_t from = 0;
  for (const size_t to : WordEnds(run)) {
    Word word = MakeWord(run, from, to);
    word.begin = begin + from;
    word.end = begin + to;
    const std::string number =
        KanjiNumber(word.text + std::string(run.substr(to, std::min<size_t>(6, run.size() - to))));
    if (!number.empty() && SaysSomething(word)) {
      word.kind = WordKind::kNumber;
      word.key = number;
    }
    if (word.kind == WordKind::kFunction && !words.empty() && words.back().end == word.begin) {
      if (words.back().role == WordRole::kNone) words.back().role = RoleOf(run.substr(from));
    }
    words.push_back(std::move(word));
    from = to;
  }
}

void MarkJapaneseNegations(std::string_view text, std::vector<Word>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const bool number = words[i].kind == WordKind::kNumber;
    if (words[i].script != WordScript::kJapanese && !number) continue;
    if (!SaysSomething(words[i])) continue;
    size_t next = i + 1;
    while (next < words.size() && !SaysSomething(words[next])) ++next;
    const size_t end = next < words.size() ? words[next].begin : text.size();
    std::string_view between = text.substr(words[i].end, end - words[i].end);
    between = between.substr(0, between.find("。"));
    words[i].negated = words[i].negated || Denies(between);
  }
}

bool SameJapanese(const Word& a, const Word& b) {
  const auto& [shorter, longer] = a.key.size() <= b.key.size() ? std::pair(a, b) : std::pair(b, a);
  if (a.kind == WordKind::kName || b.kind == WordKind::kName) return false;
  return shorter.key.size() > kOneKanji && longer.key.starts_with(shorter.key);
}

}  // namespace pioneer::search::answer
