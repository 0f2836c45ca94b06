#include "search/index/analyzer.h"

#include <algorithm>

#include "base/utf8.h"
#include "search/index/japanese.h"
#include "search/index/korean.h"
#include "search/index/latin.h"
#include "search/index/script.h"

namespace pioneer::search {
namespace {

std::string Encode(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) AppendUtf8(out, c);
  return out;
}

std::u32string DecodeFolded(std::string_view text) {
  const std::vector<char32_t> points = Utf8ToCodePoints(FoldWord(text));
  return {points.begin(), points.end()};
}

// A stretch of characters of one script.
struct ScriptRun {
  Script script = Script::kNone;
  size_t begin = 0, end = 0;  // bytes
};

bool IsAlphanumeric(Script script) { return script == Script::kLetter || script == Script::kDigit; }

Script ScriptOfAscii(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter ? Script::kLetter : c >= '0' && c <= '9' ? Script::kDigit : Script::kNone;
}

bool IsLowerAscii(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpperAscii(char c) { return c >= 'A' && c <= 'Z'; }

TermKind KindOfWord(std::string_view folded) {
  return IsEnglishFunctionWord(folded) ? TermKind::kFunction : TermKind::kWord;
}

struct WordTerm {
  std::string text;
  TermKind kind;
};

// What becomes of words that were met: a place each, where the last one that falls there stays.
template <typename Value, size_t kPlaces>
class WordCache {
 public:
  static constexpr size_t kLongest = 24;  // bytes; longer words are rare

  // `make`(value) fills in what becomes of a word of 1 to kLongest bytes.
  template <typename Make>
  const Value& Find(std::string_view word, const Make& make) {
    Place& place = places_[std::hash<std::string_view>()(word) % kPlaces];
    if (std::string_view(place.word, place.size) != word) {
      place.size = 0;
      make(place.value);
      place.size = static_cast<uint8_t>(word.copy(place.word, kLongest));
    }
    return place.value;
  }

 private:
  struct Place {
    char word[kLongest];
    uint8_t size = 0;
    Value value;
  };
  std::vector<Place> places_{kPlaces};
};

// Most words of most texts: ASCII letters, small but for the first. A thread has one.
using PlainWords = WordCache<WordTerm, 1 << 13>;

// The terms of a stretch of Hangul.
struct HangulTerms {
  bool is_particle = false;
  std::vector<WordTerm> terms;
};
using HangulWords = WordCache<HangulTerms, 1 << 12>;

// Pairs of neighbouring characters, each once.
void AddPairTerms(std::u32string_view word, std::vector<WordTerm>& terms) {
  const size_t first = terms.size();
  for (size_t i = 0; i + 1 < word.size(); ++i) {
    std::string pair = Encode(word.substr(i, 2));
    const auto is_same = [&](const WordTerm& term) { return term.text == pair; };
    if (std::none_of(terms.begin() + static_cast<std::ptrdiff_t>(first), terms.end(), is_same)) {
      terms.push_back({std::move(pair), TermKind::kPair});
    }
  }
}

void FindHangulTerms(std::string_view text, HangulTerms& found) {
  const std::u32string word = DecodeFolded(text), stem = StripKoreanEndings(word);
  found.is_particle = IsKoreanParticle(word);
  found.terms.clear();
  if (IsKoreanFunctionWord(stem) || IsKoreanFunctionWord(word)) {
    found.terms.push_back({Encode(stem), TermKind::kFunction});
    return;
  }
  found.terms.push_back({Encode(stem), TermKind::kWord});
  if (stem.size() > 2) {
    AddPairTerms(stem, found.terms);
  } else if (MayEndInParticle(stem)) {
    found.terms.push_back({Encode(stem.substr(0, 1)), TermKind::kPair});
  }
}

class TextAnalyzer {
 public:
  explicit TextAnalyzer(std::string_view text) : text_(text) { terms_.reserve(text.size() / 5); }

  std::vector<Term> Run() {
    for (ScriptRun run = RunAt(0); run.begin < text_.size(); run = RunAt(run.end)) {
      switch (run.script) {
        case Script::kNone:
        case Script::kMark:
          break;
        case Script::kLetter:
        case Script::kDigit:
          run.end = AddWrittenWord(run);
          break;
        case Script::kHangul:
          AddHangul(run);
          break;
        case Script::kKatakana:
          AddKatakana(run);
          break;
        case Script::kHiragana:
          AddHiragana(run);
          break;
        case Script::kKanji:
        case Script::kUnspaced:
          AddUnspaced(run);
          break;
      }
      last_ = run;
    }
    return std::move(terms_);
  }

 private:
  struct CharScript {
    Script script;
    size_t length;
  };

  CharScript CharScriptAt(size_t at) const {
    if (static_cast<uint8_t>(text_[at]) < 0x80) return {ScriptOfAscii(text_[at]), 1};
    const DecodedChar c = DecodeUtf8(text_.substr(at));
    return {c.valid ? ScriptOf(c.code_point) : Script::kNone, static_cast<size_t>(c.length)};
  }

  // Marks belong to what they follow.
  ScriptRun RunAt(size_t begin) const {
    if (begin >= text_.size()) return {Script::kNone, begin, begin};
    const CharScript first = CharScriptAt(begin);
    size_t end = begin + first.length;
    while (end < text_.size()) {
      const CharScript next = CharScriptAt(end);
      const bool is_mark = next.script == Script::kMark && first.script != Script::kNone;
      if (next.script != first.script && !is_mark) break;
      end += next.length;
    }
    return {first.script, begin, end};
  }

  void Add(std::string term, TermKind kind, uint32_t position, size_t begin, size_t end) {
    if (term.empty()) return;
    if (term.size() > kMaxTermBytes) {
      term.resize(kMaxTermBytes);
      term.resize(CompleteUtf8Prefix(term));
    }
    terms_.push_back({std::move(term), kind, word_, position, static_cast<uint32_t>(begin),
                      static_cast<uint32_t>(end)});
  }

  // --- Scripts with spaces.

  // Pieces of letters and digits with joints between: "boundary-layer", "don't", "1,000.5".
  size_t AddWrittenWord(const ScriptRun& first) {
    if (AddPlainWord(first)) return first.end;
    std::vector<ScriptRun> pieces;
    bool is_number = first.script == Script::kDigit;
    size_t end = first.begin;
    for (ScriptRun run = first; IsAlphanumeric(run.script); run = NextPiece(end, run.script)) {
      SplitCamel(run, pieces);
      is_number = is_number && run.script == Script::kDigit;
      end = run.end;
    }
    const std::string_view written = text_.substr(first.begin, end - first.begin);
    if (is_number && written.find_first_of("-_") == written.npos) {
      AddNumber(first.begin, end);
    } else {
      AddPieces(pieces, first.begin, end);
    }
    return end;
  }

  // False: it is none.
  bool AddPlainWord(const ScriptRun& run) {
    const size_t size = run.end - run.begin;
    if (run.script != Script::kLetter || size > PlainWords::kLongest) return false;
    char folded[PlainWords::kLongest];
    folded[0] = static_cast<char>(text_[run.begin] | 32);
    for (size_t i = 1; i < size; ++i) folded[i] = text_[run.begin + i];
    if (!std::all_of(folded, folded + size, IsLowerAscii)) return false;
    if (IsAlphanumeric(NextPiece(run.end, run.script).script)) return false;
    thread_local PlainWords words;
    const std::string_view text(folded, size);
    const WordTerm& word = words.Find(text, [&](WordTerm& made) {
      made = {StemWord(text), KindOfWord(text)};
    });
    ++word_;
    Add(word.text, word.kind, ++position_, run.begin, run.end);
    return true;
  }

  // The piece behind what joins it to the one before; of no script when the word ends here.
  ScriptRun NextPiece(size_t at, Script before) const {
    const ScriptRun none{Script::kNone, at, at};
    if (at >= text_.size()) return none;
    if (IsAlphanumeric(CharScriptAt(at).script)) return RunAt(at);
    const size_t joint = JointLength(at);
    if (joint == 0 || at + joint >= text_.size()) return none;
    const ScriptRun behind = RunAt(at + joint);
    if (!IsAlphanumeric(behind.script)) return none;
    if (text_[at] != ',') return behind;
    const bool is_group = before == Script::kDigit && behind.script == Script::kDigit &&
                          behind.end - behind.begin == 3;
    return is_group ? behind : none;
  }

  size_t JointLength(size_t at) const {
    constexpr std::string_view kApostrophe = "\u2019";
    const char c = text_[at];
    if (c == '_' || c == '-' || c == '\'' || c == '.' || c == ',') return 1;
    return text_.substr(at).starts_with(kApostrophe) ? kApostrophe.size() : 0;
  }

  // "HTTPServer" is "HTTP" and "Server".
  void SplitCamel(const ScriptRun& run, std::vector<ScriptRun>& pieces) const {
    size_t begin = run.begin;
    for (size_t i = run.begin + 1; i < run.end; ++i) {
      const bool rises = IsLowerAscii(text_[i - 1]) && IsUpperAscii(text_[i]);
      const bool ends_acronym = i + 1 < run.end && IsUpperAscii(text_[i - 1]) &&
                                IsUpperAscii(text_[i]) && IsLowerAscii(text_[i + 1]);
      if (!rises && !ends_acronym) continue;
      pieces.push_back({run.script, begin, i});
      begin = i;
    }
    pieces.push_back({run.script, begin, run.end});
  }

  void AddNumber(size_t begin, size_t end) {
    std::string number = FoldWord(text_.substr(begin, end - begin));
    std::erase(number, ',');
    std::erase(number, '\'');
    ++word_;
    Add(std::move(number), TermKind::kWord, ++position_, begin, end);
  }

  void AddPieces(std::vector<ScriptRun>& pieces, size_t begin, size_t end) {
    constexpr size_t kMostPieces = 8;  // what has more is no word
    ++word_;
    DropContractions(pieces);
    std::string whole;
    for (const ScriptRun& piece : pieces) {
      whole += FoldWord(text_.substr(piece.begin, piece.end - piece.begin));
    }
    if (pieces.size() == 1) {
      const TermKind kind = KindOfWord(whole);
      Add(StemWord(whole), kind, ++position_, begin, end);
      return;
    }
    if (KindOfWord(whole) == TermKind::kFunction) {  // "don't"
      Add(std::move(whole), TermKind::kFunction, ++position_, begin, end);
      return;
    }
    if (pieces.size() <= kMostPieces) {
      Add(StemWord(whole), TermKind::kWord, position_ + 1, begin, end);
    }
    for (const ScriptRun& piece : pieces) {
      const std::string folded = FoldWord(text_.substr(piece.begin, piece.end - piece.begin));
      const TermKind kind =
          KindOfWord(folded) == TermKind::kFunction ? TermKind::kFunction : TermKind::kPart;
      Add(StemWord(folded), kind, ++position_, piece.begin, piece.end);
    }
  }

  // "aircraft's" is "aircraft"; "l'avion" is "avion".
  void DropContractions(std::vector<ScriptRun>& pieces) const {
    if (pieces.size() != 2 || pieces[1].begin == pieces[0].end) return;
    const char joint = text_[pieces[0].end];
    if (joint != '\'' && joint != '\xE2') return;
    if (text_.substr(pieces[1].begin, pieces[1].end - pieces[1].begin) == "s") {
      pieces.pop_back();
    } else if (pieces[0].end - pieces[0].begin == 1 && pieces[1].end - pieces[1].begin > 2) {
      pieces.erase(pieces.begin());
    }
  }

  // --- Korean.

  void AddHangul(const ScriptRun& run) {
    const std::string_view text = text_.substr(run.begin, run.end - run.begin);
    const bool joined = last_.end == run.begin && last_.script != Script::kNone;
    if (text.size() <= HangulWords::kLongest) {
      thread_local HangulWords words;
      const auto make = [&](HangulTerms& made) { FindHangulTerms(text, made); };
      AddHangulTerms(words.Find(text, make), joined, run);
    } else {
      HangulTerms long_word;
      FindHangulTerms(text, long_word);
      AddHangulTerms(long_word, joined, run);
    }
  }

  void AddHangulTerms(const HangulTerms& found, bool joined, const ScriptRun& run) {
    if (joined && found.is_particle) return;
    ++word_;
    ++position_;
    AddAll(found.terms, run);
  }

  // At the present position.
  void AddAll(const std::vector<WordTerm>& terms, const ScriptRun& run) {
    for (const WordTerm& term : terms) Add(term.text, term.kind, position_, run.begin, run.end);
  }

  void AddPairs(std::u32string_view word, const ScriptRun& run) {
    std::vector<WordTerm> pairs;
    AddPairTerms(word, pairs);
    AddAll(pairs, run);
  }

  // --- Japanese, and other scripts without spaces.

  void AddKatakana(const ScriptRun& run) {
    const std::u32string word =
        NormalizeKatakana(DecodeFolded(text_.substr(run.begin, run.end - run.begin)));
    ++word_;
    ++position_;
    Add(Encode(word), TermKind::kWord, position_, run.begin, run.end);
    if (word.size() > 2) AddPairs(word, run);
  }

  void AddHiragana(const ScriptRun& run) {
    const std::u32string folded = DecodeFolded(text_.substr(run.begin, run.end - run.begin));
    const bool after_word =
        last_.end == run.begin && run.begin > 0 && last_.script != Script::kNone;
    for (const HiraganaPiece& piece : FindHiraganaWords(folded, after_word)) {
      ++word_;
      ++position_;
      const std::u32string_view word =
          std::u32string_view(folded).substr(piece.begin, piece.length);
      Add(Encode(word), TermKind::kWord, position_, run.begin, run.end);
      if (word.size() > 2) AddPairs(word, run);
    }
  }

  // Each character and each pair, a position each.
  void AddUnspaced(const ScriptRun& run) {
    ++word_;
    const std::string_view text = text_.substr(run.begin, run.end - run.begin);
    const bool alone = CharScriptAt(run.begin).length == text.size();
    std::string before;
    size_t before_at = run.begin;
    for (size_t at = run.begin; at < run.end;) {
      const size_t length = CharScriptAt(at).length;
      const std::string folded = FoldWord(text_.substr(at, length));
      ++position_;
      if (!before.empty()) Add(before + folded, TermKind::kPair, position_, before_at, at + length);
      Add(folded, alone ? TermKind::kWord : TermKind::kSingle, position_, at, at + length);
      before = folded;
      before_at = at;
      at += length;
    }
  }

  std::string_view text_;
  std::vector<Term> terms_;
  ScriptRun last_;
  uint32_t word_ = 0, position_ = 0;
};

}  // namespace

std::vector<Term> Analyze(std::string_view text) { return TextAnalyzer(text).Run(); }

}  // namespace pioneer::search
