#include "eval/evaluation.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "eval/code_runner.h"
#include "eval/loglikelihood.h"
#include "eval/text_pieces.h"

namespace pioneer::eval {
namespace {

constexpr double kKeepSeconds = 2;  // results are kept at least as often

// A request of an item: to score tokens, or to write.
struct Request {
  size_t item = 0, part = 0;
  ScoredTokens scored;  // no tokens: the item's question is open
};

struct Answered {
  Loglikelihood score;  // of scored tokens
  std::string text;     // of an open question
  std::vector<ToolUse> calls;
  int64_t n_tokens = 0;
};

// What is known of an item while some of its requests are on their way.
struct Pending {
  std::vector<Answered> answers;
  size_t n_open = 0;
};

// The last tokens of a prompt that leave room for the answer.
std::vector<int32_t> PromptTokens(const Generator& generator, const std::string& prompt,
                                  int max_tokens) {
  std::vector<int32_t> tokens = generator.Tokenize(prompt, /*add_special=*/true, true);
  const GeneratorInfo info = generator.info();
  // The end belongs to the answer.
  if (!tokens.empty() && tokens.size() > 1 && tokens.back() == info.eos_token) tokens.pop_back();
  const int64_t room = std::max(info.context_length - max_tokens, info.context_length / 2);
  if (std::ssize(tokens) > room) tokens.erase(tokens.begin(), tokens.end() - room);
  return tokens;
}

GenerationOptions WritingOptions(std::vector<std::string> stop, int max_tokens) {
  GenerationOptions options;
  options.sampling.temperature = 0;
  options.limits.stop = std::move(stop);
  options.limits.max_tokens = max_tokens;
  options.priority = Priority::kBatch;
  return options;
}

std::unique_ptr<Generation> StartWriting(Generator& generator, const std::string& prompt,
                                         const std::vector<std::string>& stop, int max_tokens) {
  CompletionRequest request;
  request.prompt = PromptTokens(generator, prompt, max_tokens);
  request.options = WritingOptions(stop, max_tokens);
  return generator.Complete(request);
}

std::unique_ptr<Generation> StartOpen(Generator& generator, const OpenQuestion& question) {
  if (question.messages.empty()) {
    return StartWriting(generator, question.prompt, question.stop, question.max_tokens);
  }
  ChatRequest request;
  request.messages = question.messages;
  if (question.call) request.tools_json = DumpJson(question.call->tools);
  request.options = WritingOptions(question.stop, question.max_tokens);
  return generator.Chat(request);
}

void Add(const ToolCallEvent& event, std::vector<ToolUse>& calls) {
  const auto call = static_cast<size_t>(event.call);
  if (calls.size() <= call) calls.resize(call + 1);
  calls[call].name += event.name;
  calls[call].arguments += event.arguments;
}

void JudgeOpen(const OpenQuestion& question, const Answered& answer, ItemResult& result) {
  result.output = answer.text;
  for (const ToolUse& use : answer.calls) result.output += "\n" + use.name + " " + use.arguments;
  result.scores = question.call ? JudgeCall(*question.call, answer.calls)
                                : JudgeAnswer(question.rule, answer.text);
}

class Evaluator {
 public:
  Evaluator(Generator& generator, const Task& task, const EvaluationOptions& options)
      : generator_(generator), task_(task), options_(options) {
    if (!options.results.empty()) file_.emplace(options.results, options.run);
    if (file_) {
      for (const ItemResult& result : file_->results()) known_.emplace(result.id, result);
    }
    for (size_t i = 0; i < task.items.size(); ++i) {
      (known_.contains(task.items[i].id) ? n_done_ : n_missing_) += 1;
    }
  }

  TaskResult Run() {
    Report();
    try {
      while (Fill()) Take();
    } catch (...) {
      Keep();  // what is known is not lost with what is not
      throw;
    }
    Keep();
    for (const TaskItem& item : task_.items) result_.items.push_back(known_.at(item.id));
    result_.seconds = watch_.Seconds();
    return std::move(result_);
  }

 private:
  struct Running {
    Request request;
    std::unique_ptr<Generation> generation;
  };

