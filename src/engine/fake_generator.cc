#include "engine/fake_generator.h"

#include <algorithm>
#include <cmath>

#include "engine/answer_events.h"
#include "engine/answer_text.h"
#include "engine/grammar_compiler.h"
#include "engine/validate.h"

namespace pioneer {
namespace {

constexpr int kVocabSize = 256;  // the bytes

// Reads answers of that family, "" = null; calls are read where there are tools.
std::unique_ptr<chat_format::AnswerParser> MakeParser(const std::string& family,
                                                      const FakeTools& tools) {
  for (const chat_format::ChatFormat& format : chat_format::ChatFormats()) {
    if (format.name != family) continue;
    chat_format::AnswerParserOptions options;
    options.tools = tools;
    options.stream_arguments = true;
    return std::make_unique<chat_format::AnswerParser>(
        std::make_shared<chat_format::ChatFormat>(format), std::move(options));
  }
  return nullptr;
}

}  // namespace

void FakeGate::Open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void FakeGate::Allow(int n) {
  const std::lock_guard lock(mutex_);
  allowed_ += n;
  changed_.notify_all();
}

void FakeGate::AwaitWaiting(int n) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ >= n; });
}

bool FakeGate::Pass(const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return open_ || allowed_ > 0 || cancelled; });
  --waiting_;
  if (cancelled) return false;
  if (!open_) --allowed_;
  return true;
}

void FakeGate::Wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

struct FakeGenerator::Shared {
  std::mutex mutex;
  GeneratorStats stats;
};

// Plays the script once an answer, one answer after the other, in the caller's thread.
class FakeGeneration : public Generation {
 public:
  FakeGeneration(FakeScript script, std::string echo, const GenerationOptions& options,
                 int prompt_tokens, FakeTools tools, std::function<void(bool, int)> on_end)
      : script_(std::move(script)),
        echo_(std::move(echo)),
        tools_(std::move(tools)),
        options_(options),
        on_end_(std::move(on_end)),
        text_(options.limits.stop),
        answer_(0, MakeParser(script_.chat_format, tools_)) {
    if (!script_.gate) {
      script_.gate = std::make_shared<FakeGate>();
      script_.gate->Open();
    }
    usage_.prompt_tokens = prompt_tokens;
  }

  ~FakeGeneration() override { End(/*cancelled=*/!ended_); }

