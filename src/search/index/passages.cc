#include "search/index/passages.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/utf8.h"
#include "search/index/script.h"

namespace pioneer::search {
namespace {

// A section that is shorter takes its next one with it.
constexpr double kLeastSectionWords = 40;

bool IsSentenceEnd(char32_t c) {
  return c == U'.' || c == U'!' || c == U'?' || c == U'。' || c == U'！' || c == U'？' ||
         c == U'．';
}

bool IsWideSentenceEnd(char32_t c) { return c > 0x3000 && IsSentenceEnd(c); }

// Where sentences (and lines) of `text` end, white space behind them included; the last is its
// size.
std::vector<size_t> SentenceEnds(std::string_view text) {
  std::vector<size_t> ends;
  bool may_end = false;  // behind a full stop
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const size_t next = at + static_cast<size_t>(c.length);
    const bool is_space = c.code_point == U' ' || c.code_point == U'\n' || c.code_point == 0x3000;
    if (c.code_point == U'\n' || (may_end && is_space) || IsWideSentenceEnd(c.code_point)) {
      ends.push_back(next);
    }
    const bool closes = c.code_point == U')' || c.code_point == U'"' || c.code_point == U'”';
    may_end = IsSentenceEnd(c.code_point) || (may_end && closes);
    at = next;
  }
  if (ends.empty() || ends.back() != text.size()) ends.push_back(text.size());
  return ends;
}

// A cut of a stretch that has no sentences: behind white space, else behind a character.
size_t HardCut(std::string_view text, size_t wanted) {
  if (wanted >= text.size()) return text.size();
  const size_t space = text.rfind(' ', wanted);
  if (space != text.npos && space > wanted / 2) return space + 1;
  const size_t cut = CompleteUtf8Prefix(text.substr(0, wanted));
  return cut > 0 ? cut : wanted;
}

// `text` in pieces of about the same number of words, each at most kMostPassageWords.
std::vector<std::string_view> SplitLongText(std::string_view text) {
  constexpr double kWantedWords = 150;
  const double words = CountPassageWords(text);
  const double wanted = words / std::ceil(words / kWantedWords);
  std::vector<std::string_view> pieces;
  size_t begin = 0, last = 0;  // `last`: the end of the sentence before
  double in_piece = 0;
  const auto cut_at = [&](size_t end) {
    if (end > begin) pieces.push_back(text.substr(begin, end - begin));
    begin = end;
    in_piece = 0;
  };
  for (const size_t end : SentenceEnds(text)) {
    const double in_sentence = CountPassageWords(text.substr(last, end - last));
    if (in_piece > 0 && in_piece + in_sentence > kMostPassageWords) cut_at(last);
    if (in_sentence > kMostPassageWords) {
      const auto bytes =
          static_cast<size_t>(static_cast<double>(end - last) / in_sentence * kWantedWords);
      while (end - begin > bytes + bytes / 3) {
        cut_at(begin + HardCut(text.substr(begin, end - begin), std::max<size_t>(bytes, 8)));
      }
    }
    in_piece += in_sentence;
    last = end;
    if (in_piece >= wanted) cut_at(end);
  }
  cut_at(text.size());
  return pieces;
}

const char* Separator(const Block& before, const Block& after) {
  const bool tight = before.kind == after.kind &&
                     (before.kind == BlockKind::kListItem || before.kind == BlockKind::kTableRow ||
                      before.kind == BlockKind::kCode);
  return tight ? "\n" : "\n\n";
}

constexpr int kLowestHeading = 6;  // terms stand below, each list deeper

class PassageCutter {
 public:
  explicit PassageCutter(const Document& document) : document_(document) {}

  std::vector<NewPassage> Cut() {
    const Block* before = nullptr;
    for (const Block& block : document_.blocks) {
      if (block.text.empty()) continue;
      if (before) gap_ += Separator(*before, block);
      const int term = kLowestHeading + block.level;
      if (block.kind == BlockKind::kHeading) {
        AddHeading(block.text, std::clamp(block.level, 1, kLowestHeading));
      } else if (block.kind == BlockKind::kTerm) {
        AddHeading(block.text, term);
      } else {
        LeaveTerms(term);
        AddText(block);
      }
      before = &block;
    }
    Flush();
    AppendRest();
    return std::move(passages_);
  }

