#include "engine/runner.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <span>
#include <utility>

#include "base/log.h"

namespace pioneer {
namespace {

// Rows of a prompt whose every row needs logits: vocab_size floats each.
constexpr int kMaxLogprobRows = 64;

std::exception_ptr Cancelled() {
  return std::make_exception_ptr(Error(ErrorCode::kCancelled, "stopped before the answer"));
}

}  // namespace

const std::array<Runner::Stage, 6> Runner::kStages = {{{"admit", &Runner::Admit},
                                                       {"build", &Runner::Build},
                                                       {"forward", &Runner::Forward},
                                                       {"sample", &Runner::Sample},
                                                       {"emit", &Runner::Emit},
                                                       {"retire", &Runner::Retire}}};

Runner::Runner(Model& model, ThreadPool& threads, const Clock& clock, const RunnerOptions& options,
               std::function<void(int)> on_retired)
    : model_(model),
      threads_(threads),
      clock_(clock),
      on_retired_(std::move(on_retired)),
      prefix_cache_(options.prefix_cache),
      speculation_(options.speculation && model.memory().state_floats == 0),
      pool_(model.memory(), options.kv_bytes),
      draft_(options.draft ? std::make_unique<DraftModel>(options.draft, threads, clock,
                                                          options.draft_kv_bytes)
                           : nullptr),
      embeddings_(model, threads, pool_, options.limits.step_tokens),
      scheduler_(options.limits) {
  for (int32_t id = 0; id < model.config().vocab_size; ++id) {
    if (model.tokenizer().IsEndOfGeneration(id)) end_tokens_.push_back(id);
  }
  UpdateStats();
}

Runner::~Runner() = default;

int64_t Runner::kv_tokens() const { return pool_.max_tokens(); }

void Runner::Add(std::unique_ptr<Sequence> sequence) {
  sequence->id = next_id_++;
  Scheduler::Entry entry;
  entry.id = sequence->id;
  entry.n_tokens = static_cast<int>(sequence->tokens.size());
  entry.max_total = sequence->max_total;
  const int n_logprobs = sequence->n_prompt - std::max(1, sequence->logprobs_from);
  if (sequence->wants_prompt_logprobs() && n_logprobs > kMaxLogprobRows) {
    entry.max_chunk = kMaxLogprobRows;
  }
  entry.rank = static_cast<int>(sequence->options.priority);
  sequences_.emplace(sequence->id, std::move(sequence));
  scheduler_.Enqueue(entry);
}

void Runner::Step() {
  StepEmbeddings();
  const char* stage_name = "";
  try {
    for (const Stage& stage : kStages) {
      stage_name = stage.name;
      (this->*stage.run)();
    }
  } catch (const std::exception& error) {
    spdlog::error("engine: stage {} failed: {}", stage_name, error.what());
    FinishAllWithError(
        fmt::format("the engine failed in its stage {}: {}", stage_name, error.what()));
  }
}

void Runner::StepEmbeddings() {
  std::vector<std::shared_ptr<EmbeddingJob>> ended;
  std::exception_ptr failure;
  try {
    ended = embeddings_.Step();
  } catch (const std::exception& error) {
    spdlog::error("engine: embedding failed: {}", error.what());
    failure = std::make_exception_ptr(
        Error(ErrorCode::kOutOfMemory, "the memory does not hold these texts; send fewer at once"));
    ended = embeddings_.TakeAll();
  }
  if (ended.empty()) return;
  on_retired_(static_cast<int>(ended.size()));
  for (const auto& job : ended) {
    for (const auto& text : job->texts) totals_.prompt_tokens_total += std::ssize(text);
    if (job->rows.size() == job->texts.size()) {
      job->done.set_value();
    } else {
      job->done.set_exception(failure ? failure : Cancelled());
    }
  }
  UpdateStats();
}

void Runner::CancelEmbeddings() {
  const auto jobs = embeddings_.TakeAll();
  if (jobs.empty()) return;
  on_retired_(static_cast<int>(jobs.size()));
  for (const auto& job : jobs) job->done.set_exception(Cancelled());
}

void Runner::Admit() {
  for (auto& [id, sequence] : sequences_) {
    if (sequence->channel->cancelled()) Finish(*sequence, FinishReason::kCancelled);
  }
  Retire();
  const Scheduler::Admission admission = scheduler_.Admit(*this);
  for (const int64_t id : admission.admitted) {
    Sequence& sequence = *sequences_.at(id);
    if (sequence.admitted_ns != 0) continue;
    sequence.admitted_ns = clock_.MonotonicNs();
    sequence.n_cached = sequence.n_stored;
    totals_.cached_tokens_total += sequence.n_cached;
  }
  for (const int64_t id : admission.impossible) {
    Finish(*sequences_.at(id), FinishReason::kError,
           "the memory for conversations does not hold this one; raise its limit");
  }
  UpdateStats();
}

void Runner::Build() {
  slices_ = scheduler_.Plan(*this);
  AddGuesses();
  begun_ns_ = clock_.MonotonicNs();  // a draft model's time is its own
  batch_.tokens.clear();
  batch_.positions.clear();
  batch_.sequences.clear();
  batch_.output_rows.clear();
  first_output_.clear();
  for (const Scheduler::Slice& slice : slices_) AddRows(slice);
  first_output_.push_back(static_cast<int>(batch_.output_rows.size()));
}

void Runner::AddRows(const Scheduler::Slice& slice) {
  const Sequence& sequence = *sequences_.at(slice.id);
  const auto first_row = static_cast<int>(batch_.tokens.size());
  const auto known = sequence.tokens.begin() + slice.position;
  const auto guessed = sequence.guess.tokens.begin();
  batch_.tokens.insert(batch_.tokens.end(), known, known + slice.n_rows);
  batch_.tokens.insert(batch_.tokens.end(), guessed, guessed + slice.n_guesses);
  const int n_rows = slice.n_rows + slice.n_guesses;
  for (int row = 0; row < n_rows; ++row) batch_.positions.push_back(slice.position + row);
  batch_.sequences.push_back(
      {sequence.kv.get(), first_row, n_rows, slice.position, sequence.adapters.get()});
  first_output_.push_back(static_cast<int>(batch_.output_rows.size()));
  AddOutputRows(sequence, slice, first_row);
}

// The last known token's row gives the next one, and those of guesses what follows if they are
// right; with logprobs of the prompt, the rows before each prompt token that has not been sent (all
// were, after a preemption) give that token's.
void Runner::AddOutputRows(const Sequence& sequence, const Scheduler::Slice& slice, int first_row) {
  for (int row = 0; row < slice.n_rows + slice.n_guesses; ++row) {
    const int next = slice.position + row + 1;
    const bool echoes =
        sequence.wants_logprob(next) && next < sequence.n_prompt && next >= sequence.n_echoed;
    const bool samples = slice.gives_next && row + 1 >= slice.n_rows;
    if (echoes || samples) batch_.output_rows.push_back(first_row + row);
  }
}

void Runner::Forward() {
  if (slices_.empty()) return;
  model_.Forward(threads_, batch_, logits_);
  ++totals_.steps_total;
}

void Runner::Sample() {
  outcomes_.assign(slices_.size(), {});
  const auto n = static_cast<int64_t>(slices_.size());
  if (n == 0) return;
  threads_.ParallelFor(n, 1, [this](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      try {
        SampleSlice(static_cast<size_t>(i));
      } catch (const std::exception&) {
        outcomes_[i].broken = true;  // out of memory; a pool's job must not throw
      }
    }
  });
}

