#include "text/split_automaton.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

constexpr size_t kMaxSymbols = 250;
constexpr size_t kMaxStates = 4096;
constexpr size_t kMaxWork = 200'000'000;
// A walk that goes this far beyond its match is remembered.
constexpr size_t kLongLookBytes = 64;

using Operation = SplitProgram::Operation;
using Threads = std::vector<int32_t>;  // steps, best first; no forks

// What one symbol does to a list of threads.
struct Move {
  Threads next;
  bool accepted = false;
};

class Determinizer {
 public:
  Determinizer(const SplitProgram& program, const SplitAlphabet& alphabet)
      : program_(program), alphabet_(alphabet), seen_(program.steps.size()) {}

  Threads Start() {
    Threads threads;
    BeginList();
    Follow(program_.start, threads);
    return threads;
  }

  Move Step(const Threads& threads, uint8_t symbol) {
    Move move;
    // Look-aheads that hold now put their continuations into the list at their own place.
    Threads resolved;
    BeginList();
    for (const int32_t step : threads) Resolve(step, symbol, resolved);
    BeginList();
    for (const int32_t index : resolved) {
      const SplitProgram::Step& step = program_.steps[index];
      if (step.operation == Operation::kAccept) {
        move.accepted = true;
        break;  // whatever is behind is worse
      }
      if (alphabet_.Contains(step.set, symbol)) Follow(step.next, move.next);
    }
    return move;
  }

 private:
  void BeginList() {
    ++list_;
    work_ += seen_.size() / 16 + 1;
    if (work_ > kMaxWork)
      Fail(ErrorCode::kUnsupported, "the pre-tokenizer's expression is too large");
  }

  bool IsNew(int32_t step) {
    ++work_;
    return std::exchange(seen_[step], list_) != list_;
  }

  // Adds what can be reached without looking at the text.
  void Follow(int32_t step, Threads& threads) { Walk(step, threads, nullptr); }
  void Resolve(int32_t step, uint8_t symbol, Threads& threads) { Walk(step, threads, &symbol); }

  void Walk(int32_t first, Threads& threads, const uint8_t* symbol) {
    std::vector<int32_t> stack = {first};
    while (!stack.empty()) {
      const int32_t index = stack.back();
      stack.pop_back();
      if (!IsNew(index)) continue;
      const SplitProgram::Step& step = program_.steps[index];
      if (step.operation == Operation::kFork) {
        stack.push_back(step.other);
        stack.push_back(step.next);
      } else if (step.operation == Operation::kLook && symbol != nullptr) {
        if (alphabet_.Contains(step.set, *symbol) != step.negated) stack.push_back(step.next);
      } else {
        threads.push_back(index);
      }
    }
  }

  const SplitProgram& program_;
  const SplitAlphabet& alphabet_;
  std::vector<uint32_t> seen_;  // the list that a step was last put into
  uint32_t list_ = 0;
  size_t work_ = 0;
};

}  // namespace

SplitAlphabet::SplitAlphabet(const std::vector<icu::UnicodeSet>& sets)
    : symbols_(Partition(sets, members_)), n_symbols_(members_.size()) {
  for (int c = 0; c < 128; ++c) ascii_[c] = symbols_[static_cast<char32_t>(c)];
}

