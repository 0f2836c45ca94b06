// Why: a small model of the same vocabulary says mostly what a large one will, and faster; the
// large one then checks its guesses in one step (speculative decoding, Leviathan et al. 2022,
// https://arxiv.org/abs/2211.17192; here a guess counts only if it is the very token that is
// drawn).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "model/kv_pages.h"
#include "model/model.h"

namespace pioneer {

// Throws Error{kInvalidArgument, kUnsupported} where `draft` cannot guess for `model`, since its
// tokens are others, or it has a recurrent state, which cannot take back a guess.
void CheckDraft(const Model& draft, const Model& model);

// One thread at a time. `threads` and `clock` must outlive it.
class DraftModel {
 public:
  DraftModel(std::shared_ptr<Model> model, ThreadPool& threads, const Clock& clock,
             int64_t kv_bytes);

  // An answer in the making, which has at least one token.
  struct Text {
    int64_t id = 0;
    std::span<const int32_t> tokens;
    std::string domain;  // see KvSequence
  };
  // The likeliest n_rounds tokens after each text; fewer where the context or the memory ends, none
  // as long as a text is still being read: a call reads at most kReadTokens of all.
  std::vector<std::vector<int32_t>> Guess(std::span<const Text> texts, int n_rounds);
  static constexpr int kReadTokens = 128;

  void Forget(int64_t id);
  // What a further round takes, on average; 0 before the first.
  double round_seconds() const { return round_seconds_; }
  // For a step in which a round is too dear: what that was measured of fades, so that one slow
  // round does not end all guessing.
  void Rest();

 private:
  struct State {
    std::unique_ptr<KvSequence> kv;
    std::vector<int32_t> stored;  // tokens whose K and V are in its pages
  };
  // A text's rows of the next step of the model.
  struct Part {
    State* state = nullptr;
    std::vector<int32_t> tokens;  // the text, and what was guessed so far
    int n_text = 0, n_rows = 0;
  };
  State& Open(const Text& text);
  static bool Plan(Part& part, int most_rows);
  void Step(std::vector<Part*>& parts);

  std::shared_ptr<Model> model_;
  ThreadPool& threads_;
  const Clock& clock_;
  KvPagePool pool_;
  std::map<int64_t, State> states_;
  double round_seconds_ = 0;
  StepBatch batch_;
  Matrix logits_;
};

}  // namespace pioneer