  // Keeps the engine busy. False when nothing runs any more.
  bool Fill() {
    options_.cancel.Check();
    while (std::ssize(running_) < options_.n_together) {
      if (waiting_.empty() && !NextItem()) break;
      if (waiting_.empty()) continue;
      Request request = std::move(waiting_.front());
      waiting_.pop_front();
      std::unique_ptr<Generation> generation = Start(request);
      if (generation) running_.push_back({std::move(request), std::move(generation)});
    }
    return !running_.empty();
  }

  // Makes the requests of the next item that has no result. False at the end.
  bool NextItem() {
    while (next_item_ < task_.items.size() && known_.contains(task_.items[next_item_].id)) {
      ++next_item_;
    }
    if (next_item_ == task_.items.size()) return false;
    const size_t item = next_item_++;
    try {
      MakeRequests(item);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kContextLength) throw;
      waiting_.clear();
      GiveUp(item, error.what());
      return true;
    }
    Pending& pending = pending_[item];
    pending.n_open = waiting_.size();
    pending.answers.resize(waiting_.size());
    if (waiting_.empty()) Judge(item);
    return true;
  }

  void MakeRequests(size_t item) {
    const Question& question = task_.items[item].question;
    std::vector<ScoredTokens> scored(1);  // of an open question: one without tokens
    if (const auto* choice = std::get_if<ChoiceQuestion>(&question)) {
      scored.clear();
      for (const std::string& continuation : choice->continuations) {
        scored.push_back(EncodePair(generator_, choice->context, continuation));
      }
    } else if (const auto* text = std::get_if<TextQuestion>(&question)) {
      scored = RollingWindows(generator_, text->text);
    }
    for (size_t part = 0; part < scored.size(); ++part) {
      waiting_.push_back({item, part, std::move(scored[part])});
    }
  }

  // Null when the question does not fit the context.
  std::unique_ptr<Generation> Start(const Request& request) {
    if (!request.scored.tokens.empty()) return StartScoring(generator_, request.scored);
    const Question& question = task_.items[request.item].question;
    try {
      if (const auto* code = std::get_if<CodeQuestion>(&question)) {
        return StartWriting(generator_, code->prompt, code->stop, code->max_tokens);
      }
      return StartOpen(generator_, std::get<OpenQuestion>(question));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kContextLength) throw;
      pending_.erase(request.item);
      GiveUp(request.item, error.what());
      return nullptr;
    }
  }

  void Take() {
    Running running = std::move(running_.front());
    running_.pop_front();
    Pending& pending = pending_.at(running.request.item);
    Answered& answer = pending.answers[running.request.part];
    if (running.request.scored.tokens.empty()) {
      answer = ReadAnswer(*running.generation);
    } else {
      answer.score = FinishScoring(*running.generation, running.request.scored);
      answer.n_tokens = std::ssize(answer.score.tokens);
    }
    if (--pending.n_open == 0) Judge(running.request.item);
  }

  Answered ReadAnswer(Generation& generation) {
    Answered answer;
    while (const auto event = generation.Next()) {
      options_.cancel.Check();
      if (const auto* text = std::get_if<TextEvent>(&*event)) answer.text += text->text;
      if (const auto* call = std::get_if<ToolCallEvent>(&*event)) Add(*call, answer.calls);
      if (const auto* usage = std::get_if<UsageEvent>(&*event)) {
        answer.n_tokens = usage->completion_tokens;
      }
      const auto* finish = std::get_if<FinishEvent>(&*event);
      if (finish == nullptr) continue;
      if (finish->reason == FinishReason::kCancelled) Fail(ErrorCode::kCancelled, "stopped");
      if (finish->reason == FinishReason::kError) {
        Fail(ErrorCode::kInternal, "the model failed: {}", finish->error);
      }
    }
    return answer;
  }

  void Judge(size_t item) {
    const std::vector<Answered> answers = std::move(pending_.at(item).answers);
    pending_.erase(item);
    const Question& question = task_.items[item].question;
    ItemResult result;
    for (const Answered& answer : answers) result.n_tokens += answer.n_tokens;
    if (const auto* choice = std::get_if<ChoiceQuestion>(&question)) {
      JudgeChoices(*choice, answers, result);
    } else if (const auto* text = std::get_if<TextQuestion>(&question)) {
      JudgeText(*text, answers, result);
    } else if (const auto* code = std::get_if<CodeQuestion>(&question)) {
      JudgeCode(*code, answers.front().text, result);
    } else {
      JudgeOpen(std::get<OpenQuestion>(question), answers.front(), result);
    }
    Done(item, std::move(result));
  }

