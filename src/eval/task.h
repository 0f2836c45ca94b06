// Why: what a model is asked, and how what it says becomes scores. Whatever format a task's file
// has, its items become one of four kinds of questions; all that follows knows only these.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/generator.h"
#include "eval/answer_rule.h"
#include "eval/call_rule.h"

namespace pioneer::eval {

// Which of several continuations of a context is the most probable?
struct ChoiceQuestion {
  std::string context;
  std::vector<std::string> continuations;  // as they follow the context, with the space between
  std::vector<std::string> choices;        // their texts, whose length acc_norm divides by
  int label = 0;                           // the right one
};

// What does the model write after this? Either a text to continue or a conversation.
struct OpenQuestion {
  std::string prompt;
  std::vector<ChatMessage> messages;  // where there are some, there is no prompt
  std::vector<std::string> stop;
  int max_tokens = 256;
  AnswerRule rule;
  std::optional<CallRule> call;  // instead of the rule: what is to be called
};

// A Python function to complete: right if the program behind it runs to its end.
struct CodeQuestion {
  std::string prompt;  // how the program begins, and what the model continues
  std::string test;    // how it ends
  std::vector<std::string> stop;
  int max_tokens = 1024;
};

// How probable is this text, all of it?
struct TextQuestion {
  std::string text;
};

using Question = std::variant<ChoiceQuestion, OpenQuestion, CodeQuestion, TextQuestion>;

struct TaskItem {
  std::string id;       // unique in the task
  std::string cluster;  // items of one passage or subject; "" = the item stands for itself
  Question question;
};

// How the items' scores become one number.
enum class Aggregation {
  kMean,            // of the score
  kWordPerplexity,  // of "loglikelihood", "words" and "bytes", as lm-evaluation-harness
  kBytePerplexity,
  kBitsPerByte,
};

struct Metric {
  std::string name;
  Aggregation aggregation = Aggregation::kMean;
  bool higher_is_better = true;
};

struct Task {
  std::string name;
  std::string format;  // "hellaswag", "arc", "mmlu", "gsm8k", "humaneval", "own", "text"
  std::string sha256;  // of its files
  int n_shots = 0;
  std::vector<TaskItem> items;
  std::vector<Metric> metrics;  // the first is the one that models are compared by
};

// The scores of a choice, each 0 or 1: "acc" (the greatest log likelihood), "acc_norm" (the
// greatest by length in characters, as the code of lm-evaluation-harness has it) and
// "acc_norm_bytes" (by length in bytes). The first of equals wins.
std::map<std::string, double> JudgeChoice(const ChoiceQuestion& question,
                                          const std::vector<double>& loglikelihoods);

// What a sum of log probabilities (natural log) says of a text of so many tokens, words or bytes.
double Perplexity(double loglikelihood, double n);
double BitsPerByte(double loglikelihood, double n_bytes);

// Words as lm-evaluation-harness counts them: the parts between stretches of white space, also the
// empty ones at the ends.
int64_t CountWords(std::string_view text);

}  // namespace pioneer::eval