void Runner::SampleSlice(size_t i) {
  const Scheduler::Slice& slice = slices_[i];
  Sequence& sequence = *sequences_.at(slice.id);
  Outcome& outcome = outcomes_[i];
  const int n_top = sequence.options.top_logprobs;
  const auto vocab_size = static_cast<size_t>(model_.config().vocab_size);
  for (int output = first_output_[i]; output < first_output_[i + 1]; ++output) {
    const int next = batch_.positions[batch_.output_rows[output]] + 1;
    if (next == static_cast<int>(sequence.tokens.size())) {
      DrawTokens(sequence, output, outcome);
      return;
    }
    const std::span<float> logits(logits_.row(output), vocab_size);
    outcome.prompt_infos.push_back(MakeTokenInfo(logits, sequence.tokens[next], n_top));
  }
}

// Token by token, as long as the guesses are what is drawn: a row's logits depend on nothing but
// the tokens up to it, so this is what single steps would draw. `output` is the row of the last
// known token, those of the guesses follow it.
void Runner::DrawTokens(Sequence& sequence, int output, Outcome& outcome) {
  const std::vector<int32_t>& guesses = sequence.guess.tokens;
  std::vector<int32_t>& tokens = sequence.tokens;
  const size_t n_known = tokens.size();
  if (static_cast<int>(n_known) >= sequence.max_total) return;  // none wanted
  size_t n_right = 0;
  for (bool goes_on = true; goes_on;) {
    const std::span<float> logits(logits_.row(output + static_cast<int>(n_right)),
                                  static_cast<size_t>(model_.config().vocab_size));
    DrawToken(sequence, logits, outcome);
    if (outcome.failed()) break;
    const Drawn& drawn = outcome.drawn.back();
    tokens.push_back(drawn.token);
    tokens.insert(tokens.end(), drawn.after.forced.begin(), drawn.after.forced.end());
    const size_t n_new = tokens.size() - n_known;
    while (n_right < std::min(guesses.size(), n_new) &&
           guesses[n_right] == tokens[n_known + n_right]) {
      ++n_right;
    }
    goes_on = n_right == n_new && !drawn.after.complete &&
              !model_.tokenizer().IsEndOfGeneration(drawn.token);
  }
  tokens.resize(n_known);  // they are the answer's when they are emitted
  outcome.n_right = static_cast<int>(n_right);
}