  static void JudgeChoices(const ChoiceQuestion& choice, const std::vector<Answered>& answers,
                           ItemResult& result) {
    std::vector<double> loglikelihoods;
    for (const Answered& answer : answers) loglikelihoods.push_back(answer.score.value);
    result.scores = JudgeChoice(choice, loglikelihoods);
    const auto best = std::max_element(loglikelihoods.begin(), loglikelihoods.end());
    result.output = choice.choices[static_cast<size_t>(best - loglikelihoods.begin())];
    for (size_t i = 0; i < loglikelihoods.size(); ++i) {
      result.scores["loglikelihood_" + std::to_string(i)] = loglikelihoods[i];
    }
  }

  static void JudgeText(const TextQuestion& text, const std::vector<Answered>& answers,
                        ItemResult& result) {
    double sum = 0;
    std::vector<ScoredToken> tokens;
    for (const Answered& window : answers) {
      sum += window.score.value;
      tokens.insert(tokens.end(), window.score.tokens.begin(), window.score.tokens.end());
    }
    result.scores = {{"loglikelihood", sum},
                     {"words", static_cast<double>(CountWords(text.text))},
                     {"bytes", static_cast<double>(text.text.size())}};
    result.pieces = CutIntoPieces(text.text, tokens);
  }

  void JudgeCode(const CodeQuestion& code, const std::string& answer, ItemResult& result) {
    if (!runner_) runner_.emplace();
    const CodeResult ran =
        runner_->RunPython(code.prompt + answer + "\n" + code.test, options_.cancel);
    result.output = answer;
    if (!ran.passed) result.output += "\n# " + ran.problem + "\n" + ran.output;
    result.scores = {{"pass@1", ran.passed ? 1 : 0}};
  }

  void GiveUp(size_t item, const std::string& why) {
    ItemResult result;
    for (const Metric& metric : task_.metrics) result.scores[metric.name] = 0;
    result.output = "(not asked: " + why + ")";
    Done(item, std::move(result));
  }

  void Done(size_t item, ItemResult result) {
    result.id = task_.items[item].id;
    unkept_.push_back(result);
    known_.emplace(result.id, std::move(result));
    ++n_done_;
    ++result_.n_items_run;
    if (watch_.Seconds() - kept_seconds_ >= kKeepSeconds) Keep();
    Report();
  }

  void Keep() {
    kept_seconds_ = watch_.Seconds();
    if (file_) file_->Append(unkept_);
    unkept_.clear();
  }

  void Report() const {
    if (!options_.on_progress) return;
    EvaluationProgress progress;
    progress.n_done = n_done_;
    progress.n_items = std::ssize(task_.items);
    if (result_.n_items_run > 0) {
      const double each = watch_.Seconds() / static_cast<double>(result_.n_items_run);
      progress.seconds_left = each * static_cast<double>(n_missing_ - result_.n_items_run);
    }
    options_.on_progress(progress);
  }

  Generator& generator_;
  const Task& task_;
  const EvaluationOptions& options_;
  std::optional<ResultsFile> file_;
  std::optional<CodeRunner> runner_;
  std::map<std::string, ItemResult> known_;
  std::vector<ItemResult> unkept_;
  size_t next_item_ = 0;
  std::deque<Request> waiting_;
  std::deque<Running> running_;
  std::map<size_t, Pending> pending_;
  int64_t n_done_ = 0, n_missing_ = 0;
  double kept_seconds_ = 0;
  const Stopwatch watch_;
  TaskResult result_;
};

}  // namespace

TaskResult Evaluate(Generator& generator, const Task& task, const EvaluationOptions& options) {
  const GeneratorStats before = generator.stats();
  TaskResult result = Evaluator(generator, task, options).Run();
  const GeneratorStats after = generator.stats();
  result.n_prompt_tokens = after.prompt_tokens_total - before.prompt_tokens_total;
  result.n_cached_tokens = after.cached_tokens_total - before.cached_tokens_total;
  return result;
}

}  // namespace pioneer::eval
