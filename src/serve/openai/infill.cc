#include "serve/openai/infill.h"

#include <algorithm>

#include "serve/api_error.h"
#include "serve/openai/common_fields.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxFiles = 256;
constexpr int kDefaultInfillTokens = 128;

void ReadFiles(const FieldReader& body, InfillRequest& request) {
  const Json* const files = body.Array("input_extra");
  if (files == nullptr) return;
  if (files->size() > kMaxFiles) {
    throw InvalidField("input_extra", fmt::format("must have at most {} files", kMaxFiles));
  }
  for (size_t i = 0; i < files->size(); ++i) {
    const FieldReader file((*files)[i], fmt::format("input_extra[{}]", i));
    const auto text = file.String("text");
    if (!text) throw InvalidField(file.Path("text"), "is missing");
    request.files.push_back({file.String("filename").value_or("file"), *text});
  }
}

// llama.cpp's names of the length beside OpenAI's.
int ReadMaxTokens(const FieldReader& body) {
  for (const char* name : {"n_predict", "max_tokens"}) {
    if (const auto n = body.Int(name, -1, kMaxTokensLimit)) return static_cast<int>(*n);
  }
  return kDefaultInfillTokens;
}

const char* StopType(FinishReason reason, const std::string& stop_sequence) {
  if (reason == FinishReason::kLength) return "limit";
  return stop_sequence.empty() ? "eos" : "word";
}

}  // namespace

InfillCall ParseInfillCall(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  InfillCall call;
  call.wire = ReadWireOptions(body);
  call.options = ReadGenerationOptions(body);
  if (call.options.n != 1) throw InvalidField("n", "must be 1 here");
  call.options.limits.max_tokens = ReadMaxTokens(body);
  if (!body.Has("input_prefix") && !body.Has("input_suffix")) {
    throw InvalidField("input_prefix", "and \"input_suffix\" are missing");
  }
  call.request.prefix = body.String("input_prefix").value_or("");
  call.request.suffix = body.String("input_suffix").value_or("");
  call.request.prompt = body.String("prompt").value_or("");
  ReadFiles(body, call.request);
  return call;
}

AnswerFormat InfillFormat(const std::string& model) {
  AnswerFormat format;
  format.whole = [model](const std::vector<Answer>& answers, const Usage& usage) {
    const Answer& answer = answers.front();
    return OrderedJson{{"content", answer.text},
                       {"stop", true},
                       {"model", model},
                       {"tokens_predicted", usage.completion_tokens},
                       {"tokens_evaluated", usage.prompt_tokens},
                       {"tokens_cached", usage.cached_tokens},
                       {"stop_type", StopType(answer.reason, answer.stop_sequence)},
                       {"stopping_word", answer.stop_sequence},
                       {"truncated", false}};
  };
  format.text_chunk = [](const TextEvent& event) {
    return OrderedJson{{"content", event.text}, {"stop", false}};
  };
  format.finish_chunk = [model](const FinishEvent& event) {
    return OrderedJson{{"content", ""},
                       {"stop", true},
                       {"model", model},
                       {"stop_type", StopType(event.reason, event.stop_sequence)},
                       {"stopping_word", event.stop_sequence}};
  };
  format.usage_chunk = [](const Usage& usage) { return OrderedJson{{"usage", UsageJson(usage)}}; };
  return format;
}

int InfillPromptTokens(int context_length, int max_tokens) {
  // Half of the context is the prompt's in any case.
  const int answer = max_tokens < 0 ? context_length / 2 : max_tokens;
  return std::max(context_length - answer, context_length / 2);
}

void Infill(Service& service, const HttpRequest& request, ServeWriter& writer) {
  AnswerJob job;
  job.start_ns = service.NowNs();
  InfillCall call = ParseInfillCall(request.body);
  const auto generator = service.models.Find(call.wire.model);
  const GeneratorInfo info = generator->info();
  CompletionRequest completion;
  completion.options = call.options;
  completion.prompt = generator->InfillPrompt(
      call.request, InfillPromptTokens(info.context_length, call.options.limits.max_tokens));
  job.generations.push_back(generator->Complete(completion));
  job.wire = call.wire;
  job.format = InfillFormat(info.id);
  AnswerRequest(service, std::move(job), writer);
}

}  // namespace pioneer::serve::openai