 private:
  void AddHeading(const std::string& text, int level) {
    if (words_ >= kLeastSectionWords) Flush();
    while (!path_.empty() && path_.back().level >= level) path_.pop_back();
    path_.push_back({level, text});
    if (open_) {
      Append(text);
    } else {
      gap_ += text;
    }
  }

  // What stands behind a list of terms is none of theirs.
  void LeaveTerms(int lowest) {
    if (path_.empty() || path_.back().level <= lowest) return;
    if (words_ >= kLeastSectionWords) Flush();
    while (!path_.empty() && path_.back().level > lowest) path_.pop_back();
  }

  void AddText(const Block& block) {
    const double words = CountPassageWords(block.text);
    const bool new_page = open_ && block.page != open_->page;
    if (words_ + words > kMostPassageWords || (new_page && words_ >= kLeastSectionWords)) Flush();
    if (words <= kMostPassageWords) {
      Open(block.page);
      Append(block.text);
      words_ += words;
      return;
    }
    for (const std::string_view piece : SplitLongText(block.text)) {
      Flush();
      Open(block.page);
      Append(piece);
      words_ = CountPassageWords(piece);
    }
  }

  void Open(int page) {
    if (open_) return;
    open_.emplace();
    open_->page = page;
    for (const Heading& heading : path_) {
      if (heading.text != document_.title) open_->headings.push_back(heading.text);
    }
    open_->before = std::move(gap_);
    gap_.clear();
    at_ += open_->before.size();
    open_->begin = at_;
  }

  void Append(std::string_view text) {
    open_->text += gap_;
    gap_.clear();
    open_->text += text;
  }

  void Flush() {
    if (!open_) return;
    // Too little to be understood: it goes with what stands before it, if that has room.
    at_ += open_->text.size();
    if (words_ < kLeastSectionWords && !passages_.empty() && MayJoin(passages_.back(), *open_)) {
      passages_.back().text += open_->before + open_->text;
      last_words_ += words_;
    } else {
      passages_.push_back(std::move(*open_));
      last_words_ = words_;
    }
    open_.reset();
    words_ = 0;
  }

  bool MayJoin(const NewPassage& passage, const NewPassage& next) const {
    return passage.headings == next.headings && passage.page == next.page &&
           last_words_ + words_ <= kMostPassageWords;
  }

  // Headings that nothing follows.
  void AppendRest() {
    if (gap_.empty()) return;
    if (passages_.empty()) {
      passages_.push_back({"", std::move(gap_), 0, {}, document_.blocks.front().page});
    } else {
      passages_.back().text += gap_;
    }
  }

  struct Heading {
    int level;
    std::string text;
  };

  const Document& document_;
  std::vector<NewPassage> passages_;
  std::vector<Heading> path_;
  std::optional<NewPassage> open_;
  std::string gap_;  // headings and separators behind the last text
  size_t at_ = 0;
  double words_ = 0, last_words_ = 0;
};

}  // namespace

double CountPassageWords(std::string_view text) {
  double words = 0;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte < 0x80) {
      const bool is_word = (byte | 32) >= 'a' ? (byte | 32) <= 'z' : byte >= '0' && byte <= '9';
      words += is_word && !in_word ? 1 : 0;
      in_word = is_word;
      ++at;
      continue;
    }
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const Script script = ScriptOf(c.code_point);
    at += static_cast<size_t>(c.length);
    if (script == Script::kMark) continue;
    const bool is_letter = script == Script::kLetter || script == Script::kDigit;
    if (is_letter) words += in_word ? 0 : 1;
    if (script == Script::kHangul) words += 0.4;
    if (!is_letter && script != Script::kHangul && script != Script::kNone) words += 0.5;
    in_word = is_letter;
  }
  return words;
}

std::vector<NewPassage> CutPassages(const Document& document) {
  return PassageCutter(document).Cut();
}

}  // namespace pioneer::search
