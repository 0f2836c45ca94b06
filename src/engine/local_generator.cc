#include "engine/local_generator.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "engine/validate.h"

namespace pioneer {
namespace {

void CheckOptions(const EngineOptions& options) {
  const auto check = [](const char* name, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return;
    Fail(ErrorCode::kInvalidArgument, "{} is {}; it must be from {} to {}", name, value, low, high);
  };
  check("kv_bytes", options.kv_bytes, 0, int64_t{1} << 46);
  check("context_length", options.context_length, 0, 1 << 30);
  check("max_running", options.max_running, 1, 4096);
  check("max_waiting", options.max_waiting, 0, 1 << 20);
  check("step_tokens", options.step_tokens, 1, 1 << 20);
  check("n_threads", options.n_threads, 0, 4096);
  if (!(options.inter_token_seconds >= 0 && options.inter_token_seconds <= 3600)) {
    Fail(ErrorCode::kInvalidArgument, "inter_token_seconds is {}; it must be from 0 to 3600",
         options.inter_token_seconds);
  }
}

int ContextLength(const ModelConfig& config, const EngineOptions& options) {
  if (options.context_length == 0) return config.context_length;
  if (options.context_length > config.context_length) {
    spdlog::warn("a context of {} tokens was asked for; {} was made for {}, which is used",
                 options.context_length, config.name, config.context_length);
  }
  return std::min(options.context_length, config.context_length);
}

// Never more than all running answers can use.
int64_t KvBytes(const Model& model, const EngineOptions& options) {
  constexpr int64_t kDefaultBytes = int64_t{2} << 30;
  int64_t limit = options.kv_bytes;
  if (limit == 0) limit = std::min(kDefaultBytes, UsableMemoryBytes() / 4);
  const int64_t each = model.memory().BytesFor(ContextLength(model.config(), options));
  return std::min(limit, each * options.max_running);
}

// The limit holds for both, which remember as many tokens.
void ShareWithDraft(const Model& model, RunnerOptions& runner) {
  const auto own = static_cast<double>(model.memory().PageBytes());
  const auto drafts = static_cast<double>(runner.draft->memory().PageBytes());
  const auto all = static_cast<double>(runner.kv_bytes);
  runner.draft_kv_bytes = static_cast<int64_t>(all * drafts / (own + drafts));
  runner.kv_bytes -= runner.draft_kv_bytes;
}

RunnerOptions OptionsOfRunner(const Model& model, const EngineOptions& options) {
  RunnerOptions runner;
  runner.limits.max_running = options.max_running;
  runner.limits.step_tokens = options.step_tokens;
  runner.limits.inter_token_seconds = options.inter_token_seconds;
  runner.kv_bytes = KvBytes(model, options);
  runner.prefix_cache = options.prefix_cache;
  runner.speculation = options.speculation;
  if (options.draft && options.speculation) {
    CheckDraft(*options.draft, model);
    runner.draft = options.draft;
    ShareWithDraft(model, runner);
  }
  return runner;
}

// What the content of a page depends on beside its tokens, and who may share it.
std::string DomainOf(const GenerationOptions& options) {
  std::string domain;
  for (const AdapterUse& use : options.adapters) {
    domain += fmt::format("{}:{}@{:a};", use.name.size(), use.name, static_cast<float>(use.scale));
  }
  if (!options.cache_salt.empty()) domain += "salt:" + options.cache_salt;
  return domain;
}

std::string FormatCount(int64_t n) {
  if (n >= 1'000'000'000) return fmt::format("{:.1f} G", static_cast<double>(n) * 1e-9);
  if (n >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(n) * 1e-6);
  if (n >= 1'000) return fmt::format("{:.0f} k", static_cast<double>(n) * 1e-3);
  return fmt::format("{}", n);
}

GeneratorInfo MakeInfo(const Model& model, const EngineOptions& options, int64_t kv_tokens,
                       const Clock& clock, Thinking thinking) {
  const ModelConfig& config = model.config();
  GeneratorInfo info;
  info.id = !options.id.empty() ? options.id : config.name.empty() ? "model" : config.name;
  info.description = fmt::format("{}, {} parameters, {}", config.architecture,
                                 FormatCount(config.n_parameters), config.quantization);
  const int context = ContextLength(config, options);
  info.context_length = static_cast<int>(std::min<int64_t>(context, kv_tokens));
  if (info.context_length < context) {
    spdlog::warn("the memory for conversations holds {} tokens, so the context is {} instead of {}",
                 kv_tokens, info.context_length, context);
  }
  info.n_parameters = config.n_parameters;
  info.created_unix_s = clock.UnixMs() / 1000;
  info.bos_token = model.tokenizer().vocabulary().bos_id;
  info.eos_token = model.tokenizer().vocabulary().eos_id;
  const bool ranks = model.embedding().pooling == Pooling::kRank;
  info.abilities = {model.can_generate(), !ranks, ranks};
  info.thinking = thinking;
  for (const auto& named : options.adapters) info.adapters.push_back(named.usual);
  return info;
}

const EngineOptions& Checked(const EngineOptions& options) {
  CheckOptions(options);
  return options;
}

// SentencePiece puts a space in front of a text.
bool HasSpacePrefix(const Vocabulary& vocabulary) {
  return vocabulary.kind == VocabularyKind::kSentencePiece && vocabulary.add_space_prefix;
}

void RequireGeneration(const GeneratorInfo& info) {
  if (info.abilities.generate) return;
  Fail(ErrorCode::kUnsupported, "the model {} {} texts and cannot write any; choose another",
       info.id, info.abilities.rerank ? "ranks" : "embeds");
}

uint64_t ChooseSeed(const SamplingParams& sampling) {
  if (sampling.seed) return *sampling.seed;
  uint64_t seed = 0;
  SecureRandomBytes(&seed, sizeof(seed));
  return seed;
}

}  // namespace

LocalGenerator::LocalGenerator(std::shared_ptr<Model> model, EngineOptions options)
    : model_(std::move(model)),
      clock_(Checked(options).clock != nullptr ? *options.clock : Clock::Real()),
      threads_(options.threads ? options.threads : std::make_shared<ThreadPool>(options.n_threads)),
      chat_prompt_(model_->tokenizer(), model_->chat_template()),
      grammars_(model_->tokenizer()),
      kept_prefixes_(options.prefix_cache ? options.kept_prefixes : EngineOptions::KeptPrefixes()),
      adapters_(options.adapters),
      inbox_(std::make_shared<Inbox>(options.max_running + options.max_waiting)),
      runner_(*model_, *threads_, clock_, OptionsOfRunner(*model_, options),
              [inbox = inbox_](int n) { inbox->Retired(n); }),
      info_(MakeInfo(*model_, options, runner_.kv_tokens(), clock_, chat_prompt_.thinking())),
      engine_([this] { EngineLoop(); }) {}

LocalGenerator::~LocalGenerator() { Shutdown(0); }

void LocalGenerator::Shutdown(double grace_seconds) {
  const std::lock_guard lock(shutdown_mutex_);
  if (!engine_.joinable()) return;
  const double grace_ns = std::clamp(grace_seconds, 0.0, 1e9) * 1e9;
  shutdown_deadline_ns_ = clock_.MonotonicNs() + static_cast<int64_t>(grace_ns);
  inbox_->Close();
  engine_.join();
  KeepPrefixes();
}

void LocalGenerator::KeepPrefixes() {
  if (kept_prefixes_.max_bytes <= 0) return;
  try {
    const int64_t n_pages = runner_.pages().SaveCache(kept_prefixes_.path, kept_prefixes_.identity,
                                                      kept_prefixes_.max_bytes);
    spdlog::info("keys and values of {} tokens are kept for the next start",
                 n_pages * kKvPageTokens);
  } catch (const std::exception& error) {
    spdlog::warn("keys and values are not kept for the next start: {}", error.what());
  }
}

void LocalGenerator::EngineLoop() {
  if (kept_prefixes_.max_bytes > 0) {
    runner_.pages().OpenCache(kept_prefixes_.path, kept_prefixes_.identity);
  }
  for (;;) {
    Inbox::Delivery delivery = inbox_->Await(runner_.has_work());
    for (auto& sequence : delivery.sequences) runner_.Add(std::move(sequence));
    for (auto& job : delivery.jobs) runner_.Add(std::move(job));
    if (delivery.closed) {
      runner_.CancelWaiting();
      if (clock_.MonotonicNs() >= shutdown_deadline_ns_) runner_.CancelAll();
      if (!runner_.has_work()) return;
    }
    if (runner_.has_work()) runner_.Step();
  }
}

GeneratorStats LocalGenerator::stats() const {
  const int alive = inbox_->alive();
  GeneratorStats stats = runner_.stats();
  stats.waiting = std::max(0, alive - stats.running);
  return stats;
}

std::unique_ptr<Generation> LocalGenerator::Chat(const ChatRequest& request) {
  RequireGeneration(info_);
  ValidateChat(request, model_->config().vocab_size);
  RenderedChat prompt = chat_prompt_.Render(request);
  std::vector<int32_t> tokens = std::move(prompt.tokens);
  const auto calls = CallConstraint(request, prompt);
  return Start(std::move(tokens), request.options, false, "", [&](Sequence& answer) {
    const bool in_shape = calls != nullptr;
    answer.events = AnswerEvents(answer.index, chat_prompt_.MakeParser(request, prompt, in_shape));
    answer.marker_tokens = &chat_prompt_.marker_tokens();
    answer.drop_leading_space |= chat_prompt_.space_before_answers();
    if (calls) answer.constraint.emplace(calls);
  });
}

// Tools come with every request of a conversation, so their grammar is kept, too.
std::shared_ptr<const grammar::Constraint> LocalGenerator::CallConstraint(
    const ChatRequest& request, const RenderedChat& prompt) {
  if (request.tools_json.empty() || request.tool_choice == ToolChoice::kNone) return nullptr;
  const std::string key = fmt::format(
      "calls\n{}\n{}\n{}\n{}\n{}\n{}\n{}", static_cast<int>(request.tool_choice), request.tool_name,
      request.parallel_tool_calls, static_cast<int>(request.options.grammar.kind),
      request.options.grammar.source, request.tools_json,
      prompt.end.substr(prompt.end.size() - std::min<size_t>(prompt.end.size(), 16)));
  if (auto kept = grammars_.Find(key)) return kept;
  std::optional<grammar::Grammar> made = chat_prompt_.MakeCallGrammar(request, prompt);
  return made ? grammars_.Compile(key, std::move(*made)) : nullptr;
}

std::unique_ptr<Generation> LocalGenerator::Complete(const CompletionRequest& request) {
  RequireGeneration(info_);
  ValidateCompletion(request, model_->config().vocab_size);
  std::vector<int32_t> tokens = CompletionTokens(request);
  std::string echo_text;
  if (request.echo) {
    const auto* text = std::get_if<std::string>(&request.prompt);
    echo_text = text != nullptr ? RepairUtf8(*text) : Detokenize(tokens);
  }
  return Start(std::move(tokens), request.options, request.echo, echo_text,
               [&](Sequence& answer) { answer.logprobs_from = request.logprobs_from; });
}

std::vector<int32_t> LocalGenerator::CompletionTokens(const CompletionRequest& request) const {
  const Vocabulary& vocabulary = model_->tokenizer().vocabulary();
  std::vector<int32_t> tokens;
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&request.prompt)) {
    tokens = *ids;
  } else {
    tokens = model_->tokenizer().Encode(std::get<std::string>(request.prompt),
                                        {.add_special = false, .parse_special = true});
    const bool has_bos = !tokens.empty() && tokens.front() == vocabulary.bos_id;
    if (vocabulary.add_bos && vocabulary.bos_id >= 0 && !has_bos) {
      tokens.insert(tokens.begin(), vocabulary.bos_id);
    }
  }
  if (!tokens.empty()) return tokens;
  // A model without BOS was trained on texts that begin after the end of another.
  const int32_t first = vocabulary.bos_id >= 0 ? vocabulary.bos_id : vocabulary.eos_id;
  if (first < 0) {
    Fail(ErrorCode::kInvalidArgument,
         "the prompt is empty, and this model has no token to begin a text with; give a prompt");
  }
  return {first};
}

std::shared_ptr<const AdapterMix> LocalGenerator::MixOf(const std::vector<AdapterUse>& uses) const {
  auto mix = std::make_shared<AdapterMix>();
  for (const AdapterUse& use : uses) {
    const auto named = std::find_if(adapters_.begin(), adapters_.end(), [&](const auto& candidate) {
      return candidate.usual.name == use.name;
    });
    if (named == adapters_.end()) {
      std::vector<std::string> known;
      for (const auto& candidate : adapters_) known.push_back(candidate.usual.name);
      Fail(ErrorCode::kInvalidArgument, "adapters: {} has no adapter \"{}\" ({})", info_.id,
           use.name.substr(0, 64),
           known.empty() ? "it has none" : fmt::format("it has: {}", fmt::join(known, ", ")));
    }
    mix->parts.push_back({named->adapter, static_cast<float>(use.scale)});
  }
  return mix->parts.empty() ? nullptr : mix;
}

// Decode takes that space off again, and so must we where the answer is the beginning of a text.
bool LocalGenerator::DropsLeadingSpace(int32_t last_prompt_token) const {
  const Vocabulary& vocabulary = model_->tokenizer().vocabulary();
  if (!HasSpacePrefix(vocabulary)) return false;
  return last_prompt_token == vocabulary.bos_id ||
         (!vocabulary.types.empty() && vocabulary.types[last_prompt_token] == TokenType::kControl);
}

std::unique_ptr<Generation> LocalGenerator::Start(std::vector<int32_t> prompt,
                                                  const GenerationOptions& options, bool echo,
                                                  const std::string& echo_text,
                                                  const std::function<void(Sequence&)>& prepare) {
  CheckPromptLength(static_cast<int64_t>(prompt.size()), info_.context_length);
  if (prompt.empty()) {
    Fail(ErrorCode::kInvalidArgument, "the chat template made an empty prompt of the messages");
  }
  const auto constraint = grammars_.Compile(options.grammar);
  const auto adapters = MixOf(options.adapters);
  const std::vector<int32_t> prediction = model_->tokenizer().Encode(options.prediction, {});
  const auto n_prompt = static_cast<int>(prompt.size());
  const int room = info_.context_length - n_prompt;
  const int wanted = options.limits.max_tokens;
  const uint64_t seed = ChooseSeed(options.sampling);
  auto channel = std::make_shared<EventChannel>(options.n, n_prompt);
  std::vector<std::unique_ptr<Sequence>> answers;
  for (int index = 0; index < options.n; ++index) {
    auto answer = std::make_unique<Sequence>(options, seed, index, [model = model_](int32_t id) {
      return model->tokenizer().TokenBytes(id, true);
    });
    answer->channel = channel;
    answer->adapters = adapters;
    answer->domain = DomainOf(options);
    answer->tokens = prompt;
    answer->n_prompt = n_prompt;
    answer->max_total = n_prompt + (wanted < 0 ? room : std::min(wanted, room));
    answer->lookup_text = prediction;
    answer->n_prediction = static_cast<int>(prediction.size());
    answer->echo = echo;
    answer->echo_text = echo_text;
    answer->echo_drops_space = HasSpacePrefix(model_->tokenizer().vocabulary());
    answer->drop_leading_space = DropsLeadingSpace(prompt.back());
    answer->submitted_ns = clock_.MonotonicNs();
    if (constraint) answer->constraint.emplace(constraint);
    if (prepare) prepare(*answer);
    answers.push_back(std::move(answer));
  }
  inbox_->Submit(std::move(answers));
  return std::make_unique<ChannelGeneration>(channel, [inbox = inbox_] { inbox->Wake(); });
}

std::vector<int32_t> LocalGenerator::Tokenize(const std::string& text, bool add_special,
                                              bool parse_special) const {
  return model_->tokenizer().Encode(text,
                                    {.add_special = add_special, .parse_special = parse_special});
}

std::string LocalGenerator::Detokenize(const std::vector<int32_t>& tokens) const {
  return model_->tokenizer().Decode(tokens, /*show_special=*/true);
}

std::string LocalGenerator::TokenBytes(int32_t token) const {
  return model_->tokenizer().TokenBytes(token, /*show_special=*/true);
}

std::vector<int32_t> LocalGenerator::InfillPrompt(const InfillRequest& request,
                                                  int max_tokens) const {
  return MakeInfillPrompt(model_->tokenizer(), request, max_tokens);
}

}  // namespace pioneer