  std::optional<GenerationEvent> Next() override {
    while (events_.empty() && !ended_) Play();
    if (events_.empty()) return std::nullopt;
    GenerationEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  void Cancel() override {
    cancelled_ = true;
    script_.gate->Wake();
    const std::lock_guard lock(block_mutex_);
    unblocked_.notify_all();
  }

 private:
  void Play() {
    if (index_ == options_.n) {
      events_.push_back(usage_);
      End(cancelled_);
    } else if (next_piece_ == 0 && !echo_.empty() && !echoed_) {
      echoed_ = true;
      events_.push_back(TextEvent{index_, echo_, {}});
    } else if (cancelled_) {
      Finish(FinishReason::kCancelled);
    } else if (next_piece_ == options_.limits.max_tokens) {
      Finish(FinishReason::kLength);
    } else if (!script_.gate->Pass(cancelled_)) {
      Finish(FinishReason::kCancelled);
    } else if (next_piece_ < static_cast<int>(script_.pieces.size())) {
      PlayPiece(script_.pieces[next_piece_++]);
    } else {
      PlayEnd();
    }
  }

  void PlayPiece(const std::string& bytes) {
    ++usage_.completion_tokens;
    std::optional<TokenInfo> info;
    if (options_.logprobs) info = MakeInfo(bytes);
    Add(answer_.Push(text_.Push(bytes, std::move(info))));
    if (answer_.reasoning()) ++usage_.reasoning_tokens;
    if (text_.stopped()) Finish(FinishReason::kStop);
  }

  void PlayEnd() {
    if (script_.block_until_cancelled) {
      std::unique_lock lock(block_mutex_);
      unblocked_.wait(lock, [&] { return cancelled_.load(); });
      lock.unlock();
      Finish(FinishReason::kCancelled);
    } else {
      Finish(script_.error.empty() ? FinishReason::kStop : FinishReason::kError);
    }
  }

  void Finish(FinishReason reason) {
    Add(answer_.Push(text_.Finish()));
    Add(answer_.Finish());
    if (reason == FinishReason::kStop) reason = answer_.EndReason();
    FinishEvent event{index_, reason, text_.stop_sequence(), ""};
    if (reason == FinishReason::kError) event.error = script_.error;
    events_.push_back(std::move(event));
    text_ = AnswerText(options_.limits.stop);
    next_piece_ = 0;
    echoed_ = false;
    ++index_;
    answer_ = AnswerEvents(index_, MakeParser(script_.chat_format, tools_));
  }

  void Add(std::vector<GenerationEvent> events) {
    std::move(events.begin(), events.end(), std::back_inserter(events_));
  }

  TokenInfo MakeInfo(const std::string& bytes) const {
    TokenInfo info;
    info.chosen = {next_piece_ % kVocabSize, bytes, -0.25};
    for (int i = 0; i < options_.top_logprobs; ++i) {
      if (i == 0) {
        info.top.push_back(info.chosen);
      } else {
        info.top.push_back({(next_piece_ + i) % kVocabSize, std::string(1, 'a' + i), -2.0 - i});
      }
    }
    return info;
  }

  void End(bool cancelled) {
    ended_ = true;
    if (on_end_) std::exchange(on_end_, nullptr)(cancelled, usage_.completion_tokens);
  }

  FakeScript script_;
  const std::string echo_;
  const FakeTools tools_;
  const GenerationOptions options_;
  std::function<void(bool, int)> on_end_;
  AnswerText text_;
  AnswerEvents answer_;
  UsageEvent usage_;
  std::deque<GenerationEvent> events_;
  int index_ = 0, next_piece_ = 0;
  bool echoed_ = false, ended_ = false;
  std::atomic<bool> cancelled_{false};
  std::mutex block_mutex_;
  std::condition_variable unblocked_;
};

FakeGenerator::FakeGenerator(GeneratorInfo info)
    : info_(std::move(info)), shared_(std::make_shared<Shared>()) {}
FakeGenerator::~FakeGenerator() = default;

GeneratorInfo FakeGenerator::DefaultInfo() {
  GeneratorInfo info;
  info.id = "fake";
  info.description = "plays scripts";
  info.context_length = 4096;
  info.n_parameters = 1;
  info.abilities = {.generate = true, .embed = true, .rerank = true};
  return info;
}

void FakeGenerator::Add(const std::string& pattern, FakeScript script) {
  const std::lock_guard lock(mutex_);
  scripts_.emplace_back(pattern, std::move(script));
}

void FakeGenerator::Add(const std::string& pattern, std::vector<std::string> pieces) {
  FakeScript script;
  script.pieces = std::move(pieces);
  Add(pattern, std::move(script));
}

void FakeGenerator::FailNextStart(ErrorCode code, const std::string& message) {
  const std::lock_guard lock(mutex_);
  failures_.emplace_back(code, message);
}

std::vector<ChatRequest> FakeGenerator::chats() const {
  const std::lock_guard lock(mutex_);
  return chats_;
}

std::vector<CompletionRequest> FakeGenerator::completions() const {
  const std::lock_guard lock(mutex_);
  return completions_;
}

GeneratorInfo FakeGenerator::info() const { return info_; }

GeneratorStats FakeGenerator::stats() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->stats;
}

std::unique_ptr<Generation> FakeGenerator::Chat(const ChatRequest& request) {
  ThrowIfToldTo();
  ValidateChat(request, kVocabSize);
  CheckOutputGrammar(request.options.grammar);
  std::vector<std::string> texts;
  for (const ChatMessage& message : request.messages) texts.push_back(message.content);
  std::reverse(texts.begin(), texts.end());
  const bool offered = !request.tools_json.empty() && request.tool_choice != ToolChoice::kNone;
  FakeTools tools;
  if (offered || request.read_all_calls) {
    tools = std::make_shared<chat_format::ToolSet>(offered ? request.tools_json : "");
  }
  auto generation = Start(texts, "", request.options, std::move(tools));
  const std::lock_guard lock(mutex_);
  chats_.push_back(request);
  return generation;
}

std::unique_ptr<Generation> FakeGenerator::Complete(const CompletionRequest& request) {
  ThrowIfToldTo();
  ValidateCompletion(request, kVocabSize);
  CheckOutputGrammar(request.options.grammar);
  const auto* text = std::get_if<std::string>(&request.prompt);
  const std::string prompt =
      text != nullptr ? *text : Detokenize(std::get<std::vector<int32_t>>(request.prompt));
  auto generation = Start({prompt}, request.echo ? prompt : "", request.options);
  const std::lock_guard lock(mutex_);
  completions_.push_back(request);
  return generation;
}

