// Why: the whole road from sources to shards: what is held out stays out, and the same sources give
// the same bytes and the same lineage whatever the machine does.
#include "train/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "train/clean_pipeline.h"
#include "train/test_tokenizer.h"

namespace pioneer {
namespace {

using testing::HasSubstr;

// A sentence of made-up words, as varied as text is.
std::string Prose(Random& random, int n_words) {
  static constexpr const char* kSyllables[] = {"ba", "ne", "ti", "lo", "ru", "sha", "men", "dor"};
  std::string text;
  for (int i = 0; i < n_words; ++i) {
    if (random.Below(4) == 0) text += "the ";
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) text += kSyllables[random.Below(8)];
    text += i % 12 == 11 ? ".\n" : " ";
  }
  return text;
}

class PrepareTest : public testing::Test {
 protected:
  PrepareTest() {
    Random random(42);
    for (int i = 0; i < 300; ++i) texts_.push_back(Prose(random, 60));
    WriteTexts(folder_ / "text.jsonl", texts_);
    fs::create_directories(folder_ / "pages");
    for (int i = 0; i < 12; ++i) {
      WriteFileAtomically(folder_ / ("pages/" + std::to_string(i) + ".html"),
                          "<nav>Menu</nav><main><p>Our manual</p><p>" + Prose(random, 50) +
                              "</p><p>All rights reserved</p></main>");
    }
    WriteFileAtomically(folder_ / "talk.jsonl",
                        "{\"text\": \"User: hello\\nAssistant: good day\"}\n"
                        "{\"text\": \"User: hello\\nAssistant: good day\"}\n"
                        "{\"text\": \"User: who?\\nAssistant: a cat\"}\n");
    recipe_ = ParseJson(R"({
      "model": {"d_model": 32, "n_layers": 2, "n_heads": 2, "d_ff": 48, "context": 32},
      "tokenizer": {"train": {"vocab_size": 300, "sources": [{"path": "text.jsonl", "max_mb": 0.05}]}},
      "validation": {"share": 0.1},
      "stages": [{"sources": [{"path": "text.jsonl"}, {"path": "pages"}], "steps": 1},
                 {"sources": [{"path": "talk.jsonl", "kind": "dialogue"},
                              {"path": "text.jsonl", "weight": 0.5}], "steps": 1}]})");
  }

  void WriteTexts(const fs::path& path, const std::vector<std::string>& texts) {
    std::string lines;
    for (const std::string& text : texts) lines += DumpJson(Json{{"text", text}}) + "\n";
    WriteFileAtomically(path, lines);
  }

  TrainRecipe Recipe() const { return ParseRecipe(recipe_, folder_ / ""); }

  Json Prepare(const std::string& run, int n_threads = 2) {
    ThreadPool pool(n_threads);
    const RunFolder folder{folder_ / run};
    PrepareData(Recipe(), folder, {pool, {}, {}});
    return ParseJson(ReadFile(DataFolder(folder).manifest()));
  }

  std::vector<std::string> Lines(const fs::path& path) {
    LineReader reader(path);
    std::vector<std::string> lines;
    for (std::string line; reader.Next(line);) {
      lines.push_back(ParseJson(line).value("text", line));
    }
    return lines;
  }
  std::vector<std::string> Text(const std::string& run, const std::string& file) {
    return Lines(folder_ / run / "data" / "clean" / (file + ".jsonl.zst"));
  }

  TestFolder folder_;
  std::vector<std::string> texts_;
  Json recipe_;
};

TEST_F(PrepareTest, SplitsByContentAndTokenizesBothParts) {
  const Json manifest = Prepare("run");
  const std::vector<std::string> train = Text("run", "00-text.train");
  const std::vector<std::string> held_out = Text("run", "00-text.held-out");
  EXPECT_EQ(train.size() + held_out.size(), 300u);
  EXPECT_GT(held_out.size(), 15u);
  EXPECT_LT(held_out.size(), 50u);
  const Json& source = manifest.at("sources").at(0);
  EXPECT_EQ(source.at("in").at("documents"), 300);
  EXPECT_EQ(source.at("train").at("documents"), train.size());
  EXPECT_EQ(manifest.at("lineage").get<std::string>().size(), 64u);

  ThreadPool pool(1);
  const RunFolder folder{folder_ / "run"};
  const PrepareContext context{pool, {}, {}};
  PrepareData(Recipe(), folder, context);
  const auto tokenizer = OpenTokenizer(folder);
  const SourceShards shards = OpenSource(Recipe().stages[1].sources[1], *tokenizer, folder);
  EXPECT_EQ(shards.train->n_documents(), static_cast<int64_t>(train.size()));
  EXPECT_EQ(shards.held_out->n_documents(), static_cast<int64_t>(held_out.size()));
  EXPECT_EQ(ReadLineage(folder), manifest.at("lineage"));
}

