#include "search/answer/rerank.h"

#include <gtest/gtest.h>

#include "search/answer/fake_likelihood.h"

namespace pioneer::search::answer {
namespace {

std::vector<RankedPassage> Passages(const std::vector<std::string>& texts) {
  std::vector<RankedPassage> passages;
  for (size_t i = 0; i < texts.size(); ++i) {
    RankedPassage ranked;
    ranked.passage.id = static_cast<int64_t>(i) + 1;
    ranked.passage.title = "Page";
    ranked.passage.text = texts[i];
    ranked.score = 10 - static_cast<double>(i);
    passages.push_back(std::move(ranked));
  }
  return passages;
}

std::vector<int64_t> Ids(const std::vector<RankedPassage>& passages) {
  std::vector<int64_t> ids;
  for (const RankedPassage& ranked : passages) ids.push_back(ranked.passage.id);
  return ids;
}

using PassageIds = std::vector<int64_t>;

TEST(RerankTest, WhatMakesTheQuestionLikelyRises) {
  FakeLikelihood model("blue");
  auto passages = Passages({"The sea is green.", "The sky is blue.", "The sun is red."});
  RerankByLikelihood(model, "What colour is the sky?", 100, {}, passages);
  EXPECT_EQ(Ids(passages), (PassageIds{2, 1, 3}));
  const RankReason& reason = passages[0].reasons.at(0);
  EXPECT_EQ(reason.stage, "rerank");
  EXPECT_EQ(reason.rank, 1);
  EXPECT_NEAR(reason.score, -0.5, 1e-9);
  EXPECT_GT(passages[0].score, passages[1].score);
  EXPECT_GT(passages[1].score, passages[2].score);
}

TEST(RerankTest, WhereItStoodCountsToo) {
  FakeLikelihood model("blue");
  auto passages = Passages(std::vector<std::string>(20, "Nothing here."));
  passages[4].passage.text = "A blue sky.";
  passages[18].passage.text = "Another blue sky.";  // beyond those that are asked about
  RerankByLikelihood(model, "What colour is the sky?", 100, {}, passages);
  EXPECT_EQ(model.n_asked, static_cast<int>(kMostReranked));
  EXPECT_EQ(passages[18].passage.id, 19);
  EXPECT_TRUE(passages[18].reasons.empty());
  EXPECT_LE(std::find_if(passages.begin(), passages.end(),
                         [](const RankedPassage& ranked) { return ranked.passage.id == 5; }) -
                passages.begin(),
            2);
  EXPECT_TRUE(std::is_sorted(
      passages.begin(), passages.end(),
      [](const RankedPassage& a, const RankedPassage& b) { return a.score > b.score; }));
}

TEST(RerankTest, WithoutTimeAllStayWhereTheyWere) {
  FakeLikelihood model("blue");
  auto passages = Passages({"The sea is green.", "The sky is blue.", "The sun is red."});
  RerankByLikelihood(model, "What colour is the sky?", -1, {}, passages);
  EXPECT_EQ(Ids(passages), (PassageIds{1, 2, 3}));
  EXPECT_TRUE(passages[1].reasons.empty());
  EXPECT_EQ(passages[0].score, 10);
}

TEST(RerankTest, Cancels) {
  FakeLikelihood model("blue");
  auto passages = Passages({"The sea is green.", "The sky is blue."});
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(RerankByLikelihood(model, "What colour?", 100, cancel, passages), Error);
}

}  // namespace
}  // namespace pioneer::search::answer
