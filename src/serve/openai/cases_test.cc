// Why: the wire format is tested as text: tests/cases/openai/*.txt hold requests and what becomes
// of them. PIONEER_UPDATE_CASES=1 writes the answers of this build into the files: read the
// difference before you keep it.
//
// A case: "=== name", "--- in KIND", the input, "--- out", the expected text. Kinds: "chat" and
// "completion" parse a request; "chat-answer" and "completion-answer" render scripted events.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "net/sse.h"
#include "serve/api_error.h"
#include "serve/openai/chat_request.h"
#include "serve/openai/completion_request.h"
#include "serve/openai/formats.h"

namespace pioneer::serve::openai {
namespace {

struct Case {
  std::string name, kind, input, expected;
};

// ---- what was parsed, as JSON; values at their defaults are left out

template <typename T>
void Put(OrderedJson& json, const char* name, const T& value, const T& usual) {
  if (value != usual) json[name] = value;
}

OrderedJson DumpDry(const DryParams& dry) {
  const DryParams plain;
  OrderedJson json = OrderedJson::object();
  Put(json, "multiplier", dry.multiplier, plain.multiplier);
  Put(json, "base", dry.base, plain.base);
  Put(json, "allowed_length", dry.allowed_length, plain.allowed_length);
  Put(json, "window", dry.window, plain.window);
  Put(json, "sequence_breakers", dry.sequence_breakers, plain.sequence_breakers);
  return json;
}

OrderedJson DumpOptions(const GenerationOptions& options) {
  const GenerationOptions usual;
  const SamplingParams &sampling = options.sampling, &plain = usual.sampling;
  OrderedJson json = OrderedJson::object();
  Put(json, "temperature", sampling.temperature, plain.temperature);
  Put(json, "top_k", sampling.top_k, plain.top_k);
  Put(json, "top_p", sampling.top_p, plain.top_p);
  Put(json, "min_p", sampling.min_p, plain.min_p);
  Put(json, "typical_p", sampling.typical_p, plain.typical_p);
  Put(json, "dry", DumpDry(sampling.dry), OrderedJson::object());
  Put(json, "repetition_penalty", sampling.repetition_penalty, plain.repetition_penalty);
  Put(json, "presence_penalty", sampling.presence_penalty, plain.presence_penalty);
  Put(json, "frequency_penalty", sampling.frequency_penalty, plain.frequency_penalty);
  for (const AdapterUse& use : options.adapters) json["adapters"].push_back({use.name, use.scale});
  Put(json, "batch", options.priority == Priority::kBatch, false);
  Put(json, "cache_salt", options.cache_salt, usual.cache_salt);
  Put(json, "prediction", options.prediction, usual.prediction);
  if (sampling.seed) json["seed"] = *sampling.seed;
  for (const auto& [id, bias] : sampling.logit_bias) json["logit_bias"][std::to_string(id)] = bias;
  Put(json, "max_tokens", options.limits.max_tokens, usual.limits.max_tokens);
  Put(json, "stop", options.limits.stop, usual.limits.stop);
  Put(json, "ignore_eos", options.limits.ignore_eos, usual.limits.ignore_eos);
  if (options.grammar.kind != OutputGrammar::Kind::kNone) {
    static constexpr const char* kKinds[] = {"", "json_object", "json_schema",
                                             "regex", "gbnf", "lark"};
    json["grammar"] = {kKinds[static_cast<int>(options.grammar.kind)], options.grammar.source};
  }
  Put(json, "n", options.n, usual.n);
  Put(json, "logprobs", options.logprobs, usual.logprobs);
  Put(json, "top_logprobs", options.top_logprobs, usual.top_logprobs);
  return json;
}

OrderedJson DumpMessage(const ChatMessage& message) {
  OrderedJson json = {{"role", message.role}, {"content", message.content}};
  Put(json, "name", message.name, std::string());
  Put(json, "tool_call_id", message.tool_call_id, std::string());
  Put(json, "reasoning", message.reasoning, std::string());
  for (const auto& call : message.tool_calls) {
    json["tool_calls"].push_back({call.id, call.name, call.arguments_json});
  }
  return json;
}

OrderedJson DumpWire(const WireOptions& wire) {
  OrderedJson json = OrderedJson::object();
  Put(json, "model", wire.model, std::string());
  Put(json, "stream", wire.stream, false);
  Put(json, "include_usage", wire.include_usage, false);
  return json;
}

std::string DumpCall(const ChatCall& call) {
  std::string text = "wire " + DumpJson(DumpWire(call.wire)) + "\n";
  for (const auto& message : call.request.messages) {
    text += "message " + DumpJson(DumpMessage(message)) + "\n";
  }
  if (!call.request.tools_json.empty()) text += "tools " + call.request.tools_json + "\n";
  static constexpr const char* kChoices[] = {"auto", "none", "required", "named "};
  if (call.request.tool_choice != ToolChoice::kAuto) {
    text += "tool_choice " + std::string(kChoices[static_cast<int>(call.request.tool_choice)]) +
            call.request.tool_name + "\n";
  }
  if (!call.request.parallel_tool_calls) text += "no parallel_tool_calls\n";
  if (!call.request.reasoning_effort.empty()) {
    text += "reasoning_effort " + call.request.reasoning_effort + "\n";
  }
  if (!call.request.template_variables_json.empty()) {
    text += "template " + call.request.template_variables_json + "\n";
  }
  return text + "options " + DumpJson(DumpOptions(call.request.options)) + "\n";
}

std::string DumpCall(const CompletionCall& call) {
  std::string text = "wire " + DumpJson(DumpWire(call.wire)) + "\n";
  for (const auto& request : call.requests) {
    std::visit([&](const auto& prompt) { text += "prompt " + DumpJson(Json(prompt)) + "\n"; },
               request.prompt);
  }
  if (!call.suffix.empty()) text += "suffix " + DumpJson(Json(call.suffix)) + "\n";
  if (call.requests.front().echo) text += "echo\n";
  if (call.best > 0) text += fmt::format("best {}, logprobs {}\n", call.best, call.logprobs);
  return text + "options " + DumpJson(DumpOptions(call.requests.front().options)) + "\n";
}

// ---- scripted events in, wire text out

std::string ReadBytes(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  std::string bytes;
  for (const Json& byte : json) bytes += static_cast<char>(byte.get<int>());
  return bytes;
}

TokenLogprob ReadToken(const Json& json) {
  // 1 stands for minus infinity, which JSON cannot say.
  const double logprob = json[1].get<double>();
  return {0, ReadBytes(json[0]), logprob > 0 ? -HUGE_VAL : logprob};
}

TextEvent ReadText(const Json& json) {
  TextEvent event;
  event.index = json.value("index", 0);
  event.text = json["text"];
  for (const Json& token : json.value("tokens", Json::array())) {
    TokenInfo info;
    info.chosen = ReadToken(token["chosen"]);
    info.has_logprob = token.value("has_logprob", true);
    for (const Json& top : token.value("top", Json::array())) info.top.push_back(ReadToken(top));
    event.tokens.push_back(info);
  }
  return event;
}

FinishEvent ReadFinish(const Json& json) {
  FinishEvent event;
  event.index = json.value("index", 0);
  event.reason = json["finish"] == "length"       ? FinishReason::kLength
                 : json["finish"] == "tool_calls" ? FinishReason::kToolCalls
                                                  : FinishReason::kStop;
  return event;
}

std::string Render(const AnswerFormat& format, const Json& script) {
  const Usage usage{7, 3, 4};
  const int n = script.value("n", 1);
  std::vector<Answer> answers(n);
  std::string stream;
  const auto chunk = [&](const OrderedJson& json) { stream += FormatSseData(DumpJson(json)); };
  for (int i = 0; i < n && format.first_chunk; ++i) chunk(format.first_chunk(i));
  for (const Json& json : script["events"]) {
    if (json.contains("finish")) {
      const FinishEvent event = ReadFinish(json);
      AddToAnswers(event, answers);
      chunk(format.finish_chunk(event));
    } else if (json.contains("reasoning")) {
      const ReasoningEvent event{json.value("index", 0), json["reasoning"]};
      AddToAnswers(event, answers);
      chunk(format.reasoning_chunk(event));
    } else if (json.contains("call")) {
      const ToolCallEvent event{json.value("index", 0), json["call"], json.value("id", ""),
                                json.value("name", ""), json.value("arguments", ""), false};
      AddToAnswers(event, answers);
      chunk(format.tool_call_chunk(event));
    } else {
      const TextEvent event = ReadText(json);
      AddToAnswers(event, answers);
      chunk(format.text_chunk(event));
    }
  }
  if (script.value("include_usage", false)) chunk(format.usage_chunk(usage));
  if (script.value("stream", false)) return stream;
  return format.whole(answers, usage).dump(2) + "\n";
}

std::string RenderAnswer(const std::string& kind, const std::string& input) {
  const Json script = ParseJson(input);
  const bool logprobs = script.value("logprobs", false);
  const bool usage_follows = script.value("include_usage", false);
  const ResponseHead head{kind == "chat-answer" ? "chatcmpl-1" : "cmpl-1", "fake", 1700000000};
  return Render(kind == "chat-answer"
                    ? ChatFormat(head, logprobs, usage_follows)
                    : CompletionFormat(head, logprobs, usage_follows, script.value("n", 1)),
                script);
}

std::string RunCase(const Case& one) {
  try {
    if (one.kind == "chat") return DumpCall(ParseChatCall(one.input));
    if (one.kind == "completion") return DumpCall(ParseCompletionCall(one.input));
    return RenderAnswer(one.kind, one.input);
  } catch (const ApiError& error) {
    return fmt::format("{} {}\n", error.status, DumpJson(error.ToJson()));
  }
}

// ---- the files

std::vector<Case> ReadCases(const std::string& text) {
  std::vector<Case> cases;
  std::string* part = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", "", ""});
      part = nullptr;
    } else if (line.starts_with("--- in ") && !cases.empty()) {
      cases.back().kind = line.substr(7);
      part = &cases.back().input;
    } else if (line == "--- out" && !cases.empty()) {
      part = &cases.back().expected;
    } else if (part) {
      *part += line + "\n";
    }
  }
  return cases;
}

void WriteCases(const fs::path& path, const std::vector<Case>& cases) {
  std::string text;
  for (const Case& one : cases) {
    text += fmt::format("=== {}\n--- in {}\n{}--- out\n{}", one.name, one.kind, one.input,
                        one.expected);
  }
  WriteFileAtomically(path, text);
}

std::string Trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

TEST(OpenAiCases, AllFiles) {
  const bool update = std::getenv("PIONEER_UPDATE_CASES") != nullptr;
  int n_cases = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(PIONEER_SOURCE_DIR) / "tests/cases/openai")) {
    std::vector<Case> cases = ReadCases(ReadFile(entry.path()));
    for (Case& one : cases) {
      ++n_cases;
      const std::string got = RunCase(one);
      if (update) {
        one.expected = Trimmed(got) + "\n";
      } else {
        EXPECT_EQ(Trimmed(got), Trimmed(one.expected))
            << entry.path().filename() << ": " << one.name;
      }
    }
    if (update) WriteCases(entry.path(), cases);
  }
  EXPECT_GT(n_cases, 50);
}

}  // namespace
}  // namespace pioneer::serve::openai