EmbeddingAnswer FakeGenerator::Embed(const EmbeddingRequest& request, CancelToken cancel) {
  ThrowIfToldTo();
  cancel.Check();
  ValidateEmbedding(request, kVocabSize);
  EmbeddingAnswer answer;
  for (const auto& text : request.texts) {
    const auto* ids = std::get_if<std::vector<int32_t>>(&text);
    const std::string bytes = ids != nullptr ? Detokenize(*ids) : std::get<std::string>(text);
    CheckTextLength("input", std::ssize(bytes), info_.context_length);
    std::vector<float> vector(8, 0.0f);
    for (const char c : bytes) {
      if (c >= 'a' && c <= 'h') vector[c - 'a'] += 1;
    }
    double square = 0;
    for (const float x : vector) square += double{x} * x;
    if (square == 0) vector[0] = 1;
    for (float& x : vector) x /= static_cast<float>(square == 0 ? 1 : std::sqrt(square));
    answer.vectors.push_back(std::move(vector));
    answer.prompt_tokens += std::ssize(bytes);
  }
  return answer;
}

RerankAnswer FakeGenerator::Rerank(const RerankRequest& request, CancelToken cancel) {
  ThrowIfToldTo();
  cancel.Check();
  RerankAnswer answer;
  for (const std::string& document : request.documents) {
    double found = 0;
    for (const char c : request.query) found += document.find(c) != std::string::npos ? 1 : 0;
    answer.scores.push_back(request.query.empty() ? 0 : found / std::ssize(request.query));
    answer.prompt_tokens += std::ssize(request.query) + std::ssize(document);
  }
  return answer;
}

std::unique_ptr<Generation> FakeGenerator::Start(const std::vector<std::string>& texts,
                                                 const std::string& echo,
                                                 const GenerationOptions& options,
                                                 FakeTools tools) {
  int64_t n_prompt = 0;
  for (const std::string& text : texts) n_prompt += static_cast<int64_t>(text.size());
  CheckPromptLength(n_prompt, info_.context_length);
  FakeScript script = TakeScript(texts);
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->stats.running;
    shared_->stats.prompt_tokens_total += n_prompt;
  }
  auto on_end = [shared = shared_](bool cancelled, int n_generated) {
    const std::lock_guard lock(shared->mutex);
    --shared->stats.running;
    shared->stats.generated_tokens_total += n_generated;
    if (cancelled) ++shared->stats.cancelled_total;
  };
  return std::make_unique<FakeGeneration>(std::move(script), echo, options,
                                          static_cast<int>(n_prompt), std::move(tools),
                                          std::move(on_end));
}

FakeScript FakeGenerator::TakeScript(const std::vector<std::string>& texts) {
  const std::lock_guard lock(mutex_);
  for (const std::string& text : texts) {
    for (auto& [pattern, script] : scripts_) {
      if (script.times == 0 || text.find(pattern) == std::string::npos) continue;
      if (script.times > 0) --script.times;
      return script;
    }
  }
  FakeScript none;
  none.error = fmt::format("no script fits the prompt: {}", texts.empty() ? "" : texts.front());
  return none;
}

void FakeGenerator::ThrowIfToldTo() {
  const std::lock_guard lock(mutex_);
  if (failures_.empty()) return;
  const Error error = failures_.front();
  failures_.erase(failures_.begin());
  throw error;
}

std::vector<int32_t> FakeGenerator::Tokenize(const std::string& text, bool, bool) const {
  std::vector<int32_t> ids;
  for (const char c : text) ids.push_back(static_cast<uint8_t>(c));
  return ids;
}

std::vector<int32_t> FakeGenerator::InfillPrompt(const InfillRequest& request, int) const {
  std::string text;
  for (const InfillRequest::File& file : request.files) text += file.name + ":" + file.text + ";";
  return Tokenize(text + request.prefix + request.prompt + "_" + request.suffix, false);
}

std::string FakeGenerator::Detokenize(const std::vector<int32_t>& tokens) const {
  std::string text;
  for (const int32_t id : tokens) text += static_cast<char>(id);
  return RepairUtf8(text);
}

std::string FakeGenerator::TokenBytes(int32_t token) const {
  return std::string(1, static_cast<char>(token));
}

}  // namespace pioneer