void Runner::DrawToken(Sequence& sequence, std::span<float> logits, Outcome& outcome) {
  const bool logprobs = sequence.options.logprobs;
  const bool constrained = sequence.constrained();
  std::vector<float> original;
  if (logprobs) original.assign(logits.begin(), logits.end());
  std::span<const int32_t> banned;
  if (sequence.options.limits.ignore_eos && !constrained) banned = end_tokens_;
  Drawn drawn;
  try {
    grammar::TokenMask allowed;
    if (constrained) AllowTokens(*sequence.constraint, allowed);
    drawn.token =
        sequence.sampler.Sample(logits, sequence.tokens, banned, constrained ? &allowed : nullptr);
    outcome.broken = drawn.token < 0;
    if (outcome.broken) return;
    // Forced tokens have no logits, so none are forced where those are asked for.
    if (constrained) {
      drawn.after = FollowToken(*sequence.constraint, drawn.token, model_.tokenizer(), !logprobs);
    }
  } catch (const Error& error) {
    outcome.failure = error.what();
    return;
  }
  if (logprobs) drawn.info = MakeTokenInfo(original, drawn.token, sequence.options.top_logprobs);
  outcome.drawn.push_back(std::move(drawn));
}

void Runner::FillBytes(TokenInfo& info) const {
  const Tokenizer& tokenizer = model_.tokenizer();
  info.chosen.bytes = tokenizer.TokenBytes(info.chosen.id, true);
  for (TokenLogprob& token : info.top) token.bytes = tokenizer.TokenBytes(token.id, true);
}

void Runner::Emit() {
  for (size_t i = 0; i < slices_.size(); ++i) slices_[i].n_right = outcomes_[i].n_right;
  scheduler_.Advance(slices_);
  for (size_t i = 0; i < slices_.size(); ++i) EmitSlice(slices_[i], outcomes_[i]);
  if (slices_.empty()) return;
  scheduler_.Observe(slices_, static_cast<double>(clock_.MonotonicNs() - begun_ns_) * 1e-9);
}

void Runner::EmitSlice(const Scheduler::Slice& slice, Outcome& outcome) {
  Sequence& sequence = *sequences_.at(slice.id);
  const int n_done = slice.position + slice.n_rows;
  if (!outcome.broken) StorePages(sequence, n_done);
  NoteGuesses(sequence, slice);
  EmitPrompt(sequence, std::min(n_done + 1, sequence.n_prompt), std::move(outcome.prompt_infos));
  bool goes_on = true;
  if (slice.gives_next && sequence.first_token_ns == 0) {
    sequence.first_token_ns = clock_.MonotonicNs();
  }
  for (size_t i = 0; i < outcome.drawn.size() && goes_on; ++i) {
    goes_on = EmitToken(sequence, outcome.drawn[i]);
  }
  if (!goes_on) return;
  if (outcome.broken) {
    Finish(sequence, FinishReason::kError,
           "the model's output is not finite; the file may be damaged");
  } else if (!outcome.failure.empty()) {
    Finish(sequence, FinishReason::kError, outcome.failure);
  } else if (slice.gives_next && outcome.drawn.empty()) {
    Finish(sequence, FinishReason::kLength);  // max_tokens is 0
  } else if (outcome.n_right > 0) {
    StorePages(sequence, n_done + outcome.n_right);
  }
}