std::vector<uint8_t> SplitAlphabet::Partition(const std::vector<icu::UnicodeSet>& sets,
                                              std::vector<std::vector<bool>>& members) {
  std::vector<UChar32> cuts = {0, 0x110000};
  for (const icu::UnicodeSet& set : sets) {
    for (int32_t i = 0; i < set.getRangeCount(); ++i) {
      cuts.push_back(set.getRangeStart(i));
      cuts.push_back(set.getRangeEnd(i) + 1);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<uint8_t> symbols(CodePointTable::kCodePoints);
  members.assign(1, std::vector<bool>(sets.size()));  // kEnd
  std::map<std::vector<bool>, size_t> known;
  std::vector<bool> here(sets.size());
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    for (size_t j = 0; j < sets.size(); ++j) here[j] = sets[j].contains(cuts[i]);
    const auto [entry, is_new] = known.emplace(here, members.size());
    if (is_new) members.push_back(here);
    if (members.size() > kMaxSymbols) {
      Fail(ErrorCode::kUnsupported, "the pre-tokenizer's expression tells too many kinds apart");
    }
    std::fill(symbols.begin() + cuts[i], symbols.begin() + cuts[i + 1],
              static_cast<uint8_t>(entry->second));
  }
  return symbols;
}

SplitAlphabet::Symbol SplitAlphabet::Decode(std::string_view text, size_t position) const {
  const DecodedChar decoded = DecodeUtf8(text.substr(position));
  return {symbols_[decoded.code_point], static_cast<uint8_t>(decoded.length)};
}

SplitAutomaton::SplitAutomaton(const SplitProgram& program, const SplitAlphabet& alphabet)
    : n_symbols_(alphabet.n_symbols()) {
  Determinizer determinizer(program, alphabet);
  std::map<Threads, uint16_t> known;
  std::vector<Threads> states = {{}, determinizer.Start()};
  known.emplace(states[kDead], kDead);
  known.emplace(states[kStart], kStart);
  for (size_t state = 0; state < states.size(); ++state) {
    for (size_t symbol = 0; symbol < n_symbols_; ++symbol) {
      Move move = determinizer.Step(states[state], static_cast<uint8_t>(symbol));
      const auto [entry, is_new] = known.emplace(move.next, static_cast<uint16_t>(states.size()));
      if (is_new) states.push_back(std::move(move.next));
      if (states.size() > kMaxStates) {
        Fail(ErrorCode::kUnsupported, "the pre-tokenizer's expression is too large");
      }
      table_.push_back(static_cast<uint16_t>(entry->second | (move.accepted ? kAccepted : 0)));
    }
  }
}

size_t SplitAutomaton::Match(const SplitAlphabet& alphabet, std::string_view text, size_t begin,
                             Memory& memory) const {
  if (begin < memory.begin + memory.states.size()) {
    return MatchRemembering(alphabet, text, begin, memory, false);
  }
  size_t position = begin, end = begin;
  for (uint16_t state = kStart; state != kDead;) {
    const SplitAlphabet::Symbol symbol = alphabet.At(text, position);
    const uint16_t entry = table_[state * n_symbols_ + symbol.value];
    if (entry & kAccepted) end = position;
    state = entry & static_cast<uint16_t>(~kAccepted);
    position += symbol.length;
  }
  if (position - end > kLongLookBytes) MatchRemembering(alphabet, text, begin, memory, true);
  return end;
}

// Where this walk stands in the state of a remembered one at the same place, that one's outcome is
// known: no match beyond. What a walk saw before its own last match is no such news.
size_t SplitAutomaton::MatchRemembering(const SplitAlphabet& alphabet, std::string_view text,
                                        size_t begin, Memory& memory, bool record) const {
  if (record) memory = {begin, {}};
  size_t position = begin, end = begin;
  for (uint16_t state = kStart; state != kDead;) {
    const size_t at = position - memory.begin;
    if (record) {
      memory.states.resize(at, kDead);
      memory.states.push_back(state);
    } else if (position >= memory.begin && at < memory.states.size() &&
               memory.states[at] == state) {
      break;
    }
    const SplitAlphabet::Symbol symbol = alphabet.At(text, position);
    const uint16_t entry = table_[state * n_symbols_ + symbol.value];
    if (entry & kAccepted) {
      end = position;
      if (record) memory = {position + symbol.length, {}};
    }
    state = entry & static_cast<uint16_t>(~kAccepted);
    position += symbol.length;
  }
  return end;
}

}  // namespace pioneer
