#include "eval/results_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "eval/test_folder.h"

namespace pioneer::eval {
namespace {

const Json kRun = {{"model", "m"}, {"shots", 0}};

ItemResult Item(const std::string& id, double score) {
  return {id, {{"acc", score}, {"loglikelihood_0", -1.25}}, "said \"" + id + "\"\n", 3, {}};
}

TEST(ResultsFile, KeepsWhatWasAppended) {
  const TestFolder folder;
  const fs::path path = folder.path() / "a.jsonl";
  {
    ResultsFile file(path, kRun);
    EXPECT_TRUE(file.results().empty());
    file.Append({Item("1", 1), Item("2", 0)});
    file.Append({});
    ItemResult text = Item("3", 1);
    text.pieces = {{-1000.5, 12, 800}, {-3, 1, 2}};
    file.Append({text});
  }
  const ResultsFile file(path, kRun);
  ASSERT_EQ(file.results().size(), 3u);
  EXPECT_EQ(file.results()[1].id, "2");
  EXPECT_EQ(file.results()[0].scores, Item("1", 1).scores);
  EXPECT_EQ(file.results()[0].output, "said \"1\"\n");
  EXPECT_EQ(file.results()[2].pieces.at(0).loglikelihood, -1000.5);
  EXPECT_EQ(file.results()[2].pieces.at(1).n_bytes, 2);
}

// A process may be killed at any byte.
TEST(ResultsFile, DropsALineThatWasCutOff) {
  const TestFolder folder;
  const fs::path path = folder.path() / "a.jsonl";
  { ResultsFile(path, kRun).Append({Item("1", 1), Item("2", 0)}); }
  const std::string whole = ReadFile(path);
  for (size_t n = 0; n < whole.size(); ++n) {
    WriteFileAtomically(path, whole.substr(0, n));
    {
      ResultsFile file(path, kRun);
      file.Append({Item("last", 1)});
    }
    const ResultsFile file(path, kRun);
    ASSERT_FALSE(file.results().empty()) << n;
    EXPECT_EQ(file.results().back().id, "last") << n;
    EXPECT_LE(file.results().size(), 3u);
  }
}

TEST(ResultsFile, RefusesAnotherRun) {
  const TestFolder folder;
  const fs::path path = folder.path() / "a.jsonl";
  { ResultsFile(path, kRun).Append({Item("1", 1)}); }
  try {
    ResultsFile(path, {{"model", "m"}, {"shots", 5}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("its shots is 0, not 5"));
  }
  std::ofstream(path, std::ios::app) << "{\"id\":1}\n";
  EXPECT_THROW(ResultsFile(path, kRun), Error);
}

}  // namespace
}  // namespace pioneer::eval
