// Why: `pioneer complete`: continue a text, plainly, for scripts and for checks against peers.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/json.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/model_option.h"

namespace pioneer {
namespace {

struct CompleteOptions {
  std::string model;
  CompletionRequest request;
  std::string prompt;
  int tokens = 128;
  EngineFlags engine;
  bool json = false;
};

const char* FinishName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kError:
      return "error";
    case FinishReason::kToolCalls:
      return "tool_calls";
  }
  return "";
}

// What a whole generation said.
struct Answer {
  std::string text;
  std::vector<TokenInfo> tokens;
  FinishEvent finish;
  UsageEvent usage;
};

Answer Collect(Generation& generation, bool print) {
  Answer answer;
  while (std::optional<GenerationEvent> event = generation.Next()) {
    if (const auto* text = std::get_if<TextEvent>(&*event)) {
      answer.text += text->text;
      answer.tokens.insert(answer.tokens.end(), text->tokens.begin(), text->tokens.end());
      if (print) {
        fmt::print("{}", text->text);
        std::fflush(stdout);
      }
    } else if (const auto* finish = std::get_if<FinishEvent>(&*event)) {
      answer.finish = *finish;
    } else if (const auto* usage = std::get_if<UsageEvent>(&*event)) {
      answer.usage = *usage;
    }
  }
  if (answer.finish.reason == FinishReason::kError) {
    Fail(ErrorCode::kInternal, "{}", answer.finish.error);
  }
  return answer;
}

// For each token [[id, log probability], ...], likeliest first.
Json TopOf(const std::vector<TokenInfo>& tokens) {
  Json all = Json::array();
  for (const TokenInfo& token : tokens) {
    Json top = Json::array();
    for (const TokenLogprob& other : token.top) top.push_back({other.id, other.logprob});
    all.push_back(std::move(top));
  }
  return all;
}

void PrintJson(const Answer& answer, bool with_top) {
  const UsageEvent& usage = answer.usage;
  Json ids = Json::array();
  for (const TokenInfo& token : answer.tokens) ids.push_back(token.chosen.id);
  Json json{{"text", answer.text},
            {"tokens", std::move(ids)},
            {"finish_reason", FinishName(answer.finish.reason)},
            {"usage",
             {{"prompt_tokens", usage.prompt_tokens},
              {"completion_tokens", usage.completion_tokens},
              {"prompt_seconds", usage.prompt_seconds},
              {"generation_seconds", usage.generation_seconds}}}};
  if (with_top) json["top_logprobs"] = TopOf(answer.tokens);
  fmt::print("{}\n", DumpJson(json));
}

void Complete(CompleteOptions& options) {
  const std::shared_ptr<Generator> generator = OpenGenerator(options.model, options.engine);
  options.request.prompt = options.prompt;
  options.request.options.limits.max_tokens = options.tokens;
  // The ids come with the log probabilities.
  options.request.options.logprobs = options.json;
  const std::unique_ptr<Generation> generation = generator->Complete(options.request);
  const Answer answer = Collect(*generation, !options.json);
  if (options.json) {
    PrintJson(answer, options.request.options.top_logprobs > 0);
  } else {
    fmt::print("\n");
  }
}

}  // namespace

void AddCompleteCommand(CLI::App& root) {
  auto options = std::make_shared<CompleteOptions>();
  CLI::App* command =
      AddCommand(root, "complete", "Continue a text",
                 "pioneer complete --model pioneer-small --prompt 'Once upon a time' --tokens 64");
  AddModelOption(*command, options->model);
  command->add_option("--prompt", options->prompt, "The text to continue")->required();
  command->add_option("--tokens", options->tokens, "At most so many tokens")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  AddSamplingOptions(*command, options->request.options);
  command->add_flag("--ignore-eos", options->request.options.limits.ignore_eos,
                    "Go on after the model's end-of-text token");
  command->add_flag("--json", options->json, "Print text, token ids and usage as JSON");
  command
      ->add_option("--top-logprobs", options->request.options.top_logprobs,
                   "With --json: so many likeliest tokens at each place, as [id, log probability]")
      ->check(CLI::Range(0, 20));
  AddEngineOptions(*command, options->engine);
  command->callback([options] { Complete(*options); });
}

}  // namespace pioneer
