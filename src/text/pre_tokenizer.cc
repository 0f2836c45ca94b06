#include "text/pre_tokenizer.h"

#include <algorithm>

namespace pioneer {

PreTokenizer::PreTokenizer(std::span<const std::string_view> expressions) {
  std::vector<SplitProgram> programs(expressions.size());
  stages_.resize(expressions.size());
  const auto add_set = [this](std::string_view expression) {
    const SplitProgram program = ParseSplitRegex(expression, sets_);
    return program.steps[program.start].set;
  };
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (expressions[i] == kDigitGroups || expressions[i] == kWholeNumberGroups) {
      stages_[i].digits = add_set("\\d");
      if (expressions[i] == kWholeNumberGroups) stages_[i].word = add_set("\\w");
    } else {
      programs[i] = ParseSplitRegex(expressions[i], sets_);
    }
  }
  alphabet_ = std::make_unique<SplitAlphabet>(sets_);
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (stages_[i].digits >= 0) continue;
    stages_[i].automaton = std::make_unique<SplitAutomaton>(programs[i], *alphabet_);
  }
}

PieceReader::PieceReader(const PreTokenizer& pre_tokenizer, std::string_view text)
    : pre_tokenizer_(pre_tokenizer), text_(text), levels_(pre_tokenizer.stages_.size()) {}

bool PieceReader::Next(std::string_view& piece) {
  if (position_ == text_.size()) return false;
  // The stages whose pieces are used up are the last ones.
  size_t stage = levels_.size();
  while (stage > 0 && levels_[stage - 1].end == position_) --stage;
  size_t end = stage > 0 ? levels_[stage - 1].end : text_.size();
  for (; stage < levels_.size(); ++stage) {
    end = NextEnd(stage, text_.substr(0, end), position_);
    levels_[stage].end = end;
    if (stage + 1 < levels_.size()) {  // the next stage begins anew in a piece of this one
      Level& next = levels_[stage + 1];
      next.match_end = next.run_end = 0;
      next.memory.states.clear();
    }
  }
  piece = text_.substr(position_, end - position_);
  position_ = end;
  return true;
}

// `text` ends where the piece of the stage before does.
size_t PieceReader::NextEnd(size_t stage, std::string_view text, size_t begin) {
  Level& level = levels_[stage];
  if (level.match_end > begin) return level.match_end;
  if (const size_t end = Match(stage, text, begin); end > begin) return end;
  const SplitAlphabet& alphabet = *pre_tokenizer_.alphabet_;
  const SplitAutomaton* const automaton = pre_tokenizer_.stages_[stage].automaton.get();
  size_t gap_end = begin + alphabet.At(text, begin).length;
  while (gap_end < text.size()) {
    const SplitAlphabet::Symbol symbol = alphabet.At(text, gap_end);
    if (automaton == nullptr || automaton->CanStart(symbol.value)) {
      const size_t end = Match(stage, text, gap_end);
      if (end > gap_end) {
        level.match_end = end;
        break;
      }
    }
    gap_end += symbol.length;
  }
  return gap_end;
}

size_t PieceReader::Match(size_t stage, std::string_view text, size_t begin) {
  const PreTokenizer::Stage& kind = pre_tokenizer_.stages_[stage];
  if (kind.automaton == nullptr) return DigitGroupEnd(stage, text, begin);
  const SplitAlphabet& alphabet = *pre_tokenizer_.alphabet_;
  if (!kind.automaton->CanStart(alphabet.At(text, begin).value)) return begin;
  return kind.automaton->Match(alphabet, text, begin, levels_[stage].memory);
}

// A run is counted once: its first group leaves a multiple of three.
size_t PieceReader::DigitGroupEnd(size_t stage, std::string_view text, size_t begin) {
  const PreTokenizer::Stage& kind = pre_tokenizer_.stages_[stage];
  const SplitAlphabet& alphabet = *pre_tokenizer_.alphabet_;
  Level& level = levels_[stage];
  size_t n_digits = 3;
  if (begin >= level.run_end) {
    size_t n = 0;
    level.run_end = begin;
    SplitAlphabet::Symbol c = alphabet.At(text, begin);
    for (; alphabet.Contains(kind.digits, c.value); c = alphabet.At(text, level.run_end)) {
      level.run_end += c.length;
      ++n;
    }
    level.run_is_grouped = kind.word < 0 || !alphabet.Contains(kind.word, c.value);
    n_digits = n == 0 || n % 3 != 0 ? n % 3 : 3;
  }
  if (!level.run_is_grouped) return begin;
  size_t end = begin;
  for (; n_digits > 0; --n_digits) end += alphabet.At(text, end).length;
  return end;
}

}  // namespace pioneer
