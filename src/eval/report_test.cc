#include "eval/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace pioneer::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A task of n choices, and results where those in `right` are right.
Task MakeTask(int n, bool grouped = false) {
  Task task;
  task.name = "quiz <b>";
  task.format = "own choice";
  task.sha256 = "abc";
  task.metrics = {{"acc"}};
  for (int i = 0; i < n; ++i) {
    ChoiceQuestion question;
    question.context = "What is <script>alert(" + std::to_string(i) + ")</script>?";
    question.choices = {"this", "that"};
    task.items.push_back({std::to_string(i), grouped ? std::to_string(i / 4) : "", question});
  }
  return task;
}

TaskResult MakeResult(const Task& task, const std::function<bool(int)>& right) {
  TaskResult result;
  for (int i = 0; i < static_cast<int>(task.items.size()); ++i) {
    result.items.push_back({task.items[static_cast<size_t>(i)].id,
                            {{"acc", right(i) ? 1 : 0}},
                            "</pre><img src=x onerror=\"alert(1)\">",
                            1,
                            {}});
  }
  return result;
}

Report MakeReport(const Task& task, const TaskResult& a, const TaskResult* b) {
  Report report;
  report.model.name = "one & only";
  report.model.sha256 = std::string(64, 'e');
  report.model.lineage = "recipe 7";
  report.program_version = "1.2";
  report.hardware = "a machine";
  report.made_at = "2030-01-02T03:04:05Z";
  report.tasks = {{&task, &a, b}};
  if (b != nullptr)
    report.against =
        ModelFacts{.name = "other", .description = {}, .file = {}, .sha256 = {}, .lineage = {}};
  return report;
}

TEST(Compare, CountsWhatOnlyOneHasRight) {
  const Task task = MakeTask(100);
  const TaskResult a = MakeResult(task, [](int i) { return i < 50; });
  const TaskResult b = MakeResult(task, [](int i) { return i >= 5 && i < 75; });
  const Comparison comparison = Compare(task, a, b, 1);
  EXPECT_EQ(comparison.n_only_a, 5);
  EXPECT_EQ(comparison.n_only_b, 25);
  EXPECT_DOUBLE_EQ(comparison.difference.value, 0.2);
  EXPECT_EQ(comparison.p, McNemarP(5, 25));
  EXPECT_NEAR(*comparison.detectable, *DetectableProportion(100, 0.3), 1e-12);
  EXPECT_THAT(Describe(comparison), HasSubstr("B is better (McNemar's exact test, p = 0.000325"));
  const Comparison none = Compare(task, a, a, 1);
  EXPECT_EQ(none.p, 1);
  EXPECT_EQ(none.detectable, std::nullopt);
  EXPECT_THAT(Describe(none), HasSubstr("No difference is shown"));
}

TEST(Compare, GroupsAreSwappedWhole) {
  const Task task = MakeTask(40, /*grouped=*/true);
  const TaskResult a = MakeResult(task, [](int) { return false; });
  const TaskResult b = MakeResult(task, [](int i) { return i < 12; });  // three groups of ten
  const Comparison comparison = Compare(task, a, b, 1);
  EXPECT_EQ(comparison.test, "permutations of groups");
  EXPECT_NEAR(comparison.p, 0.25, 0.02);  // three coins, and not twelve
  const MetricSummary summary = Summarize(task, b, 1).front();
  EXPECT_EQ(summary.n_clusters, 10);
  EXPECT_GT(summary.clustered_error, 1.8 * summary.estimate.standard_error);
}

TEST(Compare, SeveralTasksAreAdjustedTogether) {
  std::vector<Comparison> comparisons(3);
  comparisons[0].p = 0.02;
  comparisons[1].p = 0.9;
  comparisons[2].p = 0.01;
  AdjustTogether(comparisons);
  EXPECT_DOUBLE_EQ(comparisons[0].p_holm, 0.04);
  EXPECT_DOUBLE_EQ(comparisons[2].p_holm, 0.03);
}

TEST(Report, JsonHasWhatProgramsNeed) {
  const Task task = MakeTask(10);
  const TaskResult a = MakeResult(task, [](int i) { return i < 5; });
  const TaskResult b = MakeResult(task, [](int i) { return i < 6; });
  const Report report = MakeReport(task, a, &b);
  const Json json = ReportJson(report, SummarizeReport(report));
  EXPECT_EQ(json["model"]["lineage"], "recipe 7");
  EXPECT_EQ(json["against"]["name"], "other");
  const Json& judged = json["tasks"][0];
  EXPECT_EQ(judged["metrics"]["acc"]["value"], 0.5);
  EXPECT_EQ(judged["metrics"]["acc"]["n"], 10);
  EXPECT_EQ(judged["metrics"]["acc"]["confidence_95"].size(), 2u);
  EXPECT_NEAR(judged["comparison"]["value"].get<double>(), 0.1, 1e-12);
  EXPECT_EQ(judged["comparison"]["p"], 1.0);
  EXPECT_TRUE(judged["comparison"]["detectable_difference"].is_null());
}

// What a model writes stands in the page, and must not become a part of it.
TEST(Report, HtmlIsWholeAndEscaped) {
  const Task task = MakeTask(10);
  const TaskResult a = MakeResult(task, [](int i) { return i < 5; });
  const TaskResult b = MakeResult(task, [](int i) { return i < 6; });
  for (const TaskResult* against : {static_cast<const TaskResult*>(nullptr), &b}) {
    const Report report = MakeReport(task, a, against);
    const std::string html = ReportHtml(report, SummarizeReport(report));
    EXPECT_THAT(html, HasSubstr("<h1>one &amp; only"));
    EXPECT_THAT(html, HasSubstr("quiz &lt;b&gt;"));
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html, HasSubstr("&lt;/pre&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"));
    EXPECT_THAT(html, HasSubstr("aria-label=\""));
    EXPECT_THAT(html, HasSubstr("50.0 %, 95 percent interval 23.7 % to 76.3 %"));
    EXPECT_THAT(html, HasSubstr("guessing gives 50.0 %"));
    EXPECT_THAT(html, Not(HasSubstr("://")));  // nothing is loaded
    EXPECT_EQ(html.find("B &minus; A") != std::string::npos, against != nullptr);
  }
}

TEST(Report, ExamplesAreTheFirstRightAndWrongOnes) {
  const Task task = MakeTask(10);
  const TaskResult a = MakeResult(task, [](int i) { return i >= 4; });
  const std::vector<Example> examples = ChooseExamples({&task, &a, nullptr}, 2);
  ASSERT_EQ(examples.size(), 4u);
  EXPECT_TRUE(examples[0].right);
  EXPECT_THAT(examples[0].question, HasSubstr("alert(4)"));
  EXPECT_FALSE(examples[3].right);
  EXPECT_THAT(examples[3].question, HasSubstr("alert(1)"));
  EXPECT_EQ(examples[0].expected, "this");
}

}  // namespace
}  // namespace pioneer::eval
