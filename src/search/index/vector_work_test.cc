#include "search/index/vector_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "search/index/test_library.h"
#include "search/rank/fake_embedder.h"

namespace pioneer::search {
namespace {

struct TextOfUri {
  std::string text, language = "en";
};

const std::map<std::string, int> kAxes = {{"car", 0}, {"automobile", 0}, {"자동차", 0},
                                          {"dog", 1}, {"hound", 1},      {"bread", 2},
                                          {"loaf", 2}};

// Makes the first lot's vectors, and then none until it is stopped.
class EmbedderThatWaits : public FakeEmbedder {
 public:
  static constexpr int kFirstLot = 16;
  EmbedderThatWaits() : FakeEmbedder(kAxes) {}

  std::vector<std::vector<float>> Embed(const std::vector<std::string>& texts,
                                        const CancelToken& cancel) override {
    if (n_texts < kFirstLot) return FakeEmbedder::Embed(texts, cancel);
    waits = true;
    waits.notify_all();
    while (!cancel.cancelled()) std::this_thread::yield();
    throw Error(ErrorCode::kCancelled, "stopped");
  }

  std::atomic<bool> waits = false;
};

class VectorWorkTest : public LibraryTest {
 protected:
  std::unique_ptr<IndexLibrary> Open(std::shared_ptr<Embedder> embedder) {
    return std::make_unique<IndexLibrary>(
        LibraryOptions{index_, std::move(embedder)},
        [this](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
          Read(sink, cancel);
        });
  }

  void Read(SourceSink& sink, const CancelToken& cancel) {
    for (const auto& [uri, text] : texts_) {
      cancel.Check();
      if (sink.KnownStamp(uri) == text.text) {
        sink.OnUnchanged(uri);
        continue;
      }
      Document document;
      document.uri = uri;
      document.title = "Page " + uri;
      document.language = text.language;
      document.blocks.push_back({BlockKind::kParagraph, 0, text.text, 0});
      sink.OnDocument(document, text.text);
    }
  }