TEST_F(PrepareTest, TheSplitStaysWhenSourcesChange) {
  Prepare("before");
  std::set<std::string> before;
  for (const std::string& text : Text("before", "00-text.held-out")) before.insert(text);
  Random random(7);
  std::vector<std::string> more(texts_.rbegin(), texts_.rend());
  for (int i = 0; i < 100; ++i) more.insert(more.begin(), Prose(random, 60));
  WriteTexts(folder_ / "text.jsonl", more);
  Prepare("after");
  std::set<std::string> after;
  for (const std::string& text : Text("after", "00-text.held-out")) after.insert(text);
  for (const std::string& text : before) EXPECT_EQ(after.count(text), 1u);
  EXPECT_GT(after.size(), before.size());
}

TEST_F(PrepareTest, CopiesOfHeldOutTextAreNotTrainedOn) {
  Prepare("plain");
  const std::vector<std::string> held_out = Text("plain", "00-text.held-out");
  std::vector<std::string> copies;
  for (const std::string& text : held_out) {
    copies.push_back(text);                              // the same
    copies.push_back(text + " And one more sentence.");  // nearly
  }
  WriteTexts(folder_ / "copies.jsonl", copies);
  recipe_["stages"][0]["sources"].push_back({{"path", "copies.jsonl"}});
  const Json manifest = Prepare("copied");
  const Json& dropped = manifest.at("sources").at(2).at("dropped");
  EXPECT_EQ(manifest.at("sources").at(2).at("name"), "copies");
  EXPECT_EQ(dropped.at("exact_duplicate").at("documents"), held_out.size());
  EXPECT_EQ(dropped.at("near_duplicate").at("documents"), held_out.size());
  EXPECT_TRUE(Text("copied", "02-copies.train").empty());
}

TEST_F(PrepareTest, LineageDependsOnContentAlone) {
  const Json one = Prepare("one", 1);
  EXPECT_EQ(Prepare("three", 3).dump(), one.dump());
  // Elsewhere, and at another time.
  const TestFolder elsewhere;
  fs::copy(folder_ / "", elsewhere / "moved", fs::copy_options::recursive);
  ThreadPool pool(2);
  const RunFolder moved{elsewhere / "run"};
  PrepareData(ParseRecipe(recipe_, elsewhere / "moved"), moved, {pool, {}, {}});
  EXPECT_EQ(ReadLineage(moved), one.at("lineage"));

  texts_[5] += "!";
  WriteTexts(folder_ / "text.jsonl", texts_);
  EXPECT_NE(Prepare("changed").at("lineage"), one.at("lineage"));
  recipe_["validation"]["share"] = 0.2;
  EXPECT_NE(Prepare("more held out").at("held_out_share"), one.at("held_out_share"));
}

TEST_F(PrepareTest, IsMadeOnceAndAgainWhenASourceChanged) {
  Prepare("run");
  const fs::path manifest = folder_ / "run/data/manifest.json";
  WriteFileAtomically(manifest, "{\"mark\": 1}");
  EXPECT_EQ(Prepare("run").value("mark", 0), 1);  // nothing to do
  texts_.pop_back();
  WriteTexts(folder_ / "text.jsonl", texts_);
  EXPECT_EQ(Prepare("run").value("mark", 0), 0);
  WriteFileAtomically(folder_ / "run/checkpoint.bin", "x");
  // A run that began goes on with what it was made of, whatever became of the sources.
  WriteFileAtomically(manifest, "{\"mark\": 3}");
  texts_.pop_back();
  WriteTexts(folder_ / "text.jsonl", texts_);
  EXPECT_EQ(Prepare("run").value("mark", 0), 3);
  const Json share = std::exchange(recipe_["validation"]["share"], 0.3);
  try {
    Prepare("run");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("asks for other data than it began with"));
  }
  recipe_["validation"]["share"] = share;
  fs::remove(folder_ / "run/checkpoint.bin");
  EXPECT_EQ(Prepare("run").value("mark", 0), 0);
  fs::remove(folder_ / "text.jsonl");  // what is gone has not changed
  WriteFileAtomically(manifest, "{\"mark\": 2}");
  EXPECT_EQ(Prepare("run").value("mark", 0), 2);
  EXPECT_THROW(Prepare("other"), Error);
}

