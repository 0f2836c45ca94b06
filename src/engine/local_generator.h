// Why: a model in this process behind the Generator interface.
//
// Requests are checked, rendered and tokenized in the caller's thread, then handed to the engine's
// one thread, which runs all of them together, step by step (engine/runner.h). Compute runs on a
// pool of threads.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "engine/chat_prompt.h"
#include "engine/generator.h"
#include "engine/grammar_compiler.h"
#include "engine/inbox.h"
#include "engine/runner.h"
#include "model/model.h"

namespace pioneer {

struct EngineOptions {
  std::string id;          // the model's name on the wire; "" = the name in its file
  int64_t kv_bytes = 0;    // limit for keys and values; 0 = 2 GiB or a quarter of the memory
                           // this process may use, whichever is less
  int context_length = 0;  // 0 = the model's; more than the model's is not used
  int max_running = 16;    // answers in one step
  int max_waiting = 64;    // answers in the queue behind them
  int step_tokens = 512;   // rows of one step
  // What the time of a step with answers in it aims at, see StepCosts; 0 = under twice its own.
  double inter_token_seconds = 0;
  bool prefix_cache = true;      // requests that begin alike share what was computed of that
  bool speculation = true;       // tokens are guessed where that makes them come faster
  std::shared_ptr<Model> draft;  // a smaller one of the same tokens that guesses, too; null = none
  // What is kept of it from one run of the program to the next: read at the start, written by
  // Shutdown(). It tells who reads it what was asked.
  struct KeptPrefixes {
    fs::path path;
    std::string identity;   // of model file, kernels and program: see KvPagePool::OpenCache
    int64_t max_bytes = 0;  // 0 = nothing is kept
  };
  KeptPrefixes kept_prefixes = {};
  int n_threads = 0;                    // 0 = all usable cores; ignored with `threads`
  std::shared_ptr<ThreadPool> threads;  // null = one of its own
  // What requests may name; loaded for the model.
  struct NamedAdapter {
    AdapterUse usual;
    std::shared_ptr<const Adapter> adapter;
  };
  std::vector<NamedAdapter> adapters;
  const Clock* clock = nullptr;  // null = the real one
};

// Thread-safe. Generations may outlive it: they end as cancelled.
class LocalGenerator : public Generator {
 public:
  // Throws Error{kInvalidArgument} for options that make no sense, kOutOfMemory when the memory for
  // conversations cannot be had; what CheckDraft throws.
  explicit LocalGenerator(std::shared_ptr<Model> model, EngineOptions options = {});
  ~LocalGenerator() override;  // Shutdown(0)

  // Takes no more requests, ends at once those that wait, lets the running ones go on for at most
  // `grace_seconds`, then ends them too (kCancelled). Returns when the engine stands still. May be
  // called again.
  void Shutdown(double grace_seconds);

  // The context is the least of the model's, the option's, and what the KV memory holds.
  GeneratorInfo info() const override { return info_; }
  GeneratorStats stats() const override;
  std::unique_ptr<Generation> Chat(const ChatRequest& request) override;
  // A string may contain control tokens: a completion's prompt is wholly the caller's. BOS is put
  // in front where the vocabulary says so; of an empty prompt it is all.
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override;
  EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) override;
  // The model must have a head that scores pairs (Pooling::kRank).
  RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) override;
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special = false) const override;
  std::string Detokenize(const std::vector<int32_t>& tokens) const override;
  std::string TokenBytes(int32_t token) const override;
  std::vector<int32_t> InfillPrompt(const InfillRequest& request, int max_tokens) const override;

 private:
  std::unique_ptr<Generation> Start(std::vector<int32_t> prompt, const GenerationOptions& options,
                                    bool echo, const std::string& echo_text,
                                    const std::function<void(Sequence&)>& prepare = {});
  std::shared_ptr<const grammar::Constraint> CallConstraint(const ChatRequest& request,
                                                            const RenderedChat& prompt);
  std::vector<int32_t> CompletionTokens(const CompletionRequest& request) const;
  std::shared_ptr<const AdapterMix> MixOf(const std::vector<AdapterUse>& uses) const;
  bool DropsLeadingSpace(int32_t last_prompt_token) const;
  std::vector<std::vector<float>> EmbedTokens(std::vector<std::vector<int32_t>> texts,
                                              const std::vector<AdapterUse>& adapters,
                                              CancelToken cancel);
  void EngineLoop();
  void KeepPrefixes();

  const std::shared_ptr<Model> model_;
  const Clock& clock_;
  const std::shared_ptr<ThreadPool> threads_;
  const ChatPrompt chat_prompt_;
  GrammarCompiler grammars_;
  const EngineOptions::KeptPrefixes kept_prefixes_;
  const std::vector<EngineOptions::NamedAdapter> adapters_;
  const std::shared_ptr<Inbox> inbox_;  // generations wake the engine through it, even later
  Runner runner_;
  GeneratorInfo info_;
  std::atomic<int64_t> shutdown_deadline_ns_{0};
  std::mutex shutdown_mutex_;
  std::thread engine_;
};

}  // namespace pioneer
