// Why: tests of the library over both databases begin alike: a place, a source in memory,
// questions.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "search/index/index_library.h"
#include "search/index/postgres_test_server.h"

namespace pioneer::search {

using Uris = std::vector<std::string>;

class ScratchPlace {
 public:
  ScratchPlace() {
    std::string name = (std::filesystem::temp_directory_path() / "pioneer-XXXXXX").string();
    if (!mkdtemp(name.data())) FailErrno("cannot make a folder for the test");
    path_ = name;
  }
  ~ScratchPlace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string index() const { return (path_ / "index").string(); }
  std::string files() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline Document MakeText(std::string uri, const std::string& text, std::string language = "en",
                         std::optional<int64_t> dated = std::nullopt) {
  Document document;
  document.uri = std::move(uri);
  document.title = "About " + document.uri;
  document.language = std::move(language);
  document.published_at_ms = dated;
  document.blocks.push_back({BlockKind::kParagraph, 0, text, 0});
  return document;
}

// A source in memory: uri -> text; what has the stamp of its text is unchanged.
struct FakeSource {
  std::map<std::string, Document> documents;
  std::map<std::string, std::string> broken;
  int n_read = 0;

  void Put(Document document) { documents[document.uri] = std::move(document); }

  void Read(SourceSink& sink, const CancelToken& cancel) {
    for (const auto& [uri, document] : documents) {
      cancel.Check();
      const std::string stamp = document.blocks[0].text.substr(0, 40);
      if (sink.KnownStamp(uri) == stamp) {
        sink.OnUnchanged(uri);
        continue;
      }
      ++n_read;
      sink.OnDocument(document, stamp);
    }
    for (const auto& [uri, message] : broken) sink.OnFailed(uri, message);
    const auto done = static_cast<int64_t>(documents.size() + broken.size());
    sink.OnProgress(done, done, 1234);
  }
};

inline Job AwaitEnd(Library& library, const std::string& source) {
  for (int64_t seen = -1;;) {
    const std::optional<Source> now = library.Find(source);
    if (!now) return {};
    if (now->job->state != JobState::kWaiting && now->job->state != JobState::kRunning) {
      return *now->job;
    }
    seen = library.AwaitChange(seen, 10'000);
  }
}

inline std::vector<std::string> FoundUris(Library& library, const std::string& question,
                                          const RetrievalFilter& filter = {}) {
  RetrievalQuery query;
  query.queries = {question};
  query.filter = filter;
  std::vector<std::string> uris;
  for (const RankedPassage& found : library.retriever().Retrieve(query, {})) {
    uris.push_back(found.passage.uri);
  }
  return uris;
}

enum class Keeper { kSqlite, kPostgres };

class LibraryTest : public testing::TestWithParam<Keeper> {
 protected:
  void SetUp() override {
    if (GetParam() == Keeper::kSqlite) {
      index_ = place_.index();
      return;
    }
    PostgresTestServer* server = PostgresTestServer::Get();
    if (!server) GTEST_SKIP() << "PostgreSQL's server is not installed (package postgresql)";
    index_ = server->NewDatabase();
  }
  std::unique_ptr<IndexLibrary> Open() {
    return std::make_unique<IndexLibrary>(
        LibraryOptions{index_}, [this](const SourceSettings&, SourceSink& sink,
                                       const CancelToken& cancel) { source_.Read(sink, cancel); });
  }
  std::string AddFolder(Library& library) {
    NewSource source;
    source.settings.location = place_.files();
    return library.Add(source).id;
  }

  ScratchPlace place_;
  std::string index_;
  FakeSource source_;
};

// Values of the parameter and their names.
inline auto BothKeepers() { return testing::Values(Keeper::kSqlite, Keeper::kPostgres); }
inline std::string KeeperName(const testing::TestParamInfo<Keeper>& info) {
  return info.param == Keeper::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace pioneer::search
