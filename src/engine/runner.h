// Why: one step of the engine, as a list of named stages: admit, build, forward, sample, emit,
// retire. Belongs to the engine's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "engine/constrained_choice.h"
#include "engine/draft_model.h"
#include "engine/embedding_queue.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "model/model.h"

namespace pioneer {

struct RunnerOptions {
  SchedulerLimits limits;
  int64_t kv_bytes = 0;          // for all conversations
  bool prefix_cache = true;      // share pages between sequences that begin alike
  bool speculation = true;       // guess tokens where that makes them come faster
  std::shared_ptr<Model> draft;  // guesses, too; null = none. See CheckDraft
  int64_t draft_kv_bytes = 0;
};

// Not thread-safe but for stats(). `model`, `threads` and `clock` must outlive it.
class Runner : private KvSpace {
 public:
  // on_retired(n) is called when n sequences or jobs have ended, before their clients learn it.
  // Throws Error{kOutOfMemory} when kv_bytes holds no page.
  Runner(Model& model, ThreadPool& threads, const Clock& clock, const RunnerOptions& options,
         std::function<void(int)> on_retired);
  ~Runner() override;

  // Tokens that the KV space holds when one sequence has all of it.
  int64_t kv_tokens() const;
  KvPagePool& pages() { return pool_; }

  void Add(std::unique_ptr<Sequence> sequence);
  void Add(std::shared_ptr<EmbeddingJob> job) { embeddings_.Add(std::move(job)); }
  bool has_work() const { return !sequences_.empty() || embeddings_.has_work(); }
  // Embeds some texts, then runs the stages once. When one throws, which only lack of memory or a
  // defect can cause, all sequences end with kError.
  void Step();
  // Ends those that never ran and the embedding jobs, or all of them, as cancelled.
  void CancelWaiting();
  void CancelAll();

  GeneratorStats stats() const;

 private:
  struct Drawn {
    int32_t token = -1;
    AfterToken after;
    std::optional<TokenInfo> info;
  };
  // What sampling found for one slice.
  struct Outcome {
    std::vector<TokenInfo> prompt_infos;  // of the tokens that follow the slice's rows
    std::vector<Drawn> drawn;             // more than one where guesses were right
    int n_right = 0;                      // so many
    bool broken = false;                  // the logits are not finite
    std::string failure;                  // the grammar's, or ""
    bool failed() const { return broken || !failure.empty(); }
  };
  // An answer that ended in this step; its client is told when its pages are free.
  struct Ended {
    int64_t id = 0;
    FinishEvent event;
    AnswerUsage usage;
  };
  struct Stage {
    const char* name;
    void (Runner::*run)();
  };
  static const std::array<Stage, 6> kStages;

  void StepEmbeddings();
  void CancelEmbeddings();
  void Admit();
  void Build();
  void Forward();
  void Sample();
  void Emit();
  void Retire();

  // KvSpace; in runner_space.cc.
  bool MustWait(int64_t id) override;
  std::optional<Place> Enter(int64_t id, int64_t n_tokens) override;
  bool Reserve(int64_t id, int64_t n_tokens) override;
  void Release(int64_t id) override;
  bool SharesPages(const Sequence& sequence) const;
  int WillStore(const Sequence& running, const Sequence& waiting) const;
  std::vector<int> StateCuts(const Sequence& sequence, int n_done, int n_matched) const;
  void StorePages(Sequence& sequence, int n_stored);

  // Guesses; in runner_guess.cc.
  void AddGuesses();
  void AddDrafts(int n_rows);
  static std::span<const int32_t> LookupText(Sequence& sequence);
  int MostGuesses(const Sequence& sequence, const Scheduler::Slice& slice) const;
  void NoteGuesses(Sequence& sequence, const Scheduler::Slice& slice);

  void AddRows(const Scheduler::Slice& slice);
  void AddOutputRows(const Sequence& sequence, const Scheduler::Slice& slice, int first_row);
  void SampleSlice(size_t slice);
  void DrawTokens(Sequence& sequence, int output, Outcome& outcome);
  void DrawToken(Sequence& sequence, std::span<float> logits, Outcome& outcome);
  void FillBytes(TokenInfo& info) const;
  void EmitSlice(const Scheduler::Slice& slice, Outcome& outcome);
  void EmitPrompt(Sequence& sequence, int n_known, std::vector<TokenInfo> infos);
  bool EmitToken(Sequence& sequence, Drawn& drawn);
  // completes: nothing can follow under its grammar.
  bool AppendToken(Sequence& sequence, int32_t token, std::optional<TokenInfo> info,
                   bool completes);
  void Push(const Sequence& sequence, AnswerText::Piece piece);
  void PushAnswer(Sequence& sequence, AnswerText::Piece piece);
  static void Send(const Sequence& sequence, std::vector<GenerationEvent> events);
  void Finish(Sequence& sequence, FinishReason reason, const std::string& error = "");
  void FinishAllWithError(const std::string& error);
  void UpdateStats();

  Model& model_;
  ThreadPool& threads_;
  const Clock& clock_;
  const std::function<void(int)> on_retired_;
  const bool prefix_cache_, speculation_;
  KvPagePool pool_;
  std::unique_ptr<DraftModel> draft_;  // or null
  EmbeddingQueue embeddings_;
  Scheduler scheduler_;
  std::map<int64_t, std::unique_ptr<Sequence>> sequences_;  // by id, so oldest first
  std::vector<int32_t> end_tokens_;
  int64_t next_id_ = 1;

  // Of the step that is running.
  int64_t begun_ns_ = 0;
  std::vector<Scheduler::Slice> slices_;
  std::vector<int> first_output_;  // of each slice, in output_rows; and the end
  StepBatch batch_;
  Matrix logits_;
  std::vector<Outcome> outcomes_;
  std::vector<Ended> ended_;

  mutable std::mutex stats_mutex_;
  GeneratorStats totals_;     // the engine's thread's own
  GeneratorStats published_;  // guarded by stats_mutex_
};

}  // namespace pioneer
