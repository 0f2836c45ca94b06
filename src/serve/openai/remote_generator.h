// Why: a model that another program serves is judged and used like one of this process: behind
// Generator. It stands in serve/ because it speaks the wire's JSON, which the engine never sees;
// who uses it knows Generator only, and cli/ makes it.
//
// The server must have /v1/completions and /v1/chat/completions; where texts are scored or
// tokenized, also `echo` with `logprobs` and /tokenize as Pioneer and vLLM have them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/json.h"
#include "engine/generator.h"

namespace pioneer::serve::openai {

struct RemoteModel {
  std::string url;    // of the API: "http://127.0.0.1:8080/v1"
  std::string model;  // its name there; "" = the first that the server lists
  std::string key;    // API key, or ""
};

// Thread-safe. Each generation runs in a thread of its own and its events come all at once, at its
// end. Adapters, grammars, tools, infilling, embeddings and reranking throw
// Error{kUnsupported}; CompletionRequest::logprobs_from is only a hint and is not used.
class RemoteGenerator : public Generator {
 public:
  // Asks the server what the model is. Throws Error{kIo} when it does not answer, kNotFound when it
  // has no such model.
  explicit RemoteGenerator(RemoteModel remote);

  GeneratorInfo info() const override { return info_; }
  // Prompt and generated tokens as the server counts them.
  GeneratorStats stats() const override;
  std::unique_ptr<Generation> Chat(const ChatRequest& request) override;
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override;
  EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) override;
  RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) override;
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special = false) const override;
  std::string Detokenize(const std::vector<int32_t>& tokens) const override;
  std::string TokenBytes(int32_t token) const override;

 private:
  class Running;
  struct Counts {
    std::atomic<int64_t> prompt_tokens{0}, generated_tokens{0}, cached_tokens{0};
    std::atomic<int> running{0};
  };

  void FindModel();
  void FindSpecialTokens();

  const RemoteModel remote_;
  const std::string root_;  // the server without the API's path
  GeneratorInfo info_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace pioneer::serve::openai
