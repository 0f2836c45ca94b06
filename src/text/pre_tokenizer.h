// Why: BPE never merges across the pieces that a pre-tokenizer cuts. Models define it as a row of
// regular expressions; here those very expressions are compiled into tables.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/split_automaton.h"

namespace pioneer {

// Cuts a text by stages: what an expression matches is a piece, and so is what lies between two
// matches; the next stage cuts each of these pieces further. Immutable; any thread may use it.
class PreTokenizer {
 public:
  // Two expressions look ahead without a limit, so they are known by their text and done by hand:
  // both cut a run of digits into groups of three, counted from its right end; the second one only
  // where no letter follows the run. (The first one cuts nothing else; it stands behind \p{N}+.)
  static constexpr std::string_view kDigitGroups = R"((?=(\d{3})+(?!\d)))";
  static constexpr std::string_view kWholeNumberGroups = R"(\d{1,3}(?=(?:\d{3})*\b))";

  // Without expressions the text is one piece. Throws Error{kUnsupported} for an expression outside
  // the language of split_regex.h.
  explicit PreTokenizer(std::span<const std::string_view> expressions);

 private:
  friend class PieceReader;
  struct Stage {
    std::unique_ptr<SplitAutomaton> automaton;  // null for digit groups
    int32_t digits = -1, word = -1;             // sets, for digit groups
  };

  std::vector<icu::UnicodeSet> sets_;
  std::unique_ptr<SplitAlphabet> alphabet_;
  std::vector<Stage> stages_;
};

// Reads the pieces of one text, first to last. Any bytes are taken. One thread; the pre-tokenizer
// and the text must stay.
class PieceReader {
 public:
  PieceReader(const PreTokenizer& pre_tokenizer, std::string_view text);
  // The next piece, never empty; false at the end.
  bool Next(std::string_view& piece);

 private:
  // Where a stage is within the piece that the stage before it cut.
  struct Level {
    size_t end = 0;        // of the current piece
    size_t match_end = 0;  // of a match found behind a gap; the gap is the current piece
    SplitAutomaton::Memory memory;
    size_t run_end = 0;  // of the run of digits that was counted last
    bool run_is_grouped = false;
  };
  size_t NextEnd(size_t stage, std::string_view text, size_t begin);
  size_t Match(size_t stage, std::string_view text, size_t begin);
  size_t DigitGroupEnd(size_t stage, std::string_view text, size_t begin);

  const PreTokenizer& pre_tokenizer_;
  std::string_view text_;
  size_t position_ = 0;
  std::vector<Level> levels_;
};

// A pre-tokenizer by GGUF's name (tokenizer.ggml.pre), and what models with that name imply.
struct NamedPreTokenizer {
  std::string_view name;
  std::span<const std::string_view> expressions;
  bool ignore_merges = false;  // a piece that is a token is taken whole
  bool add_bos = false;        // where the file does not say
};

// Null when the name is unknown.
const NamedPreTokenizer* FindPreTokenizer(std::string_view name);
// Throws Error{kUnsupported} that lists the known names.
PreTokenizer MakePreTokenizer(std::string_view name);
// The first name whose pre-tokenizer has these expressions, however they are written down; null
// when there is none. Throws as PreTokenizer's constructor does.
const NamedPreTokenizer* FindPreTokenizer(std::span<const std::string_view> expressions,
                                          bool ignore_merges);
// "default, gpt-2, ..." for messages.
std::string KnownPreTokenizers();

}  // namespace pioneer
