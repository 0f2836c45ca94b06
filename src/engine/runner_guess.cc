// Why: the half of Runner that guesses what answers will say. A guess is a row of the same step,
// and counts only if the plain draw gives the same token, so answers are to the last bit those
// without.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/draft_model.h"
#include "engine/guessing.h"
#include "engine/runner.h"

namespace pioneer {
namespace {

constexpr int kMostGuesses = 31;  // in one step, of one answer
constexpr int kMostDrafted = 8;

}  // namespace

// While a prompt is run, its rows are worth more.
void Runner::AddGuesses() {
  const auto of_prompt = [](const Scheduler::Slice& slice) { return slice.of_prompt; };
  if (!speculation_ || std::ranges::any_of(slices_, of_prompt)) return;
  int n_rows = 0;
  for (const Scheduler::Slice& slice : slices_) n_rows += slice.n_rows;
  const auto n_answers = static_cast<int>(slices_.size());
  if (!SureGuessPays(n_answers, n_rows, scheduler_.costs())) {
    if (draft_) draft_->Rest();
    return;
  }
  for (const Scheduler::Slice& slice : slices_) {
    Sequence& sequence = *sequences_.at(slice.id);
    sequence.guess = sequence.lookup.Find(LookupText(sequence), MostGuesses(sequence, slice));
  }
  if (draft_) AddDrafts(n_rows);
  std::vector<std::vector<double>> chances;
  for (const Scheduler::Slice& slice : slices_) {
    const Sequence& sequence = *sequences_.at(slice.id);
    chances.push_back(sequence.guess_odds.Chances(sequence.guess.n_matched,
                                                  static_cast<int>(sequence.guess.tokens.size())));
  }
  const auto n_guesses =
      ChooseGuesses(chances, n_rows, scheduler_.limits().step_tokens, scheduler_.costs());
  for (size_t i = 0; i < slices_.size(); ++i) {
    Scheduler::Slice& slice = slices_[i];
    const int64_t n_tokens = slice.position + slice.n_rows + n_guesses[i];
    if (n_guesses[i] > 0 && Reserve(slice.id, n_tokens)) slice.n_guesses = n_guesses[i];
    sequences_.at(slice.id)->guess.tokens.resize(slice.n_guesses);
  }
}

std::span<const int32_t> Runner::LookupText(Sequence& sequence) {
  if (sequence.n_prediction == 0) return sequence.tokens;
  std::vector<int32_t>& text = sequence.lookup_text;
  const auto n_known = static_cast<ptrdiff_t>(text.size()) - sequence.n_prediction;
  text.insert(text.end(), sequence.tokens.begin() + n_known, sequence.tokens.end());
  return text;
}

// Where the text itself gives no better guess.
void Runner::AddDrafts(int n_rows) {
  std::vector<DraftModel::Text> texts;
  std::vector<double> chances;
  int most = kMostDrafted;
  for (const Scheduler::Slice& slice : slices_) {
    const Sequence& sequence = *sequences_.at(slice.id);
    const int n_most = MostGuesses(sequence, slice);
    const double chance = sequence.guess_odds.Chances(GuessOdds::kDrafted, 1).front();
    const PromptLookup::Guess& found = sequence.guess;
    if (n_most == 0 || (!found.tokens.empty() &&
                        sequence.guess_odds.Chances(found.n_matched, 1).front() >= chance)) {
      continue;
    }
    texts.push_back({slice.id, sequence.tokens, sequence.domain});
    chances.push_back(chance);
    most = std::min(most, n_most);
  }
  if (texts.empty()) return;
  const int n_rounds = ChooseDraftRounds(chances, most, n_rows, static_cast<double>(slices_.size()),
                                         draft_->round_seconds(), scheduler_.costs());
  if (n_rounds == 0) {
    draft_->Rest();
    return;
  }
  std::vector<std::vector<int32_t>> guesses = draft_->Guess(texts, n_rounds);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto known = [this](int32_t id) { return id < model_.config().vocab_size; };
    guesses[i].erase(std::ranges::find_if_not(guesses[i], known), guesses[i].end());
    if (guesses[i].empty()) continue;  // it is still being read
    sequences_.at(texts[i].id)->guess = {std::move(guesses[i]), GuessOdds::kDrafted};
  }
}

// The token after the last guess is drawn, too. Behind thoughts another rule may begin at any
// token, which shows only when it is emitted.
int Runner::MostGuesses(const Sequence& sequence, const Scheduler::Slice& slice) const {
  if (!slice.gives_next || (sequence.constraint && sequence.events.reasoning())) return 0;
  const int left = sequence.max_total - static_cast<int>(sequence.tokens.size());
  return std::clamp(left - 1, 0, kMostGuesses);
}

void Runner::NoteGuesses(Sequence& sequence, const Scheduler::Slice& slice) {
  sequence.guess_odds.Observe(sequence.guess.n_matched, slice.n_guesses, slice.n_right);
  sequence.guess.tokens.clear();
  sequence.n_guesses += slice.n_guesses;
  sequence.n_guesses_right += slice.n_right;
  totals_.guessed_tokens_total += slice.n_guesses;
  totals_.accepted_tokens_total += slice.n_right;
}

}  // namespace pioneer
