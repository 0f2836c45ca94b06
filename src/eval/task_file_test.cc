// The expected prompts were written by hand from lm-evaluation-harness's task files.
#include "eval/task_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/test_folder.h"

namespace pioneer::eval {
namespace {

using ::testing::HasSubstr;

class TaskFileTest : public ::testing::Test {
 protected:
  Task Read(const std::string& lines, const TaskOptions& options = {}) {
    return ReadTask(folder_.Write("task.jsonl", lines), options);
  }
  std::string Failure(const std::string& lines, const TaskOptions& options = {}) {
    try {
      Read(lines, options);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  static const ChoiceQuestion& Choice(const Task& task, size_t i) {
    return std::get<ChoiceQuestion>(task.items.at(i).question);
  }
  static const OpenQuestion& Open(const Task& task, size_t i) {
    return std::get<OpenQuestion>(task.items.at(i).question);
  }

  TestFolder folder_;
};

TEST_F(TaskFileTest, HellaSwag) {
  const Task task =
      Read(R"({"ind":24,"activity_label":"Roof removal","ctx_a":"A man sits [header] on a roof.",)"
           R"("ctx_b":"he Then","endings":[" is using  wrap.","Step [title] two."],"label":"1"})");
  EXPECT_EQ(task.format, "hellaswag");
  EXPECT_EQ(task.name, "task");
  EXPECT_EQ(task.items[0].id, "24");
  const ChoiceQuestion& question = Choice(task, 0);
  EXPECT_EQ(question.context, "Roof removal: A man sits on a roof. He then");
  EXPECT_EQ(question.choices, (std::vector<std::string>{"is using wrap.", "Step. two."}));
  EXPECT_EQ(question.continuations[0], " is using wrap.");
  EXPECT_EQ(question.label, 1);
  EXPECT_EQ(task.metrics[0].name, "acc_norm");
}

TEST_F(TaskFileTest, ArcInBothForms) {
  const Task task = Read(
      R"({"id":"q1","question":"Why?","choices":{"text":["a","b"],"label":["1","2"]},"answerKey":"2"})"
      "\n"
      R"({"id":"q2","question":{"stem":"How?","choices":[{"text":"x","label":"A"},)"
      R"({"text":"y","label":"B"}]},"answerKey":"A"})");
  EXPECT_EQ(task.format, "arc");
  EXPECT_EQ(Choice(task, 0).context, "Question: Why?\nAnswer:");
  EXPECT_EQ(Choice(task, 0).label, 1);
  EXPECT_EQ(Choice(task, 1).context, "Question: How?\nAnswer:");
  EXPECT_EQ(Choice(task, 1).continuations, (std::vector<std::string>{" x", " y"}));
  EXPECT_EQ(Choice(task, 1).label, 0);
}

TEST_F(TaskFileTest, MmluWithExamplesOfTheSubject) {
  folder_.Write(
      "task.shots.jsonl",
      R"({"question":"S0","subject":"other","choices":["a","b"],"answer":0})"
      "\n"
      R"({"question":"S1","subject":"abstract_algebra","choices":["a","b"],"answer":"B"})");
  const std::string line =
      R"({"question":" Q ","subject":"abstract_algebra","choices":["a","b"],"answer":0})";
  const Task task = Read(line, {.n_shots = 1});
  EXPECT_EQ(task.format, "mmlu");
  EXPECT_EQ(Choice(task, 0).context,
            "The following are multiple choice questions (with answers) about abstract algebra.\n\n"
            "S1\nA. a\nB. b\nAnswer: B\n\n"
            "Q\nA. a\nB. b\nAnswer:");
  EXPECT_EQ(Choice(task, 0).continuations, (std::vector<std::string>{" A", " B"}));
  EXPECT_EQ(task.metrics.size(), 1u);
  EXPECT_THAT(Failure(line, {.n_shots = 2}), HasSubstr("1 examples of abstract_algebra"));
}

TEST_F(TaskFileTest, Gsm8kWithItsOwnExamples) {
  std::string lines;
  for (int i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    lines += R"({"question":"Q)" + n + R"(?","answer":"So.\n#### )" + n + "\"}\n";
  }
  const Task plain = Read(lines);
  EXPECT_EQ(plain.format, "gsm8k");
  EXPECT_EQ(Open(plain, 3).prompt, "Question: Q3?\nAnswer:");
  EXPECT_EQ(Open(plain, 3).stop[0], "Question:");
  EXPECT_EQ(plain.metrics[0].name, "exact_match_strict");

  const Task task = Read(lines, {.n_shots = 2, .seed = 5});
  for (int i = 0; i < 5; ++i) {
    const std::string& prompt = Open(task, static_cast<size_t>(i)).prompt;
    const std::string own = "Question: Q" + std::to_string(i) + "?\nAnswer:";
    EXPECT_TRUE(prompt.ends_with("\n\n" + own));
    EXPECT_EQ(prompt.find(own), prompt.size() - own.size());  // never its own example
    EXPECT_THAT(prompt, HasSubstr("?\nAnswer: So.\n#### "));
  }
  // A limit takes away items, not examples.
  const Task limited = Read(lines, {.n_shots = 2, .seed = 5, .limit = 2});
  ASSERT_EQ(limited.items.size(), 2u);
  EXPECT_EQ(Open(limited, 1).prompt, Open(task, 1).prompt);
  EXPECT_THAT(Failure(lines, {.n_shots = 5}), HasSubstr("more than 5 items"));
}

TEST_F(TaskFileTest, HumanEval) {
  const Task task = Read(
      R"({"task_id":"HumanEval/0","prompt":"def f():\n","test":"def check(c):\n  assert c()==1",)"
      R"("entry_point":"f","canonical_solution":"  return 1"})");
  const auto& question = std::get<CodeQuestion>(task.items[0].question);
  EXPECT_EQ(question.prompt, "def f():\n");
  EXPECT_EQ(question.test, "\ndef check(c):\n  assert c()==1\ncheck(f)\n");
  EXPECT_EQ(task.items[0].id, "HumanEval/0");
  EXPECT_EQ(task.metrics[0].name, "pass@1");
}

TEST_F(TaskFileTest, OnesOwn) {
  const Task task = Read(
      R"({"input":"2+2=","expected":4,"kind":"number","group":"sums","max_tokens":8,"stop":["\n"]})"
      "\n"
      R"({"messages":[{"role":"user","content":"Hi"}],"expected":["Hello","Hi"]})");
  EXPECT_EQ(task.format, "own");
  EXPECT_EQ(Open(task, 0).rule.kind, AnswerKind::kNumber);
  EXPECT_EQ(Open(task, 0).rule.expected, std::vector<std::string>{"4"});
  EXPECT_EQ(Open(task, 0).max_tokens, 8);
  EXPECT_EQ(task.items[0].cluster, "sums");
  EXPECT_EQ(Open(task, 1).messages.at(0).content, "Hi");
  EXPECT_EQ(Open(task, 1).rule.kind, AnswerKind::kExact);
  EXPECT_NE(task.items[0].id, task.items[1].id);
  const Task choice =
      Read(R"({"input":"Sky is","choices":["red","blue"],"expected":"blue","kind":"choice"})");
  EXPECT_EQ(Choice(choice, 0).context, "Sky is");
  EXPECT_EQ(Choice(choice, 0).label, 1);
}

TEST_F(TaskFileTest, Texts) {
  const Task lines = Read("{\"text\":\"one\"}\n\n{\"text\":\"two\"}\n");
  EXPECT_EQ(lines.items.size(), 2u);
  EXPECT_EQ(lines.metrics[0].name, "bits_per_byte");
  const Task whole = ReadTask(folder_.Write("book.txt", "A whole text.\n"), {});
  EXPECT_EQ(whole.name, "book");
  EXPECT_EQ(std::get<TextQuestion>(whole.items.at(0).question).text, "A whole text.\n");
  EXPECT_EQ(whole.sha256.size(), 64u);
  EXPECT_THROW(ReadTask(folder_.Write("book.txt", " \n"), {}), Error);
  EXPECT_THROW(ReadTask(folder_.Write("book.txt", "a"), {.n_shots = 1}), Error);
}

TEST_F(TaskFileTest, HashesAreSha256) {
  EXPECT_EQ(HashFile(folder_.Write("abc", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(TaskFileTest, MistakesNameTheLineAndTheField) {
  const std::string good = R"({"input":"a","expected":"b"})";
  EXPECT_THAT(Failure(good + "\n{\"input\":\"a\"}"), HasSubstr("line 2"));
  EXPECT_THAT(Failure("{\"foo\":1}"), HasSubstr("no known task"));
  EXPECT_THAT(Failure("[1]"), HasSubstr("no known task"));
  EXPECT_THAT(Failure("{"), HasSubstr("line 1"));
  EXPECT_THAT(Failure(""), HasSubstr("no items"));
  EXPECT_THAT(Failure(good + "\n{\"text\":\"a\"}"), HasSubstr("those before of own"));
  EXPECT_THAT(Failure(R"({"input":"a","expected":"b","kind":"guess"})"), HasSubstr("\"kind\""));
  EXPECT_THAT(Failure(R"({"input":"a","expected":"(","kind":"regex"})"), HasSubstr("pattern"));
  EXPECT_THAT(Failure(R"({"input":"a","expected":"b","max_tokens":0})"), HasSubstr("max_tokens"));
  EXPECT_THAT(Failure(R"({"endings":["a"],"label":1,"ctx":"c"})"), HasSubstr("\"label\""));
  EXPECT_THAT(Failure(R"({"endings":[],"label":0,"ctx":"c"})"), HasSubstr("\"endings\""));
  EXPECT_THAT(Failure(R"({"question":"q","choices":{"text":["a"],"label":[]},"answerKey":"A"})"),
              HasSubstr("choices"));
  EXPECT_THAT(Failure("{\"text\":\"a\"}\n{\"text\":\"b\"}", {.n_shots = 1}),
              HasSubstr("take no --shots"));
}

}  // namespace
}  // namespace pioneer::eval