// n_known: prompt tokens that are run or whose logprobs are known.
void Runner::EmitPrompt(Sequence& sequence, int n_known, std::vector<TokenInfo> infos) {
  if (sequence.n_echoed == 0) totals_.prompt_tokens_total += sequence.n_prompt;
  const int n_before = std::exchange(sequence.n_echoed, std::max(sequence.n_echoed, n_known));
  if (!sequence.echo) return;
  if (!sequence.options.logprobs) {
    if (!sequence.echo_text.empty()) Push(sequence, {std::exchange(sequence.echo_text, ""), {}});
    return;
  }
  size_t next_info = 0;
  AnswerText::Piece all;
  const auto add = [&all](AnswerText::Piece piece) {
    all.text += piece.text;
    std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(all.tokens));
  };
  for (int p = n_before; p < sequence.n_echoed; ++p) {
    TokenInfo info;
    info.has_logprob = sequence.wants_logprob(p);
    info.chosen.id = sequence.tokens[p];
    if (info.has_logprob) info = std::move(infos.at(next_info++));
    FillBytes(info);
    std::string bytes = model_.tokenizer().TokenBytes(sequence.tokens[p]);
    if (sequence.echo_drops_space && !bytes.empty()) {
      sequence.echo_drops_space = false;
      if (bytes.front() == ' ') bytes.erase(0, 1);
    }
    add(sequence.echo_pieces.Push(bytes, std::move(info)));
  }
  if (sequence.n_echoed == sequence.n_prompt) add(sequence.echo_pieces.Finish());
  Push(sequence, std::move(all));
}

// False when the answer ends.
bool Runner::EmitToken(Sequence& sequence, Drawn& drawn) {
  const std::vector<int32_t>& forced = drawn.after.forced;
  const auto completes = [&](size_t n_more) { return drawn.after.complete && n_more == 0; };
  if (!AppendToken(sequence, drawn.token, std::move(drawn.info), completes(forced.size()))) {
    return false;
  }
  for (size_t i = 0; i < forced.size(); ++i) {
    if (!AppendToken(sequence, forced[i], std::nullopt, completes(forced.size() - i - 1))) {
      return false;
    }
  }
  return true;
}

// False when the answer ends with it.
bool Runner::AppendToken(Sequence& sequence, int32_t token, std::optional<TokenInfo> info,
                         bool completes) {
  sequence.tokens.push_back(token);
  scheduler_.Append(sequence.id);
  ++totals_.generated_tokens_total;
  const Tokenizer& tokenizer = model_.tokenizer();
  if (tokenizer.IsEndOfGeneration(token)) {
    // Who scores a prompt takes the last token for the one that was asked for behind it.
    if (info && sequence.wants_prompt_logprobs()) {
      FillBytes(*info);
      PushAnswer(sequence, sequence.text.Push("", std::move(info)));
    }
    Finish(sequence, FinishReason::kStop);
    return false;
  }
  const bool is_marker =
      sequence.marker_tokens != nullptr && sequence.marker_tokens->contains(token);
  std::string bytes = tokenizer.TokenBytes(token, is_marker);
  if (std::exchange(sequence.drop_leading_space, false) && bytes.starts_with(' '))
    bytes.erase(0, 1);
  if (info) FillBytes(*info);
  PushAnswer(sequence, sequence.text.Push(bytes, std::move(info)));
  if (sequence.events.reasoning()) ++sequence.n_reasoning;
  if (sequence.text.stopped() || completes) {
    Finish(sequence, FinishReason::kStop);
    return false;
  }
  if (static_cast<int>(sequence.tokens.size()) < sequence.max_total) return true;
  Finish(sequence, FinishReason::kLength);
  return false;
}

void Runner::Push(const Sequence& sequence, AnswerText::Piece piece) {
  if (piece.empty()) return;
  sequence.channel->PushText({sequence.index, std::move(piece.text), std::move(piece.tokens)});
}