  // Everything has been read and has its vector.
  static void Await(Library& library) {
    for (int64_t seen = -1;;) {
      const LibraryState state = library.State();
      bool is_done = !state.vectors || state.vectors->done == state.vectors->total;
      for (const Source& source : state.sources) {
        is_done = is_done && source.job->state == JobState::kDone;
      }
      if (is_done) return;
      seen = library.AwaitChange(seen, 10'000);
    }
  }

  static std::vector<RankedPassage> Find(Library& library, const std::string& question,
                                         const RetrievalFilter& filter = {}) {
    RetrievalQuery query;
    query.queries = {question};
    query.filter = filter;
    return library.retriever().Retrieve(query, {});
  }
  // Of those that a stage named.
  static std::vector<std::string> UrisOf(const std::vector<RankedPassage>& found,
                                         const std::string& stage, double least = 0.5) {
    std::vector<std::string> uris;
    for (const RankedPassage& ranked : found) {
      for (const RankReason& reason : ranked.reasons) {
        if (reason.stage == stage && reason.score >= least) uris.push_back(ranked.passage.uri);
      }
    }
    return uris;
  }

  std::map<std::string, TextOfUri> texts_ = {{"a", {"A fast automobile."}},
                                             {"b", {"The hound barks."}},
                                             {"c", {"A loaf from the oven."}},
                                             {"d", {"빠른 자동차.", "ko"}}};
};

INSTANTIATE_TEST_SUITE_P(, VectorWorkTest, BothKeepers(), KeeperName);

TEST_P(VectorWorkTest, FindsByMeaningAndSaysSo) {
  const auto library = Open(std::make_shared<FakeEmbedder>(kAxes));
  AddFolder(*library);
  library->Start();
  Await(*library);
  const auto found = Find(*library, "car");
  EXPECT_EQ(UrisOf(found, "dense"), (Uris{"a", "d"}));
  ASSERT_FALSE(found.empty());
  const RankReason& reason = found[0].reasons.at(0);
  EXPECT_EQ(reason.stage, "dense");
  EXPECT_EQ(reason.rank, 1);
  EXPECT_NEAR(reason.score, 1, 0.01);
  EXPECT_NE(reason.detail.find("fake-embed"), std::string::npos);
  EXPECT_TRUE(UrisOf(found, "lexical").empty());
  EXPECT_EQ(found[0].coverage, 0);  // none of its words
  // Both ways lead to one passage, once.
  const auto both = Find(*library, "Which hound is a dog?");
  EXPECT_EQ(both.at(0).passage.uri, "b");
  EXPECT_EQ(UrisOf(both, "lexical", 0), Uris{"b"});
  EXPECT_EQ(UrisOf(both, "dense"), Uris{"b"});
  EXPECT_GT(both.at(0).coverage, 0.3);
}

TEST_P(VectorWorkTest, WithoutAnEmbedderNothingChanges) {
  {
    const auto library = Open(std::make_shared<FakeEmbedder>(kAxes));
    AddFolder(*library);
    library->Start();
    Await(*library);
  }
  const auto library = Open(nullptr);
  EXPECT_FALSE(library->State().vectors);
  EXPECT_TRUE(Find(*library, "car").empty());
  const auto found = Find(*library, "hound");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reasons.size(), 1u);
  EXPECT_EQ(found[0].reasons[0].stage, "lexical");
}

TEST_P(VectorWorkTest, Filters) {
  const auto library = Open(std::make_shared<FakeEmbedder>(kAxes));
  const std::string id = AddFolder(*library);
  library->Start();
  Await(*library);
  RetrievalFilter filter;
  filter.languages = {"ko"};
  EXPECT_EQ(UrisOf(Find(*library, "car", filter), "dense", -1), Uris{"d"});
  filter = {};
  filter.source_ids = {"another"};
  EXPECT_TRUE(Find(*library, "car", filter).empty());
  filter.source_ids = {id};
  EXPECT_EQ(UrisOf(Find(*library, "car", filter), "dense"), (Uris{"a", "d"}));
}

TEST_P(VectorWorkTest, WhatIsRemovedIsNotFound) {
  const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
  const auto library = Open(embedder);
  const std::string id = AddFolder(*library);
  library->Start();
  Await(*library);
  texts_.erase("a");
  texts_["b"].text = "A dog and its bread.";
  library->Sync(id);
  Await(*library);
  EXPECT_EQ(UrisOf(Find(*library, "car"), "dense"), Uris{"d"});
  EXPECT_THAT(UrisOf(Find(*library, "bread"), "dense"), testing::UnorderedElementsAre("b", "c"));
  EXPECT_EQ(embedder->n_texts, 4 + 1 + 2);  // with the questions
  const auto store = OpenSearchStore(index_);
  EXPECT_EQ(store->VectorIds().size(), 3u);
  EXPECT_EQ(store->Vectors().vectors, 3);
  // A whole source, too; and before its vectors are gone.
  library->Stop();
  library->Remove(id);
  EXPECT_TRUE(Find(*library, "car").empty());
  library->Start();
  while (!store->VectorIds().empty()) library->AwaitChange(-1, 100);
  EXPECT_EQ(store->Vectors().vectors, 0);
}

TEST_P(VectorWorkTest, AnotherEmbeddersVectorsAreMadeAnew) {
  {
    const auto library = Open(std::make_shared<FakeEmbedder>(kAxes));
    AddFolder(*library);
    library->Start();
    Await(*library);
  }
  const auto other = std::make_shared<FakeEmbedder>(
      std::map<std::string, int>{{"bread", 3}, {"hound", 3}}, "other");
  const auto library = Open(other);
  // Before they are made, words have to do.
  EXPECT_TRUE(Find(*library, "bread").empty());
  EXPECT_EQ(library->State().vectors->done, 0);
  library->Start();
  Await(*library);
  EXPECT_EQ(UrisOf(Find(*library, "bread"), "dense"), Uris{"b"});
  EXPECT_EQ(other->n_texts, 4 + 1);
  EXPECT_EQ(OpenSearchStore(index_)->Vectors().vectors, 4);
}

TEST_P(VectorWorkTest, NothingIsMadeTwiceAfterAStart) {
  {
    const auto library = Open(std::make_shared<FakeEmbedder>(kAxes));
    AddFolder(*library);
    library->Start();
    Await(*library);
  }
  const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
  const auto library = Open(embedder);
  EXPECT_EQ(UrisOf(Find(*library, "car"), "dense"), (Uris{"a", "d"}));
  texts_["e"] = {"Another automobile, and a dog."};
  library->Start();
  library->Sync(library->State().sources.at(0).id);
  Await(*library);
  EXPECT_EQ(embedder->n_texts, 1 + 1);
  EXPECT_EQ(UrisOf(Find(*library, "car"), "dense").size(), 3u);
}

TEST_P(VectorWorkTest, ATextWithoutAVectorKeepsNobodyFromHavingOne) {
  const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
  embedder->on_text = [](const std::string& text) {
    if (text.find("hound") != text.npos) Fail(ErrorCode::kInternal, "not finite");
  };
  const auto library = Open(embedder);
  AddFolder(*library);
  library->Start();
  Await(*library);
  EXPECT_EQ(library->State().vectors->problem, "");
  EXPECT_EQ(UrisOf(Find(*library, "car"), "dense", -1), (Uris{"a", "d", "c"}));
  EXPECT_EQ(UrisOf(Find(*library, "barks"), "lexical", 0), Uris{"b"});
}

TEST_P(VectorWorkTest, AModelThatFailsIsTold) {
  const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
  std::atomic<bool> is_broken = true;
  embedder->on_text = [&](const std::string&) {
    if (is_broken) Fail(ErrorCode::kInternal, "the file is damaged");
  };
  const auto library = Open(embedder);
  AddFolder(*library);
  library->Start();
  int64_t seen = -1;
  while (library->State().vectors->problem.empty()) seen = library->AwaitChange(seen, 50);
  EXPECT_EQ(library->State().vectors->problem, "the file is damaged");
  EXPECT_EQ(library->State().vectors->done, 0);
  EXPECT_EQ(Find(*library, "hound").at(0).passage.uri, "b");  // by words
  is_broken = false;
  library->Stop();
  library->Start();
  Await(*library);
  EXPECT_EQ(UrisOf(Find(*library, "car"), "dense"), (Uris{"a", "d"}));
}

// The graph is kept although the model is not through with all passages.
TEST_P(VectorWorkTest, AGraphIsSavedWhenItsMakingIsStopped) {
  texts_.clear();
  for (int i = 0; i < 40; ++i) texts_[fmt::format("d{:02}", i)] = {fmt::format("number{} car", i)};
  {
    const auto library = Open(nullptr);
    AddFolder(*library);
    library->Start();
    Await(*library);
  }
  const ScratchPlace beside;
  const auto graph_file = std::filesystem::path(beside.files()) / "vectors.graph";
  const auto embedder = std::make_shared<EmbedderThatWaits>();
  StorePool stores(index_);
  std::mutex writing;
  VectorWork work(embedder, graph_file, {stores, writing, [] { return true; }, [] {}}, 4);
  work.Start();
  embedder->waits.wait(false);
  EXPECT_FALSE(std::filesystem::exists(graph_file));
  work.Stop();
  VectorIndex index(FakeEmbedder(kAxes, "fake text 1").info(), graph_file, 4);
  EXPECT_TRUE(index.Refresh(*stores.Take()));
  EXPECT_EQ(index.graph_size(), size_t{EmbedderThatWaits::kFirstLot});
}

// A process is killed while it makes vectors; the next one makes those that are missing.
TEST_P(VectorWorkTest, AKilledProcessLosesNoVectorThatWasWritten) {
  constexpr int kDocuments = 300;
  texts_.clear();
  for (int i = 0; i < kDocuments; ++i) {
    texts_[fmt::format("d{:03}", i)] = {
        fmt::format("number{} {}", i, i % 2 == 0 ? "automobile" : "hound")};
  }
  int from_child[2];
  ASSERT_EQ(::pipe(from_child), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
    embedder->on_text = [&](const std::string&) {
      if (embedder->n_texts == 200 && ::write(from_child[1], "x", 1) != 1) ::_exit(1);
    };
    const auto library = Open(embedder);
    AddFolder(*library);
    library->Start();
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(from_child[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(from_child[0]);
  ::close(from_child[1]);

  const auto embedder = std::make_shared<FakeEmbedder>(kAxes);
  const auto library = Open(embedder);
  const int64_t kept = library->State().vectors->done;
  EXPECT_GE(kept, 16 + 32 + 64);  // the lots that were saved by then
  library->Start();
  Await(*library);
  EXPECT_EQ(embedder->n_texts, kDocuments - kept);
  const auto store = OpenSearchStore(index_);
  EXPECT_EQ(store->VectorIds().size(), size_t{kDocuments});
  EXPECT_EQ(store->Vectors().vectors, kDocuments);
}

}  // namespace
}  // namespace pioneer::search
