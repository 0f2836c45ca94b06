// Why: everything the engine knows of one answer while it is in the making.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/answer_events.h"
#include "engine/answer_text.h"
#include "engine/event_channel.h"
#include "engine/generator.h"
#include "engine/guessing.h"
#include "engine/prompt_lookup.h"
#include "engine/sampler.h"
#include "model/adapter.h"
#include "model/kv_pages.h"
#include "text/grammar/constraint.h"

namespace pioneer {

// Made by a client's thread, then the engine's alone.
struct Sequence {
  Sequence(const GenerationOptions& generation_options, uint64_t seed, int answer_index,
           TokenText token_text = {})
      : options(generation_options),
        index(answer_index),
        sampler(generation_options.sampling, seed, answer_index, std::move(token_text)),
        text(generation_options.limits.stop) {}

  int generated() const { return static_cast<int>(tokens.size()) - n_prompt; }
  bool constrained() const { return constraint && !events.reasoning(); }
  bool wants_prompt_logprobs() const { return echo && options.logprobs; }
  bool wants_logprob(int position) const {
    return wants_prompt_logprobs() && position > 0 && position >= logprobs_from;
  }
  // So much of its beginning may come from others' pages: the last token is run in any case, and
  // the one before each token whose log probability is wanted.
  int shareable() const {
    const auto n = static_cast<int>(tokens.size()) - 1;
    return wants_prompt_logprobs() ? std::clamp(logprobs_from - 1, 0, n) : n;
  }

  int64_t id = 0;  // given by the engine
  const GenerationOptions options;
  const int index;
  std::shared_ptr<EventChannel> channel;
  std::shared_ptr<const AdapterMix> adapters;  // null = the model as it is
  std::string domain;                          // of its pages, see KvSequence

  std::vector<int32_t> tokens;  // of the prompt, then of the answer
  int n_prompt = 0;
  int max_total = 0;  // most tokens of prompt and answer
  bool echo = false;
  int logprobs_from = 0;
  int n_echoed = 0;       // prompt tokens whose text and logprobs were sent
  std::string echo_text;  // the prompt as given, sent whole where no logprobs are asked for

  Sampler sampler;
  // What the answer may be; thoughts before it are free.
  std::optional<grammar::ConstraintState> constraint;
  AnswerText text;
  AnswerEvents events{index, nullptr};                         // what the text becomes
  const std::unordered_set<int32_t>* marker_tokens = nullptr;  // control tokens that `events` reads
  int n_reasoning = 0;                                         // tokens of thoughts
  AnswerText echo_pieces;                                      // the prompt's text, token by token
  bool echo_drops_space = false;    // of the prompt's first text, see LocalGenerator
  bool drop_leading_space = false;  // of the first token of the answer
  std::unique_ptr<KvSequence> kv;   // null while waiting
  int n_stored = 0;                 // tokens whose K and V are in its pages
  int n_cached = -1;                // of the prompt, on the first admission; -1 = none yet
  std::vector<int> cuts;            // where its state is kept, ascending
  // Where guesses are looked up: with a prediction, its tokens and then the others; else empty, and
  // that is `tokens`.
  std::vector<int32_t> lookup_text;
  int n_prediction = 0;
  PromptLookup lookup;
  GuessOdds guess_odds;
  PromptLookup::Guess guess;               // of this step
  int n_guesses_right = 0, n_guesses = 0;  // of all steps
  int64_t awaited = 0;                     // the sequence that stores what this one begins with
  int awaited_tokens = 0;                  // until it has stored so many

  int64_t submitted_ns = 0, admitted_ns = 0, first_token_ns = 0;  // 0 = not yet
};

}  // namespace pioneer
