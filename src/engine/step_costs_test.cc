// Why: the budget follows what steps cost, and one slow step does not overthrow it.
#include "engine/step_costs.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

// A machine on which an answer step takes 8 ms and 0.5 ms an answer, a row of a prompt 0.2 ms.
double Seconds(int n_answers, int n_rows) {
  return (n_answers > 0 ? 0.008 : 0.0) + 0.0005 * n_answers + 0.0002 * n_rows;
}

StepCosts Taught(double target) {
  StepCosts costs(target);
  for (int i = 0; i < 10; ++i) costs.Observe(8, 0, Seconds(8, 0));
  for (int i = 0; i < 30; ++i) costs.Observe(8, 64, Seconds(8, 64));
  costs.Observe(8, 0, Seconds(8, 0));
  return costs;
}

TEST(StepCosts, AllowsWhatTheTargetLeaves) {
  EXPECT_NEAR(Taught(0).PromptRows(8), 0.7 * 0.012 / 0.0002, 1);
  EXPECT_NEAR(Taught(0.050).PromptRows(8), 0.038 / 0.0002, 1);
  EXPECT_EQ(Taught(0.001).PromptRows(8), StepCosts::kLeastPromptRows);
}

TEST(StepCosts, KnowsNothingAtFirst) {
  StepCosts costs(0);
  EXPECT_EQ(costs.PromptRows(1), StepCosts::kUnknownRows);
  costs.Observe(0, 5, 0.1);  // says nothing of a row
  costs.Observe(10, 0, 0.01);
  EXPECT_NEAR(costs.PromptRows(10), 7, 1);  // as if each took what an answer's takes
  EXPECT_EQ(costs.PromptRows(1), StepCosts::kLeastPromptRows);
  costs.Observe(0, 512, 0.1024);
  EXPECT_NEAR(costs.PromptRows(1), 35, 1);
}

TEST(StepCosts, TellsAnswersFromMixedStepsWhereThereAreNoOthers) {
  StepCosts costs(0);
  costs.Observe(0, 512, 0.1024);
  costs.Observe(4, 100, 0.030);
  EXPECT_NEAR(costs.PromptRows(4), 35, 1);
}

TEST(StepCosts, TakesTheNearestNumberOfAnswers) {
  StepCosts costs = Taught(0);
  for (int i = 0; i < 10; ++i) costs.Observe(2, 0, Seconds(2, 0));
  EXPECT_NEAR(costs.PromptRows(3), 0.7 * 0.009 / 0.0002, 1);
  EXPECT_NEAR(costs.PromptRows(100), 0.7 * 0.012 / 0.0002, 1);
}

TEST(StepCosts, ForgivesASlowStepAndFollowsAChange) {
  StepCosts costs = Taught(0.050);
  const int before = costs.PromptRows(8);
  costs.Observe(8, 64, 3.0);
  EXPECT_GT(costs.PromptRows(8), before * 7 / 10);
  const auto run = [&](double row_seconds) {
    for (int i = 0; i < 40; ++i) costs.Observe(8, 64, Seconds(8, 0) + 64 * row_seconds);
    costs.Observe(8, 0, Seconds(8, 0));
  };
  run(0.0008);
  EXPECT_NEAR(costs.PromptRows(8), before / 4, 3);
  run(0.0002);
  EXPECT_NEAR(costs.PromptRows(8), before, 3);
}

// The whole machine becomes slower while a prompt is run: its rows must not get the blame.
TEST(StepCosts, MeasuresAnswersAloneNowAndThen) {
  StepCosts costs = Taught(0);
  const int before = costs.PromptRows(8);
  int n_alone = 0;
  for (int i = 0; i < 200; ++i) {
    const int rows = costs.PromptRows(8);
    n_alone += rows == 0;
    costs.Observe(8, rows, 4 * Seconds(8, rows));
  }
  EXPECT_EQ(n_alone, 200 / (StepCosts::kMixedSteps + 1));
  EXPECT_NEAR(costs.PromptRows(8), before, before / 10);
}

}  // namespace
}  // namespace pioneer
