#include "engine/draft_model.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/sampler.h"

namespace pioneer {
namespace {

constexpr double kRoundRate = 0.1;        // how fast the average of a round's time moves
constexpr double kMemoryOfRests = 0.998;  // what a step without a round leaves of that average

size_t CommonLength(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

void CheckDraft(const Model& draft, const Model& model) {
  const auto& own = draft.tokenizer().vocabulary().tokens;
  const auto& others = model.tokenizer().vocabulary().tokens;
  if (!draft.can_generate()) {
    Fail(ErrorCode::kUnsupported, "the draft model {} cannot write texts; choose another",
         draft.config().name);
  }
  if (draft.memory().state_floats > 0) {
    Fail(ErrorCode::kUnsupported,
         "the draft model {} has a recurrent state, which cannot take back a guess; choose another",
         draft.config().name);
  }
  // Some files fill their vocabulary up to a round number.
  const auto [a, b] = std::ranges::mismatch(own, others);
  const size_t n_common = static_cast<size_t>(a - own.begin());
  const size_t n_least = std::min(own.size(), others.size());
  if (n_common == n_least && n_least > 0 && n_least * 10 > std::max(own.size(), others.size()) * 9)
    return;
  Fail(ErrorCode::kInvalidArgument,
       "the draft model {} has other tokens than {} (the first that differs is {}); both must be "
       "of one family",
       draft.config().name, model.config().name, n_common);
}

DraftModel::DraftModel(std::shared_ptr<Model> model, ThreadPool& threads, const Clock& clock,
                       int64_t kv_bytes)
    : model_(std::move(model)),
      threads_(threads),
      clock_(clock),
      pool_(model_->memory(), kv_bytes) {}

void DraftModel::Forget(int64_t id) { states_.erase(id); }

DraftModel::State& DraftModel::Open(const Text& text) {
  State& state = states_[text.id];
  if (!state.kv) {
    state.kv = std::make_unique<KvSequence>(pool_, text.domain);
    const auto known = text.tokens.first(text.tokens.size() - 1);
    const auto n_known = static_cast<size_t>(state.kv->Adopt(known).n_tokens);
    state.stored.assign(known.begin(), known.begin() + static_cast<ptrdiff_t>(n_known));
  }
  // The last token is always run: its row gives the next.
  state.stored.resize(std::min(CommonLength(state.stored, text.tokens), text.tokens.size() - 1));
  return state;
}

// False where there is no room.
bool DraftModel::Plan(Part& part, int most_rows) {
  const auto n_stored = static_cast<int>(part.state->stored.size());
  part.n_rows = std::min(static_cast<int>(part.tokens.size()) - n_stored, most_rows);
  return part.n_rows > 0 && part.state->kv->Reserve(n_stored + part.n_rows);
}

// Runs the planned rows; a text that is read whole gets one more token.
void DraftModel::Step(std::vector<Part*>& parts) {
  batch_.tokens.clear();
  batch_.positions.clear();
  batch_.sequences.clear();
  batch_.output_rows.clear();
  std::vector<Part*> whole;
  for (Part* part : parts) {
    std::vector<int32_t>& stored = part->state->stored;
    const auto position = static_cast<int>(stored.size());
    batch_.sequences.push_back({part->state->kv.get(), static_cast<int>(batch_.tokens.size()),
                                part->n_rows, position, nullptr});
    for (int p = position; p < position + part->n_rows; ++p) {
      batch_.tokens.push_back(part->tokens[p]);
      batch_.positions.push_back(p);
      stored.push_back(part->tokens[p]);
    }
    if (stored.size() < part->tokens.size()) continue;
    batch_.output_rows.push_back(static_cast<int>(batch_.tokens.size()) - 1);
    whole.push_back(part);
  }
  model_->Forward(threads_, batch_, logits_);
  for (size_t i = 0; i < whole.size(); ++i) {
    const std::span<const float> row(logits_.row(static_cast<int64_t>(i)),
                                     static_cast<size_t>(model_->config().vocab_size));
    whole[i]->tokens.push_back(SelectTop(row, 1).front().id);
  }
  parts = std::move(whole);
}

void DraftModel::Rest() { round_seconds_ *= kMemoryOfRests; }

std::vector<std::vector<int32_t>> DraftModel::Guess(std::span<const Text> texts, int n_rounds) {
  std::vector<Part> all;
  int left = kReadTokens;
  for (const Text& text : texts) {
    all.push_back({&Open(text),
                   {text.tokens.begin(), text.tokens.end()},
                   static_cast<int>(text.tokens.size()),
                   0});
  }
  std::vector<Part*> parts;
  for (Part& part : all) parts.push_back(&part);
  for (int round = 0; round < n_rounds; ++round) {
    std::erase_if(parts, [&](Part* part) {
      const int room = model_->config().context_length - static_cast<int>(part->tokens.size());
      if (room < 0 || !Plan(*part, round == 0 ? left : 1)) return true;
      if (round == 0) left -= part->n_rows;
      return false;
    });
    if (parts.empty()) break;
    const int64_t begun_ns = clock_.MonotonicNs();
    Step(parts);
    if (round == 0) continue;  // it also read
    const auto seconds = static_cast<double>(clock_.MonotonicNs() - begun_ns) * 1e-9;
    round_seconds_ += (round_seconds_ == 0 ? 1 : kRoundRate) * (seconds - round_seconds_);
  }
  std::vector<std::vector<int32_t>> guesses;
  for (Part& part : all) {
    // What was said stays right; a guess may not.
    const std::span<const int32_t> stored = part.state->stored;
    part.state->kv->Publish(
        stored.first(std::min(stored.size(), static_cast<size_t>(part.n_text))));
    guesses.emplace_back(part.tokens.begin() + part.n_text, part.tokens.end());
  }
  return guesses;
}

}  // namespace pioneer
