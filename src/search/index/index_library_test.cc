#include "search/index/index_library.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "search/failure_text.h"
#include "search/index/test_library.h"

namespace pioneer::search {
namespace {

using IndexLibraryTest = LibraryTest;

INSTANTIATE_TEST_SUITE_P(, IndexLibraryTest, BothKeepers(), KeeperName);

TEST_P(IndexLibraryTest, ReadsASourceAndFindsItsPassages) {
  source_.Put(MakeText("a", "The valve of the pump is made of brass."));
  source_.Put(MakeText("b", "Pumps need oil every week."));
  source_.broken["c"] = "not a PDF";
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  const Job job = AwaitEnd(*library, id);
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.added, 2);
  EXPECT_EQ(job.failed, 1);
  EXPECT_EQ(job.bytes_read, 1234);
  EXPECT_EQ(library->Failures(id, 10).at(0).message, "not a PDF");
  EXPECT_EQ(FoundUris(*library, "Which valves have the pumps?"), (Uris{"a", "b"}));
  EXPECT_EQ(FoundUris(*library, "oil"), Uris{"b"});
  EXPECT_TRUE(FoundUris(*library, "elephants").empty());
  const LibraryState state = library->State();
  EXPECT_EQ(state.documents, 2);
  EXPECT_EQ(state.passages, 2);
  EXPECT_GT(state.stored_bytes, 0);
}

TEST_P(IndexLibraryTest, AWatchedFolderIsReadOnceAndAgainWhenItChanged) {
  source_.Put(MakeText("a", "The valve of the pump is made of brass."));
  const auto library = std::make_unique<IndexLibrary>(
      LibraryOptions{index_},
      [this](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
        source_.Read(sink, cancel);
      },
      true);
  const std::string id = AddFolder(*library);
  library->Start();
  const std::string first = AwaitEnd(*library, id).id;
  EXPECT_EQ(library->Find(id)->job->id, first);
  source_.Put(MakeText("b", "Pumps need oil every week."));
  int64_t seen = -1;
  for (int i = 0; FoundUris(*library, "oil").empty(); ++i) {
    ASSERT_LT(i, 100);
    WriteFileAtomically(fs::path(place_.files()) / "b.txt", std::to_string(i));
    seen = library->AwaitChange(seen, 500);
  }
  EXPECT_NE(library->Find(id)->job->id, first);
}

TEST_P(IndexLibraryTest, SaysWhyAndWhere) {
  Document document = MakeText("a", "First words. The valve is made of brass.");
  document.blocks.insert(document.blocks.begin(), {BlockKind::kHeading, 2, "Valves", 0});
  source_.Put(document);
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  const auto found = library->retriever().Retrieve({{"brass valve"}, {}, 5, false}, {});
  ASSERT_EQ(found.size(), 1u);
  const Passage& passage = found[0].passage;
  EXPECT_EQ(passage.headings, Uris{"Valves"});
  const std::string text = library->DocumentText(passage.document_id).value();
  EXPECT_EQ(text.substr(passage.begin, passage.end - passage.begin), passage.text);
  ASSERT_FALSE(found[0].reasons.empty());
  EXPECT_EQ(found[0].reasons[0].stage, "lexical");
  EXPECT_NE(found[0].reasons[0].detail.find("brass x1"), std::string::npos);
  EXPECT_EQ(library->retriever().Around(passage, 1000), passage.text);
}

TEST_P(IndexLibraryTest, SyncsWhatChanged) {
  source_.Put(MakeText("a", "alpha"));
  source_.Put(MakeText("b", "beta"));
  source_.Put(MakeText("c", "gamma"));
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  source_.documents.erase("a");
  source_.Put(MakeText("b", "delta"));
  source_.n_read = 0;
  library->Sync(id);
  const Job job = AwaitEnd(*library, id);
  EXPECT_EQ(job.added, 0);
  EXPECT_EQ(job.changed, 1);
  EXPECT_EQ(job.unchanged, 1);
  EXPECT_EQ(job.removed, 1);
  EXPECT_EQ(source_.n_read, 1);
  EXPECT_TRUE(FoundUris(*library, "alpha").empty());
  EXPECT_TRUE(FoundUris(*library, "beta").empty());
  EXPECT_EQ(FoundUris(*library, "delta"), Uris{"b"});
  EXPECT_EQ(library->State().passages, 2);
}

TEST_P(IndexLibraryTest, WhatAFeedNamesNoMoreStays) {
  source_.Put(MakeText("a", "alpha"));
  const auto library = Open();
  NewSource feed;
  feed.settings.kind = SourceKind::kFeed;
  feed.settings.location = "https://example.org/feed";
  const std::string id = library->Add(feed).id;
  library->Start();
  AwaitEnd(*library, id);
  source_.documents.erase("a");
  source_.Put(MakeText("b", "beta"));
  library->Sync(id);
  EXPECT_EQ(AwaitEnd(*library, id).removed, 0);
  EXPECT_EQ(FoundUris(*library, "alpha"), Uris{"a"});
  EXPECT_EQ(FoundUris(*library, "beta"), Uris{"b"});
}

TEST_P(IndexLibraryTest, KeepsEqualTextsOnce) {
  Document first = MakeText("a", "The same words stand in both files.");
  Document second = first;
  second.uri = "b";
  source_.Put(first);
  source_.Put(second);
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  EXPECT_EQ(FoundUris(*library, "same words"), Uris{"a"});
  source_.documents.erase("a");
  library->Sync(id);
  AwaitEnd(*library, id);
  EXPECT_EQ(FoundUris(*library, "same words"), Uris{"b"});
}

TEST_P(IndexLibraryTest, Filters) {
  source_.Put(MakeText("a", "pump news", "en", 1'000));
  source_.Put(MakeText("b", "pump 뉴스", "ko", 2'000));
  source_.Put(MakeText("c", "old pump", "en"));
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  RetrievalFilter filter;
  filter.languages = {"ko"};
  EXPECT_EQ(FoundUris(*library, "pump", filter), Uris{"b"});
  filter = {};
  filter.from_ms = 500;
  filter.until_ms = 1'500;
  EXPECT_EQ(FoundUris(*library, "pump", filter), Uris{"a"});
  filter = {};
  filter.source_ids = {"another"};
  EXPECT_TRUE(FoundUris(*library, "pump", filter).empty());
  filter.source_ids = {id};
  EXPECT_EQ(FoundUris(*library, "pump", filter).size(), 3u);
}

TEST_P(IndexLibraryTest, RemovesInTheBackground) {
  source_.Put(MakeText("a", "alpha"));
  const auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  library->Stop();  // what follows holds without a worker
  library->Remove(id);
  EXPECT_TRUE(FoundUris(*library, "alpha").empty());
  EXPECT_FALSE(library->Find(id));
  EXPECT_THROW(library->Remove(id), Error);
  library->Start();
  const std::string again = AddFolder(*library);
  EXPECT_EQ(AwaitEnd(*library, again).added, 1);
  EXPECT_EQ(FoundUris(*library, "alpha"), Uris{"a"});
}

TEST_P(IndexLibraryTest, RefusesWhatCannotBe) {
  const auto library = Open();
  NewSource source;
  source.settings.location = "relative/path";
  EXPECT_THROW(library->Add(source), Error);
  source.settings.location = place_.files() + "/nothing";
  EXPECT_THROW(library->Add(source), Error);
  source.settings.kind = SourceKind::kSite;
  source.settings.location = "ftp://example.org";
  EXPECT_THROW(library->Add(source), Error);
  AddFolder(*library);
  EXPECT_THROW(AddFolder(*library), Error);
  EXPECT_THROW(library->retriever().Retrieve({}, {}), Error);
}

TEST_P(IndexLibraryTest, AFailedReadingKeepsWhatWasThere) {
  source_.Put(MakeText("a", "alpha"));
  auto library = Open();
  const std::string id = AddFolder(*library);
  library->Start();
  AwaitEnd(*library, id);
  library.reset();
  IndexLibrary failing({index_}, [](const SourceSettings&, SourceSink&, const CancelToken&) {
    Fail(ErrorCode::kNotFound, "the host is gone");
  });
  failing.Start();
  failing.Sync(id);
  const Job job = AwaitEnd(failing, id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(SplitFailure(job.error).code, "not_found");
  EXPECT_EQ(SplitFailure(job.error).message, "the host is gone");
  EXPECT_EQ(FoundUris(failing, "alpha"), Uris{"a"});
}

TEST_P(IndexLibraryTest, AStoppedJobGoesOnWhereItWas) {
  std::string id;
  {
    // Reports one document and waits until it is stopped.
    IndexLibrary library({index_},
                         [&](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
                           sink.OnDocument(MakeText("a", "alpha"), "alpha");
                           sink.OnProgress(1, 2, 5);
                           while (!cancel.cancelled()) std::this_thread::yield();
                           cancel.Check();
                         });
    id = AddFolder(library);
    library.Start();
    for (int64_t seen = -1; library.Find(id)->job->state != JobState::kRunning;) {
      seen = library.AwaitChange(seen, 1000);
    }
    library.Stop();
    EXPECT_EQ(library.Find(id)->job->state, JobState::kWaiting);
  }
  source_.Put(MakeText("a", "alpha"));
  source_.Put(MakeText("b", "beta"));
  const auto library = Open();
  library->Start();
  const Job job = AwaitEnd(*library, id);
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.added, 2);
  EXPECT_EQ(job.unchanged, 0);
  EXPECT_EQ(source_.n_read, 1);
}

TEST_P(IndexLibraryTest, StopJobStopsForGood) {
  std::atomic<bool> reads = false;
  IndexLibrary library({index_},
                       [&](const SourceSettings&, SourceSink&, const CancelToken& cancel) {
                         reads = true;
                         while (!cancel.cancelled()) std::this_thread::yield();
                         cancel.Check();
                       });
  const std::string id = AddFolder(library);
  library.Start();
  while (!reads) std::this_thread::yield();
  library.StopJob(id);
  EXPECT_EQ(AwaitEnd(library, id).state, JobState::kStopped);
}

// A process is killed while it writes; the next one goes on.
TEST_P(IndexLibraryTest, AKilledProcessLosesNothingThatWasWritten) {
  constexpr int kDocuments = 400;
  for (int i = 0; i < kDocuments; ++i) {
    std::string text = fmt::format("number{} ", i);
    for (int word = 0; word < 300; ++word) text += fmt::format("word{} ", (i * 7 + word) % 1000);
    source_.Put(MakeText(fmt::format("d{:03}", i), text));
  }
  int from_child[2];
  ASSERT_EQ(::pipe(from_child), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    JobSink* flushing = nullptr;
    IndexLibrary library({index_},
                         [&](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
                           flushing = dynamic_cast<JobSink*>(&sink);
                           int n = 0;
                           for (const auto& [uri, document] : source_.documents) {
                             cancel.Check();
                             sink.OnDocument(document, document.blocks[0].text.substr(0, 40));
                             if (++n % 20 == 0) flushing->Flush();
                             if (n == 100 && ::write(from_child[1], "x", 1) != 1) ::_exit(1);
                           }
                         });
    AddFolder(library);
    library.Start();
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(from_child[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(from_child[0]);
  ::close(from_child[1]);

  const auto library = Open();
  const std::string id = library->State().sources.at(0).id;
  const int64_t kept = library->State().documents;
  EXPECT_GE(kept, 100);
  library->Start();
  const Job job = AwaitEnd(*library, id);
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.added, kDocuments);
  EXPECT_EQ(source_.n_read, kDocuments - kept);
  EXPECT_EQ(library->State().documents, kDocuments);
  for (const int i : {0, 99, 100, 399}) {
    EXPECT_EQ(FoundUris(*library, fmt::format("number{}", i)).at(0), fmt::format("d{:03}", i));
  }
}

}  // namespace
}  // namespace pioneer::search