void Runner::PushAnswer(Sequence& sequence, AnswerText::Piece piece) {
  Send(sequence, sequence.events.Push(std::move(piece)));
}

void Runner::Send(const Sequence& sequence, std::vector<GenerationEvent> events) {
  EventChannel& channel = *sequence.channel;
  for (GenerationEvent& event : events) {
    if (auto* text = std::get_if<TextEvent>(&event)) {
      channel.PushText(std::move(*text));
    } else if (auto* thoughts = std::get_if<ReasoningEvent>(&event)) {
      channel.PushReasoning(std::move(*thoughts));
    } else if (auto* call = std::get_if<ToolCallEvent>(&event)) {
      channel.PushToolCall(std::move(*call));
    }
  }
}

void Runner::Finish(Sequence& sequence, FinishReason reason, const std::string& error) {
  const auto has_ended = [&](const Ended& ended) { return ended.id == sequence.id; };
  if (std::any_of(ended_.begin(), ended_.end(), has_ended)) return;
  PushAnswer(sequence, sequence.text.Finish());
  Send(sequence, sequence.events.Finish());
  if (reason == FinishReason::kStop) reason = sequence.events.EndReason();
  const int64_t now = clock_.MonotonicNs();
  const auto seconds = [now](int64_t from, int64_t to) {
    return static_cast<double>((to == 0 ? now : to) - (from == 0 ? now : from)) * 1e-9;
  };
  AnswerUsage usage;
  usage.completion_tokens = sequence.generated();
  usage.reasoning_tokens = sequence.n_reasoning;
  if (sequence.n_prediction > 0) {
    usage.accepted_tokens = sequence.n_guesses_right;
    usage.rejected_tokens = sequence.n_guesses - sequence.n_guesses_right;
  }
  usage.cached_tokens = sequence.n_cached;
  usage.queue_seconds = seconds(sequence.submitted_ns, sequence.admitted_ns);
  usage.prompt_seconds = seconds(sequence.admitted_ns, sequence.first_token_ns);
  usage.generation_seconds = seconds(sequence.first_token_ns, now);
  if (reason == FinishReason::kCancelled) ++totals_.cancelled_total;
  ended_.push_back(
      {sequence.id, {sequence.index, reason, sequence.text.stop_sequence(), error}, usage});
}

// Pages are free and the numbers are right before the client learns that its answer has ended.
void Runner::Retire() {
  std::vector<std::shared_ptr<EventChannel>> channels;
  for (const Ended& ended : ended_) {
    scheduler_.Remove(ended.id);
    if (draft_) draft_->Forget(ended.id);
    const auto found = sequences_.find(ended.id);
    channels.push_back(found->second->channel);
    sequences_.erase(found);
  }
  UpdateStats();
  if (!ended_.empty()) on_retired_(static_cast<int>(ended_.size()));
  for (size_t i = 0; i < ended_.size(); ++i) {
    channels[i]->FinishAnswer(std::move(ended_[i].event), ended_[i].usage);
  }
  ended_.clear();
}

void Runner::CancelWaiting() {
  CancelEmbeddings();
  for (auto& [id, sequence] : sequences_) {
    if (sequence->admitted_ns == 0) Finish(*sequence, FinishReason::kCancelled);
  }
  Retire();
}

void Runner::CancelAll() {
  for (auto& [id, sequence] : sequences_) Finish(*sequence, FinishReason::kCancelled);
  Retire();
}

void Runner::FinishAllWithError(const std::string& error) {
  for (auto& [id, sequence] : sequences_) Finish(*sequence, FinishReason::kError, error);
  Retire();
}

void Runner::UpdateStats() {
  totals_.running = scheduler_.running();
  totals_.waiting = scheduler_.waiting();
  totals_.kv_bytes_total = pool_.total_pages() * pool_.page_bytes();
  totals_.kv_bytes_used = totals_.kv_bytes_total - pool_.free_pages() * pool_.page_bytes();
  totals_.kv_bytes_cached = pool_.cached_pages() * pool_.page_bytes();
  totals_.preemptions_total = scheduler_.preemptions();
  const std::lock_guard lock(stats_mutex_);
  published_ = totals_;
}

GeneratorStats Runner::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return published_;
}

}  // namespace pioneer
