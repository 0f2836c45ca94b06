#include "search/answer/words.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "search/answer/word_lists.h"
#include "search/answer/word_reader.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

bool IsIn(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

// Digits with separators between them, from `at`; the end of it.
size_t NumberEnd(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size()) {
    const DecodedChar c = DecodeUtf8(text.substr(end));
    if (ClassOf(c.code_point) == LetterClass::kDigit) {
      end += static_cast<size_t>(c.length);
      continue;
    }
    const bool separator = text[end] == ',' || text[end] == '.';
    if (!separator || end + 1 >= text.size() ||
        !std::isdigit(static_cast<unsigned char>(text[end + 1]))) {
      break;
    }
    ++end;
  }
  return end;
}

// "1,200.50" -> 1200.5. What is no number (several points: a version, a date) stays a text.
std::optional<double> NumberValue(std::string_view folded) {
  std::string digits;
  for (const char c : folded) {
    if (c != ',') digits += c;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

struct Multiplier {
  std::string_view text;
  double value;
};
constexpr Multiplier kMultipliers[] = {{"만", 1e4}, {"억", 1e8}, {"조", 1e12}, {"천", 1e3},
                                       {"백", 1e2}, {"万", 1e4}, {"億", 1e8},  {"兆", 1e12},
                                       {"千", 1e3}, {"百", 1e2}};

// "%", "km", "월", "개": what stands at once behind a number, without particles.
constexpr std::string_view kPercents[] = {"%", "％", "percent", "퍼센트", "프로", "パーセント"};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<Word> Read() {
    while (at_ < text_.size()) Step();
    JoinEnglishNumbers();
    MarkSentenceStarts();
    MarkEnglishNegations(words_);
    MarkKoreanNegations(words_);
    MarkJapaneseNegations(text_, words_);
    return std::move(words_);
  }

 private:
  LetterClass ClassAt(size_t at) const {
    return at < text_.size() ? ClassOf(DecodeUtf8(text_.substr(at)).code_point)
                             : LetterClass::kOther;
  }

  void Step() {
    const LetterClass kind = ClassAt(at_);
    if (kind == LetterClass::kOther) {
      at_ += static_cast<size_t>(DecodeUtf8(text_.substr(at_)).length);
    } else if (kind == LetterClass::kDigit) {
      ReadNumber();
    } else {
      const size_t end = RunEnd(kind);
      if (kind == LetterClass::kLatin) {
        ReadLatinRun(text_, at_, end, words_);
      } else if (kind == LetterClass::kHangul) {
        ReadHangulRun(text_, at_, end, words_);
      } else {
        ReadJapaneseRun(text_, at_, end, words_);
      }
      at_ = end;
    }
  }

  // Letters of the same script; digits within a Latin word belong to it ("SHA256"), and so do
  // apostrophes.
  size_t RunEnd(LetterClass kind) const {
    const bool japanese = kind != LetterClass::kLatin && kind != LetterClass::kHangul;
    size_t end = at_;
    while (end < text_.size()) {
      const DecodedChar c = DecodeUtf8(text_.substr(end));
      const LetterClass next = ClassOf(c.code_point);
      bool within = next == kind;
      if (japanese) {
        within = next == LetterClass::kHan || next == LetterClass::kHiragana ||
                 next == LetterClass::kKatakana;
      }
      if (kind == LetterClass::kLatin && !within) {
        const bool apostrophe = c.code_point == '\'' || c.code_point == 0x2019;
        within =
            next == LetterClass::kDigit ||
            (apostrophe && ClassAt(end + static_cast<size_t>(c.length)) == LetterClass::kLatin);
      }
      if (!within) break;
      end += static_cast<size_t>(c.length);
    }
    return end;
  }

  bool TakeMultiplier(double& value) {
    for (const Multiplier& multiplier : kMultipliers) {
      if (!text_.substr(at_).starts_with(multiplier.text)) continue;
      value *= multiplier.value;
      at_ += multiplier.text.size();
      return true;
    }
    return false;
  }

  // 3만 5천: groups that add up.
  double ReadGroups(double value) {
    double total = 0;
    double group = value;
    while (TakeMultiplier(group)) {
      const size_t before = at_;
      if (ClassAt(at_) != LetterClass::kDigit) return total + group;
      const size_t end = NumberEnd(text_, at_);
      const auto next = NumberValue(FoldForSearch(text_.substr(at_, end - at_)));
      if (!next) {
        at_ = before;
        return total + group;
      }
      total += group;
      group = *next;
      at_ = end;
    }
    return total + group;
  }

  void ReadNumber() {
    Word word;
    word.kind = WordKind::kNumber;
    word.begin = at_;
    at_ = NumberEnd(text_, at_);
    word.text = FoldForSearch(text_.substr(word.begin, at_ - word.begin));
    word.key = word.text;
    if (const auto value = NumberValue(word.text))
      word.key = fmt::format("{:.15g}", ReadGroups(*value));
    ReadUnit(word);
    word.end = at_;
    words_.push_back(std::move(word));
  }

  void ReadUnit(Word& word) {
    for (const std::string_view percent : kPercents) {
      if (!text_.substr(at_).starts_with(percent)) continue;
      word.unit = "%";
      at_ += percent.size();
      return;
    }
    const LetterClass kind = ClassAt(at_);
    if (kind == LetterClass::kOther || kind == LetterClass::kDigit) return;
    if (kind == LetterClass::kHiragana) return;
    // The counter: the first letter of a Korean or Japanese word, a whole one of katakana or Latin.
    size_t end = at_ + static_cast<size_t>(DecodeUtf8(text_.substr(at_)).length);
    if (kind == LetterClass::kLatin || kind == LetterClass::kKatakana) {
      while (ClassAt(end) == kind) end += static_cast<size_t>(DecodeUtf8(text_.substr(end)).length);
    }
    word.unit = FoldForSearch(text_.substr(at_, end - at_));
    if (word.unit == "th" || word.unit == "st" || word.unit == "nd" || word.unit == "rd")
      word.unit = "";
    at_ = end;
    // What is left of a Korean counter is its particle ("월에", "명의").
    if (kind != LetterClass::kHangul) return;
    while (ClassAt(at_) == LetterClass::kHangul) {
      at_ += static_cast<size_t>(DecodeUtf8(text_.substr(at_)).length);
    }
  }

  // "two hundred thousand", "1.2 million": one number.
  void JoinEnglishNumbers() {
    std::vector<Word> joined;
    for (Word& word : words_) {
      const auto value = word.script == WordScript::kLatin && word.kind != WordKind::kNumber
                             ? EnglishNumberWord(word.text)
                             : std::nullopt;
      if (value) {
        word.kind = WordKind::kNumber;
        word.key = fmt::format("{:.15g}", *value);
      }
      if (value && !joined.empty() && Continues(joined.back(), word)) {
        Extend(joined.back(), word, *value);
      } else {
        joined.push_back(std::move(word));
      }
    }
    words_ = std::move(joined);
  }

  bool Continues(const Word& before, const Word& word) const {
    if (before.kind != WordKind::kNumber || !before.unit.empty()) return false;
    const std::string_view between = text_.substr(before.end, word.begin - before.end);
    return between == " " || between == "-";
  }

  static void Extend(Word& number, const Word& word, double value) {
    const double before = NumberValue(number.key).value_or(0);
    const double now = value >= 100 && before < value ? before * value : before + value;
    number.key = fmt::format("{:.15g}", now);
    number.end = word.end;
  }

  // A Latin word with a Korean or Japanese particle: no sentence begins with a capital there.
  bool IsAmongOthers(const Word& word) const {
    const LetterClass next = ClassAt(word.end);
    return next != LetterClass::kOther && next != LetterClass::kDigit &&
           next != LetterClass::kLatin;
  }

  void MarkSentenceStarts() {
    bool start = true;
    size_t last_end = 0;
    for (Word& word : words_) {
      const std::string_view between = text_.substr(last_end, word.begin - last_end);
      if (between.find_first_of(".!?:\n") != std::string_view::npos) start = true;
      word.sentence_start = start;
      // A capital letter says nothing where every sentence has one.
      if (start && word.kind == WordKind::kName && word.capitalised && !IsAmongOthers(word)) {
        word.kind = WordKind::kContent;
      }
      start = false;
      last_end = word.end;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Word> words_;
};

}  // namespace

LetterClass ClassOf(char32_t c) {
  if (IsIn(c, '0', '9') || IsIn(c, 0xFF10, 0xFF19)) return LetterClass::kDigit;
  if (c < 0x80)
    return std::isalpha(static_cast<int>(c)) != 0 ? LetterClass::kLatin : LetterClass::kOther;
  if (IsIn(c, 0xAC00, 0xD7A3) || IsIn(c, 0x1100, 0x11FF) || IsIn(c, 0x3131, 0x318E)) {
    return LetterClass::kHangul;
  }
  if (IsIn(c, 0x3041, 0x309F)) return LetterClass::kHiragana;
  if ((IsIn(c, 0x30A1, 0x30FF) && c != 0x30FB) || IsIn(c, 0x31F0, 0x31FF) ||
      IsIn(c, 0xFF66, 0xFF9F)) {
    return LetterClass::kKatakana;
  }
  if (IsIn(c, 0x3400, 0x4DBF) || IsIn(c, 0x4E00, 0x9FFF) || IsIn(c, 0xF900, 0xFAFF) ||
      c == 0x3005 || IsIn(c, 0x20000, 0x3FFFF)) {
    return LetterClass::kHan;
  }
  return u_isalpha(static_cast<UChar32>(c)) ? LetterClass::kLatin : LetterClass::kOther;
}

std::vector<Word> ReadWords(std::string_view text) { return Reader(text).Read(); }

bool SameWord(const Word& a, const Word& b) {
  if (a.kind == WordKind::kNumber || b.kind == WordKind::kNumber) {
    if (a.kind != b.kind || a.key != b.key) return false;
    return a.unit.empty() || b.unit.empty() || a.unit == b.unit || a.script != b.script;
  }
  if (a.key == b.key || a.text == b.text) return true;
  const int group = SynonymGroup(a.key);
  if (group != 0 && group == SynonymGroup(b.key)) return true;
  if (a.script != b.script) return false;
  if (OppositeWords(a, b)) return false;
  switch (a.script) {
    case WordScript::kLatin:
      return SameLatin(a, b);
    case WordScript::kHangul:
      return SameHangul(a, b);
    case WordScript::kJapanese:
      return SameJapanese(a, b);
  }
  return false;
}

bool OppositeWords(const Word& a, const Word& b) {
  const int group = OppositeGroup(a.key);
  return group != 0 && OppositeGroup(b.key) == -group;
}

std::string LanguageOf(std::string_view text) {
  size_t hangul = 0, kana = 0, han = 0, latin = 0;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const LetterClass kind = ClassOf(c.code_point);
    hangul += kind == LetterClass::kHangul;
    kana += kind == LetterClass::kHiragana || kind == LetterClass::kKatakana;
    han += kind == LetterClass::kHan;
    latin += kind == LetterClass::kLatin;
    at += static_cast<size_t>(c.length);
  }
  // A word in Latin letters has several times as many of them.
  if (hangul > 0 && hangul >= kana && hangul * 6 >= latin) return "ko";
  if ((kana > 0 || han > 0) && (kana + han) * 6 >= latin) return "ja";
  return "en";
}

}  // namespace pioneer::search::answer