TEST_F(PrepareTest, CountsWhatIsDroppedAndKeepsExamples) {
  std::vector<std::string> bad = {"short", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 ( ) [ ] { }",
                                  "개와 고양이가 함께 지붕 아래에서 잠을 자고 있었고 비는 그치지 "
                                  "않았다. 정말로 조용한 밤이었다."};
  std::string stammer;
  for (int i = 0; i < 30; ++i) stammer += "We have the best offer for you today in this shop. ";
  bad.push_back(stammer);
  bad.push_back(
      "The quiz of the day: what is the name of the tall tower that stands in Paris today");
  WriteTexts(folder_ / "bad.jsonl", bad);
  WriteTexts(folder_ / "quiz.jsonl",
             {"What is the name of the tall tower that stands in Paris today?"});
  recipe_["stages"][0]["sources"].push_back(
      {{"path", "bad.jsonl"}, {"languages", {"en", "other"}}});
  recipe_["decontaminate"] = {"quiz.jsonl"};
  const Json manifest = Prepare("run");
  const Json& dropped = manifest.at("sources").at(2).at("dropped");
  for (const char* reason : {"too_short", "symbols", "language", "repetition", "contaminated"}) {
    EXPECT_EQ(dropped.at(reason).at("documents"), 1) << reason;
  }
  EXPECT_EQ(manifest.at("sources").at(2).at("in").at("documents"), 5);
  EXPECT_EQ(manifest.at("evaluation_sets").at(0).at("name"), "quiz.jsonl");
  const std::string examples = ReadFile(folder_ / "run/data/dropped.jsonl");
  EXPECT_THAT(examples, HasSubstr("\"reason\":\"repetition\""));
  EXPECT_THAT(examples, HasSubstr("bad.jsonl:1"));
}

TEST_F(PrepareTest, PagesLoseMenusAndWhatAllOfThemSay) {
  Prepare("run");
  std::vector<std::string> pages = Text("run", "01-pages.train");
  for (const std::string& page : Text("run", "01-pages.held-out")) pages.push_back(page);
  ASSERT_EQ(pages.size(), 12u);
  const auto n_with = [&](const char* words) {
    return std::count_if(pages.begin(), pages.end(), [&](const std::string& page) {
      return page.find(words) != std::string::npos;
    });
  };
  EXPECT_EQ(n_with("Menu"), 0);
  EXPECT_EQ(n_with("Our manual"), RepeatedLines::kKeptDocuments);
  EXPECT_EQ(n_with("All rights reserved"), RepeatedLines::kKeptDocuments);
}

TEST_F(PrepareTest, DialoguesLoseOnlyExactCopiesAndKeepTheirTurns) {
  const Json manifest = Prepare("run");
  const Json& talk = manifest.at("sources").at(2);
  EXPECT_EQ(talk.at("in").at("documents"), 3);
  EXPECT_EQ(talk.at("dropped").at("exact_duplicate").at("documents"), 1);
  EXPECT_EQ(talk.at("train").at("documents"), 1);
  EXPECT_EQ(talk.at("held_out").at("documents"), 1);  // of two, the last resort
  EXPECT_THAT(Text("run", "02-talk.train")[0], HasSubstr("\"role\":\"assistant\""));
}

TEST_F(PrepareTest, PreparedTextIsLeftAsItIs) {
  WriteTexts(folder_ / "raw.jsonl", {"a", "a", "  b  "});
  recipe_["stages"][0]["sources"] = {{{"path", "raw.jsonl"}, {"clean", false}}};
  recipe_["validation"]["share"] = 0;
  Prepare("run");
  EXPECT_THAT(Text("run", "00-raw.train"), testing::ElementsAre("a", "a", "  b  "));
}

TEST_F(PrepareTest, OneSourceHasOneWayToBeCleaned) {
  recipe_["stages"][1]["sources"][1]["languages"] = {"en"};
  try {
    Prepare("run");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("text is a source twice"));
  }
  recipe_["stages"][0]["sources"][0]["languages"] = {"ko", "code"};  // apart from the other's
  EXPECT_EQ(Prepare("run").at("sources").size(), 4u);
  // The tokenizer names neither and learns from both.
  EXPECT_GT(fs::file_size(folder_ / "run/tokenizer.gguf"), 1000u);
}

TEST_F(PrepareTest, CanBeCancelledAndBegunAgain) {
  ThreadPool pool(2);
  PrepareContext context{pool, {}, {}};
  context.on_status = [&](const std::string& status) {
    if (status.starts_with("tokenizer")) context.cancel.Cancel();
  };
  try {
    PrepareData(Recipe(), RunFolder{folder_ / "run"}, context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_FALSE(fs::exists(folder_ / "run/data/manifest.json"));
  EXPECT_TRUE(Prepare("run").contains("lineage"));
}

}  // namespace
}  // namespace pioneer
