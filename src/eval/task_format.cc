// The prompts are those of lm-evaluation-harness's tasks hellaswag, arc_easy/arc_challenge, mmlu,
// gsm8k and humaneval
// (https://github.com/EleutherAI/lm-evaluation-harness/tree/main/lm_eval/tasks).
#include "eval/task_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "eval/pattern.h"
#include "eval/task_file.h"
#include "text/unicode.h"

namespace pioneer::eval {
namespace {

// Kinds whose files have scores of their own.
constexpr char kSquad[] = "squad", kCall[] = "call";

[[noreturn]] void FailField(const std::string& field, const std::string& problem) {
  Fail(ErrorCode::kInvalidArgument, "\"{}\" {}", field, problem);
}

const Json& Require(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) FailField(field, "is missing");
  return *found;
}

std::string AsText(const Json& value, const std::string& field) {
  if (!value.is_string()) FailField(field, "must be a string");
  return value.get<std::string>();
}

std::string Text(const Json& object, const char* field) {
  return AsText(Require(object, field), field);
}

std::string OptionalText(const Json& object, const char* field) {
  return object.contains(field) ? Text(object, field) : "";
}

std::vector<std::string> Texts(const Json& value, const std::string& field, size_t max) {
  if (!value.is_array() || value.empty() || value.size() > max) {
    FailField(field, fmt::format("must be an array of 1 to {} strings", max));
  }
  std::vector<std::string> texts;
  for (const Json& one : value) texts.push_back(AsText(one, field));
  return texts;
}

// Numbers come as numbers and as strings.
int Index(const Json& value, const std::string& field, size_t n) {
  int64_t index = -1;
  if (value.is_number_integer()) index = value.get<int64_t>();
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') index = text[0] - '0';
    if (text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z') index = text[0] - 'A';
  }
  if (index < 0 || index >= static_cast<int64_t>(n)) {
    FailField(field, fmt::format("must name one of the {} choices", n));
  }
  return static_cast<int>(index);
}

std::string NoDescription(const std::string&) { return ""; }

std::string ItemId(const Json& line, const char* field) {
  const auto found = line.find(field);
  if (found == line.end()) return "";
  return found->is_string() ? found->get<std::string>() : DumpJson(*found);
}

// A question whose answer follows a space.
Draft ChoiceDraft(std::string prompt, std::vector<std::string> choices, int label) {
  Draft draft;
  ChoiceQuestion question;
  for (const std::string& choice : choices) question.continuations.push_back(" " + choice);
  question.label = label;
  draft.target = question.continuations[static_cast<size_t>(label)];
  question.choices = std::move(choices);
  draft.item.question = std::move(question);
  draft.prompt = std::move(prompt);
  return draft;
}

// ---- HellaSwag

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Brackets are left over from WikiHow.
std::string CleanHellaSwag(const std::string& text) {
  static const Pattern kBrackets("\\[.*?\\]");
  return Replaced(kBrackets.Remove(Replaced(std::string(TrimSpace(text)), " [title]", ". ")), "  ",
                  " ");
}

// The first letter large, all others small, as Python's capitalize().
std::string Capitalized(const std::string& text) {
  if (text.empty()) return text;
  const auto first = static_cast<size_t>(DecodeUtf8(text).length);
  return UpperCase(text.substr(0, first)) + LowerCase(text.substr(first));
}

Draft ReadHellaSwag(const Json& line) {
  std::vector<std::string> endings = Texts(Require(line, "endings"), "endings", kMaxChoices);
  for (std::string& ending : endings) ending = CleanHellaSwag(ending);
  const int label = Index(Require(line, "label"), "label", endings.size());
  std::string context;
  if (line.contains("ctx_a")) {
    context = Text(line, "ctx_a") + " " + Capitalized(OptionalText(line, "ctx_b"));
  } else {
    context = Text(line, "ctx");
  }
  const std::string activity = OptionalText(line, "activity_label");
  if (!activity.empty()) context = activity + ": " + context;
  Draft draft = ChoiceDraft(CleanHellaSwag(context), std::move(endings), label);
  draft.item.id = ItemId(line, "ind");
  return draft;
}

// ---- ARC, as AI2 and as the Hub have it

Draft ReadArc(const Json& line) {
  const Json& question = Require(line, "question");
  const bool nested = question.is_object();
  const Json& choices = Require(nested ? question : line, "choices");
  std::vector<std::string> texts, labels;
  if (choices.is_array()) {
    for (const Json& choice : choices) {
      texts.push_back(Text(choice, "text"));
      labels.push_back(Text(choice, "label"));
    }
  } else {
    texts = Texts(Require(choices, "text"), "choices.text", kMaxChoices);
    labels = Texts(Require(choices, "label"), "choices.label", kMaxChoices);
  }
  if (texts.empty() || texts.size() > kMaxChoices || texts.size() != labels.size()) {
    FailField("choices", "must have a label for each of 1 to 64 texts");
  }
  const auto key = std::find(labels.begin(), labels.end(), Text(line, "answerKey"));
  if (key == labels.end()) FailField("answerKey", "is none of the choices' labels");
  const std::string stem = nested ? Text(question, "stem") : AsText(question, "question");
  Draft draft = ChoiceDraft("Question: " + stem + "\nAnswer:", std::move(texts),
                            static_cast<int>(key - labels.begin()));
  draft.item.id = ItemId(line, "id");
  return draft;
}

// ---- MMLU

Draft ReadMmlu(const Json& line) {
  const std::vector<std::string> choices = Texts(Require(line, "choices"), "choices", 26);
  std::string prompt = std::string(TrimSpace(Text(line, "question")));
  std::vector<std::string> letters;
  for (const std::string& choice : choices) {
    letters.emplace_back(1, static_cast<char>('A' + letters.size()));
    prompt += "\n" + letters.back() + ". " + choice;
  }
  const int label = Index(Require(line, "answer"), "answer", choices.size());
  Draft draft = ChoiceDraft(prompt + "\nAnswer:", std::move(letters), label);
  draft.subject = OptionalText(line, "subject");
  draft.item.id = ItemId(line, "id");
  return draft;
}

std::string MmluDescription(const std::string& subject) {
  if (subject.empty()) return "";
  return "The following are multiple choice questions (with answers) about " +
         Replaced(subject, "_", " ") + ".\n\n";
}

// ---- GSM8K

Draft ReadGsm8k(const Json& line) {
  Draft draft;
  OpenQuestion question;
  question.stop = {"Question:", "</s>", "<|im_end|>"};
  question.rule = {AnswerKind::kGsm8k, {Text(line, "answer")}};
  draft.prompt = "Question: " + Text(line, "question") + "\nAnswer:";
  draft.target = " " + question.rule.expected.front();
  draft.item.question = std::move(question);
  draft.item.id = ItemId(line, "id");
  return draft;
}

// ---- HumanEval

Draft ReadHumanEval(const Json& line) {
  Draft draft;
  CodeQuestion question;
  question.prompt = draft.prompt = Text(line, "prompt");
  question.test = "\n" + Text(line, "test") + "\ncheck(" + Text(line, "entry_point") + ")\n";
  question.stop = {"\nclass", "\ndef", "\n#", "\nif", "\nprint"};
  draft.item.question = std::move(question);
  draft.item.id = ItemId(line, "task_id");
  return draft;
}

// ---- one's own

AnswerKind ReadKind(const std::string& name) {
  if (name == "exact") return AnswerKind::kExact;
  if (name == "contains") return AnswerKind::kContains;
  if (name == "regex") return AnswerKind::kRegex;
  if (name == "number") return AnswerKind::kNumber;
  if (name == kSquad) return AnswerKind::kSquad;
  FailField("kind", "must be exact, contains, regex, number, squad, call or choice");
}

std::vector<ChatMessage> ReadMessages(const Json& value) {
  if (!value.is_array() || value.empty()) FailField("messages", "must be an array of messages");
  std::vector<ChatMessage> messages;
  for (const Json& message : value) {
    messages.push_back({.role = Text(message, "role"),
                        .content = Text(message, "content"),
                        .name = {},
                        .tool_call_id = {},
                        .tool_calls = {}});
  }
  return messages;
}

std::vector<std::string> ReadExpected(const Json& value) {
  if (value.is_array()) return Texts(value, "expected", 1000);
  if (value.is_number()) return {DumpJson(value)};
  return {AsText(value, "expected")};
}

Draft ReadOwnChoice(const Json& line) {
  std::vector<std::string> choices = Texts(Require(line, "choices"), "choices", kMaxChoices);
  const Json& expected = Require(line, "expected");
  int label = 0;
  if (expected.is_number()) {
    label = Index(expected, "expected", choices.size());
  } else {
    const auto found = std::find(choices.begin(), choices.end(), AsText(expected, "expected"));
    if (found == choices.end()) FailField("expected", "is none of the choices");
    label = static_cast<int>(found - choices.begin());
  }
  return ChoiceDraft(Text(line, "input"), std::move(choices), label);
}

AnswerRule ReadRule(const Json& line, const std::string& kind) {
  AnswerRule rule = {ReadKind(kind), ReadExpected(Require(line, "expected"))};
  if (rule.kind == AnswerKind::kRegex) {
    for (const std::string& expression : rule.expected) Pattern check(expression);
  }
  return rule;
}

Draft ReadOwnOpen(const Json& line, const std::string& kind) {
  Draft draft;
  OpenQuestion question;
  if (kind == kCall) {
    question.call = CallRule{Require(line, "tools"), Require(line, "expected")};
    CheckCallRule(*question.call);
    if (!line.contains("messages")) FailField("messages", "is missing: a call answers a message");
  } else {
    question.rule = ReadRule(line, kind);
  }
  if (line.contains("messages")) {
    question.messages = ReadMessages(line["messages"]);
  } else {
    draft.prompt = Text(line, "input");
    draft.target = " " + question.rule.expected.front();
  }
  if (line.contains("stop")) question.stop = Texts(line["stop"], "stop", 16);
  if (line.contains("max_tokens")) {
    const Json& value = line["max_tokens"];
    const bool fits =
        value.is_number_integer() && value.get<int64_t>() >= 1 && value.get<int64_t>() <= 1'000'000;
    if (!fits) FailField("max_tokens", "must be from 1 to 1000000");
    question.max_tokens = value.get<int>();
  }
  draft.item.question = std::move(question);
  return draft;
}

bool IsOfKind(const Json& line, std::string_view kind) {
  return line.contains("expected") && line.contains("kind") && line["kind"].is_string() &&
         line["kind"].get_ref<const std::string&>() == kind;
}

Draft ReadOwn(const Json& line) {
  const std::string kind = line.contains("kind") ? Text(line, "kind") : "exact";
  Draft draft = kind == "choice" ? ReadOwnChoice(line) : ReadOwnOpen(line, kind);
  draft.item.id = ItemId(line, "id");
  draft.item.cluster = OptionalText(line, "group");
  return draft;
}

// A file of one kind that has scores of its own.
template <const char* kind>
Draft ReadOwnOf(const Json& line) {
  if (!IsOfKind(line, kind)) {
    FailField("kind", fmt::format("must be {}, as on the first line", kind));
  }
  return ReadOwn(line);
}

// ---- texts

Draft ReadText(const Json& line) {
  Draft draft;
  draft.item.question = TextQuestion{Text(line, line.contains("text") ? "text" : "page")};
  draft.item.id = ItemId(line, "id");
  return draft;
}

bool HasAll(const Json& line, std::initializer_list<const char*> fields) {
  return std::all_of(fields.begin(), fields.end(),
                     [&](const char* field) { return line.contains(field); });
}

const std::vector<Metric> kNormFirst = {{"acc_norm"}, {"acc"}, {"acc_norm_bytes"}};
const std::vector<Metric> kTextMetrics = {{"bits_per_byte", Aggregation::kBitsPerByte, false},
                                          {"byte_perplexity", Aggregation::kBytePerplexity, false},
                                          {"word_perplexity", Aggregation::kWordPerplexity, false}};

const std::vector<Format>& Formats() {
  static const std::vector<Format> formats = {
      {"hellaswag",
       [](const Json& line) {
         return HasAll(line, {"endings", "label"});
       },
       ReadHellaSwag, kNormFirst, NoDescription},
      {"arc",
       [](const Json& line) {
         return HasAll(line, {"question", "answerKey"});
       },
       ReadArc, kNormFirst, NoDescription},
      {"humaneval",
       [](const Json& line) {
         return HasAll(line, {"prompt", "test", "entry_point"});
       },
       ReadHumanEval,
       {{"pass@1"}},
       NoDescription},
      {"mmlu",
       [](const Json& line) {
         return HasAll(line, {"question", "choices", "answer"});
       },
       ReadMmlu,
       {{"acc"}},
       MmluDescription},
      {"gsm8k",
       [](const Json& line) {
         return HasAll(line, {"question", "answer"});
       },
       ReadGsm8k,
       {{"exact_match_strict"}, {"exact_match_flexible"}},
       NoDescription},
      {"own choice",
       [](const Json& line) {
         return HasAll(line, {"expected", "choices"});
       },
       ReadOwn, kNormFirst, NoDescription},
      {"own squad",
       [](const Json& line) { return IsOfKind(line, kSquad); },
       ReadOwnOf<kSquad>,
       {{"exact_match"}, {"f1"}},
       NoDescription},
      {"own call",
       [](const Json& line) { return IsOfKind(line, kCall); },
       ReadOwnOf<kCall>,
       {{"exact_match"}, {"valid_call"}},
       NoDescription},
      {"own",
       [](const Json& line) { return line.contains("expected"); },
       ReadOwn,
       {{"exact_match"}},
       NoDescription},
      {"text", [](const Json& line) { return line.contains("text") || line.contains("page"); },
       ReadText, kTextMetrics, NoDescription},
  };
  return formats;
}

}  // namespace

const Format* FindFormat(const Json& line) {
  if (!line.is_object()) return nullptr;
  const auto& formats = Formats();
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const Format& format) { return format.fits(line); });
  return found == formats.end() ? nullptr : &*found;
}

}  // namespace pioneer::eval
