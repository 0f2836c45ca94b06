// Why: what stands above the engine (serving, search, agents) is tested against scripts, exactly
// and without a model: any text, any failure, any pause, under the test's control.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/generator.h"
#include "text/chat_format/tool_set.h"

namespace pioneer {

// Where a script waits until the test says go. Thread-safe; must outlive what waits at it (share
// it). Starts closed.
class FakeGate {
 public:
  void Open();            // everything passes from now on
  void Allow(int n = 1);  // the next n pieces pass
  // Blocks the test until n generations wait here at the same time.
  void AwaitWaiting(int n);

 private:
  friend class FakeGeneration;
  // False when `cancelled` became true before there was leave to pass.
  bool Pass(const std::atomic<bool>& cancelled);
  void Wake();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int allowed_ = 0;
  int waiting_ = 0;
};

// The tools whose calls an answer's text is read for; null = calls are text.
using FakeTools = std::shared_ptr<const chat_format::ToolSet>;

// What one answer says. A piece stands for one token: it counts for usage and max_tokens.
struct FakeScript {
  std::vector<std::string> pieces;     // may split characters and stop strings anywhere
  std::shared_ptr<FakeGate> gate;      // passed before every piece and before the end; null = none
  std::string error;                   // not "": ends with kError and this message
  std::string chat_format;             // chats: the pieces are of this family (text/chat_format)
                                       // and are read as such; "" = they are plain text
  bool block_until_cancelled = false;  // after the pieces, never ends by itself
  int times = -1;                      // how often it may be played; -1 = any number
};

// Plays the first script (in the order of adding) whose pattern occurs in the request. The newest
// message is looked at first, then older ones, so a conversation of several turns can be scripted
// turn by turn. Requests are checked as LocalGenerator checks them; stop strings, max_tokens, n,
// echo, logprobs, cancelling and usage work. A token of this model is one byte.
//
// Logprobs: every piece has -0.25, and top_logprobs lists it and made-up others. Without a script
// that fits, the answer is FinishReason::kError with the prompt's text.
//
// Thread-safe.
class FakeGenerator : public Generator {
 public:
  explicit FakeGenerator(GeneratorInfo info = DefaultInfo());
  ~FakeGenerator() override;

  // An empty pattern fits every request.
  void Add(const std::string& pattern, FakeScript script);
  void Add(const std::string& pattern, std::vector<std::string> pieces);
  // The next start call throws this instead of starting.
  void FailNextStart(ErrorCode code, const std::string& message);

  std::vector<ChatRequest> chats() const;  // all accepted so far
  std::vector<CompletionRequest> completions() const;

  GeneratorInfo info() const override;
  GeneratorStats stats() const override;
  std::unique_ptr<Generation> Chat(const ChatRequest& request) override;
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override;
  // How often each of the bytes a to h occurs; a text without any points along the first axis.
  EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) override;
  // The share of the query's bytes that the document has.
  RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) override;
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special = false) const override;
  std::string Detokenize(const std::vector<int32_t>& tokens) const override;
  std::string TokenBytes(int32_t token) const override;
  // "NAME:TEXT;" of every file, the prefix, the prompt, "_", the suffix.
  std::vector<int32_t> InfillPrompt(const InfillRequest& request, int max_tokens) const override;

  static GeneratorInfo DefaultInfo();

 private:
  struct Shared;  // lives as long as the last generation

  std::unique_ptr<Generation> Start(const std::vector<std::string>& texts_newest_first,
                                    const std::string& echo, const GenerationOptions& options,
                                    FakeTools tools = nullptr);
  FakeScript TakeScript(const std::vector<std::string>& texts_newest_first);
  void ThrowIfToldTo();

  const GeneratorInfo info_;
  const std::shared_ptr<Shared> shared_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, FakeScript>> scripts_;
  std::vector<Error> failures_;
  std::vector<ChatRequest> chats_;
  std::vector<CompletionRequest> completions_;
};

}  // namespace pioneer
