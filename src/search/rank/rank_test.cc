// Why: the steps after the first order, each by itself: what is fused, folded, spread, preferred,
// and what the best passages teach about the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/rank/feedback.h"
#include "search/rank/folding.h"
#include "search/rank/fusion.h"
#include "search/rank/lexical_score.h"

namespace pioneer::search {
namespace {

using testing::ElementsAre;

constexpr int64_t kDayMs = 86'400'000;

RankedPassage Ranked(int64_t id, double score, int64_t document_id = 0) {
  RankedPassage ranked;
  ranked.passage.id = id;
  ranked.passage.document_id = document_id == 0 ? id : document_id;
  ranked.passage.text =
      fmt::format("passage {0} speaks of matter {0} and of nothing else but {0}", id);
  ranked.score = score;
  return ranked;
}

std::vector<int64_t> Ids(const std::vector<RankedPassage>& passages) {
  std::vector<int64_t> ids;
  for (const RankedPassage& ranked : passages) ids.push_back(ranked.passage.id);
  return ids;
}

const RankReason* FindReason(const RankedPassage& ranked, const std::string& stage) {
  for (const RankReason& reason : ranked.reasons) {
    if (reason.stage == stage) return &reason;
  }
  return nullptr;
}

TEST(FuseQueries, OneListStaysAsItIs) {
  const auto fused = FuseQueries({{Ranked(3, 7.5), Ranked(1, 2.0)}});
  EXPECT_THAT(Ids(fused), ElementsAre(3, 1));
  EXPECT_EQ(fused[0].score, 7.5);
  EXPECT_TRUE(fused[0].reasons.empty());
}

TEST(FuseQueries, WhatSeveralQueriesFindComesFirst) {
  const auto fused = FuseQueries({{Ranked(1, 9), Ranked(2, 8)}, {Ranked(3, 99), Ranked(2, 1)}});
  EXPECT_THAT(Ids(fused), ElementsAre(2, 1, 3));  // the first query counts more than the second
  EXPECT_NEAR(fused[0].score, 1.0 / 62 + 0.6 / 62, 1e-12);
  ASSERT_NE(FindReason(fused[0], "fused"), nullptr);
  EXPECT_EQ(FindReason(fused[0], "fused")->rank, 1);
  EXPECT_EQ(FindReason(fused[0], "fused")->detail, "over 2 queries");
}

TEST(FuseQueries, NothingFoundIsNoError) {
  EXPECT_TRUE(FuseQueries({{}, {}}).empty());
  EXPECT_THAT(Ids(FuseQueries({{}, {Ranked(4, 1)}})), ElementsAre(4));
}

TEST(PreferRecent, TheNewestGainsHalfAndOldOnesNextToNothing) {
  std::vector<RankedPassage> passages = {Ranked(1, 1.4), Ranked(2, 1.0), Ranked(3, 1.3),
                                         Ranked(4, 1.45)};
  passages[0].passage.dated_at_ms = 0;
  passages[1].passage.dated_at_ms = 3000 * kDayMs;
  passages[2].passage.dated_at_ms = 2970 * kDayMs;  // one half-life earlier
  PreferRecent(passages);
  EXPECT_THAT(Ids(passages), ElementsAre(3, 2, 4, 1));
  EXPECT_NEAR(passages[0].score, 1.3 * 1.25, 1e-9);
  EXPECT_NEAR(passages[1].score, 1.5, 1e-9);
  EXPECT_EQ(FindReason(passages[2], "fresh"), nullptr);  // it has no date
  EXPECT_NEAR(passages[3].score, 1.4, 1e-9);
}

TEST(FoldAndSpread, NearDuplicatesAreFoldedIntoTheBest) {
  const std::string notice =
      "The city rents out land that it owns. The yearly rent is at least five per cent of its "
      "value, to be paid in advance when the contract is made, and the term is five years at most";
  std::vector<RankedPassage> ranked = {Ranked(1, 5), Ranked(2, 4), Ranked(3, 3)};
  ranked[0].passage.text = notice + ".";
  ranked[2].passage.text = notice + "!";
  const auto folded = FoldAndSpread(std::move(ranked), 10);
  EXPECT_THAT(Ids(folded), ElementsAre(1, 2));
  ASSERT_NE(FindReason(folded[0], "folded"), nullptr);
  EXPECT_EQ(FindReason(folded[0], "folded")->score, 1);
  EXPECT_EQ(FindReason(folded[1], "folded"), nullptr);
}

TEST(FoldAndSpread, AFourthPassageOfADocumentComesBehindOtherDocuments) {
  std::vector<RankedPassage> ranked;
  for (int id = 1; id <= 5; ++id) ranked.push_back(Ranked(id, 10 - id, 77));
  ranked.push_back(Ranked(6, 1, 88));
  const auto spread = FoldAndSpread(ranked, 10);
  EXPECT_THAT(Ids(spread), ElementsAre(1, 2, 3, 6, 4, 5));
  EXPECT_NE(FindReason(spread[4], "spread"), nullptr);
  EXPECT_LE(spread[4].score, spread[3].score);
  EXPECT_THAT(Ids(FoldAndSpread(ranked, 4)), ElementsAre(1, 2, 3, 6));
  EXPECT_TRUE(FoldAndSpread({}, 4).empty());
}

TEST(Coverage, IsTheShareOfWhatIsAskedByRarity) {
  const auto term = [](const char* text, int64_t documents) {
    WeightedTerm weighted;
    weighted.term.text = weighted.term.shown = text;
    weighted.documents = documents;
    weighted.weight = Rarity(documents, 2);
    return weighted;
  };
  IndexTotals totals;
  totals.passages = 2;
  const LexicalScorer scorer({term("hotel", 1), term("seoul", 1), term("cost", 0)}, totals);
  std::vector<TermCounts> counts(3);
  EXPECT_EQ(scorer.Coverage(counts), 0);
  counts[0].counts[kHeadingsField] = 1;
  counts[1].counts[kTextField] = 2;
  // A word that the index does not have outweighs no other.
  EXPECT_NEAR(scorer.Coverage(counts), 2.0 / 3, 1e-9);
  counts[2].counts[kTextField] = 1;
  EXPECT_NEAR(scorer.Coverage(counts), 1, 1e-9);
}

// Three passages about ships, of which the best two say "hull"; a fourth says it too, a fifth not.
class FeedbackTest : public testing::Test {
 protected:
  std::vector<double> Gains(int n_words, double first_score = 10) {
    std::vector<FeedbackPassage> passages = {{&terms_[0], first_score},
                                             {&terms_[1], 9.8},
                                             {&terms_[2], 9.7},
                                             {&terms_[3], 5},
                                             {&terms_[4], 5}};
    return FeedbackGains(passages, 10, n_words, 1000, InFive);
  }

  static std::vector<int64_t> InFive(const std::vector<std::string>& words) {
    return std::vector<int64_t>(words.size(), 5);
  }

  const std::vector<std::vector<Term>> terms_ = {
      Analyze("ship ship hull hull hull"), Analyze("ship ship hull hull"), Analyze("ship paint"),
      Analyze("hull hull steel"), Analyze("poem poem poem poem")};
};

TEST_F(FeedbackTest, WordsOfTheBestPassagesRaiseOthers) {
  const std::vector<double> gains = Gains(12);
  EXPECT_GT(gains[3], 0.5);
  EXPECT_EQ(gains[4], 0);
  EXPECT_GT(gains[0], gains[2]);
}

TEST_F(FeedbackTest, AShortQuestionAndAPassageThatStandsOutLearnNothing) {
  EXPECT_THAT(Gains(5), testing::Each(0));
  EXPECT_LT(Gains(12, 100)[3], Gains(12)[3] / 10);
  EXPECT_THAT(Gains(12, 0), testing::Each(0));
  EXPECT_TRUE(FeedbackGains({}, 10, 12, 1000, InFive).empty());
}

}  // namespace
}  // namespace pioneer::search
