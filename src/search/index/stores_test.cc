// Both databases answer alike, and what only one of them can suffer is survived.
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "search/index/analyzer.h"
#include "search/index/postgres_connection.h"
#include "search/index/postings.h"
#include "search/index/sqlite_schema.h"
#include "search/index/test_library.h"
#include "store/database.h"
#include "store/full_text.h"

namespace pioneer::search {
namespace {

// --- The same answers.

// Texts of sentences in three languages, some words common, some rare.
Document MakeMixed(int number) {
  static const std::vector<std::string> kSentences = {
      "The backup of the server is kept for thirty days.",
      "Pump P-101 needs oil every week; its valves are made of brass.",
      "The snake_case name of the user's boundary-layer option is kept_days.",
      "대부료는 시행령에 따라 매년 정한다.",
      "서버의 백업은 30일 동안 보관하며 보존 기간은 연장할 수 있다.",
      "행정법률지원센터에서 계약을 검토하였다.",
      "サーバーのバックアップは三十日間保存されます。",
      "毎週ポンプに油を差してください。",
      "契約の更新はデータベースに記録する。",
      "It isn't known whether the café kept its 1,000.5 litres of oil.",
      "\"Quotes\", back\\slashes, {braces} and commas, too, are texts: NULL.",
  };
  Random random(static_cast<uint64_t>(number) + 1);
  std::string text;
  for (int i = 0; i < 4 + number % 5; ++i) {
    text += kSentences[static_cast<size_t>(random.Uniform() * 11)] + " ";
  }
  text += fmt::format("Number {} of {}.", number, number % 7);
  const char* const kLanguages[] = {"en", "ko", "ja"};
  Document document = MakeText(fmt::format("d{}", number), text, kLanguages[number % 3]);
  document.title = number % 4 == 0 ? "백업 정책 Backup" : fmt::format("Pump {}", number % 10);
  if (number % 2) {
    document.blocks.insert(document.blocks.begin(), {BlockKind::kHeading, 1, "契約 Oil", 0});
  }
  if (number % 6 == 0) document.published_at_ms = number * 1000;
  return document;
}

const std::vector<std::string>& MixedQuestions() {
  static const std::vector<std::string> kQuestions = {
      "How long are backups kept?",
      "서버 백업 보관 기간은?",
      "バックアップの保存期間",
      "oil for the pump's brass valve",
      "법률지원센터",
      "契約",
      "boundary layer of snake_case options that users kept for thirty days in the server's oil",
      "Number 3",
      "대부료와 backup, ポンプ",
      "café",
      "nothing-of-the-kind",
  };
  return kQuestions;
}

std::vector<std::string> Described(const std::vector<RankedPassage>& found) {
  std::vector<std::string> lines;
  for (const RankedPassage& ranked : found) {
    const Passage& passage = ranked.passage;
    std::string line =
        fmt::format("{} #{} {} {}-{} p{} [{}] {} {:.12g}", passage.uri, passage.id, passage.title,
                    passage.begin, passage.end, passage.page, fmt::join(passage.headings, "/"),
                    passage.language, ranked.score);
    for (const RankReason& reason : ranked.reasons) {
      line +=
          fmt::format("; {} {:.12g} {} {}", reason.stage, reason.score, reason.rank, reason.detail);
    }
    lines.push_back(line + "\n" + passage.text);
  }
  return lines;
}

struct FilledLibrary {
  FakeSource source;
  std::unique_ptr<IndexLibrary> library;
  std::string id;

  FilledLibrary(const std::string& place, const std::string& folder) {
    for (int i = 0; i < 300; ++i) source.Put(MakeMixed(i));
    library = std::make_unique<IndexLibrary>(
        LibraryOptions{place}, [this](const SourceSettings&, SourceSink& sink,
                                      const CancelToken& cancel) { source.Read(sink, cancel); });
    NewSource added;
    added.settings.location = folder;
    id = library->Add(added).id;
    library->Start();
    AwaitEnd(*library, id);
    // Some go, some change: what is left must be as if it had come alone.
    for (int i = 0; i < 300; i += 9) source.documents.erase(fmt::format("d{}", i));
    for (int i = 1; i < 300; i += 31) {
      const auto document = source.documents.find(fmt::format("d{}", i));
      if (document == source.documents.end()) continue;
      document->second.blocks.front().text = "바뀐 changed words 変更 oil.";
    }
    library->Sync(id);
    const Job job = AwaitEnd(*library, id);
    EXPECT_EQ(job.state, JobState::kDone) << job.error;
    EXPECT_EQ(job.removed, 34);
    library->Stop();
  }
};

TEST(SearchStores, AnswerAlike) {
  PostgresTestServer* server = PostgresTestServer::Get();
  if (!server) GTEST_SKIP() << "PostgreSQL's server is not installed (package postgresql)";
  const ScratchPlace place;
  const std::string address = server->NewDatabase();
  const FilledLibrary sqlite(place.index(), place.files()), postgres(address, place.files());
  RetrievalFilter filter;
  filter.languages = {"ko", "ja"};
  filter.from_ms = 60'000;
  size_t n_found = 0;
  for (const std::string& question : MixedQuestions()) {
    for (const RetrievalFilter& by : {RetrievalFilter(), filter}) {
      const RetrievalQuery query{{question, "oil"}, by, 20, true};
      const auto expected = Described(sqlite.library->retriever().Retrieve(query, {}));
      EXPECT_EQ(Described(postgres.library->retriever().Retrieve(query, {})), expected) << question;
      n_found += expected.size();
    }
  }
  EXPECT_GT(n_found, 150u);
  const LibraryState one = sqlite.library->State(), other = postgres.library->State();
  EXPECT_EQ(one.documents, other.documents);
  EXPECT_EQ(one.passages, other.passages);
  EXPECT_EQ(one.text_bytes, other.text_bytes);

  const auto a = OpenSearchStore(place.index()), b = OpenSearchStore(address);
  EXPECT_EQ(a->Totals().passages, b->Totals().passages);
  for (int field = 0; field < kSearchFields; ++field) {
    EXPECT_EQ(a->Totals().mean_lengths[field], b->Totals().mean_lengths[field]);
  }
  const std::vector<std::string> terms = {"oil", "kept", "백업", "サーバ", "契約", "number", "no"};
  EXPECT_EQ(a->DocumentFrequencies(terms), b->DocumentFrequencies(terms));
  // Groups of several terms, one that occurs nowhere, a term in two groups, limits.
  for (const TermGroups& groups :
       {TermGroups{{0, 1}, {2}}, TermGroups{{0, 6}}, TermGroups{{4}, {0, 4, 5}, {3}}}) {
    for (const size_t limit : {7u, 1000u}) {
      for (const RetrievalFilter& by : {RetrievalFilter(), filter}) {
        const auto expected = a->FindCandidates(terms, groups, by, limit);
        const auto found = b->FindCandidates(terms, groups, by, limit);
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
          EXPECT_EQ(found[i].passage_id, expected[i].passage_id);
          ASSERT_EQ(found[i].hits.size(), expected[i].hits.size());
          for (int field = 0; field < kSearchFields; ++field) {
            EXPECT_EQ(found[i].lengths[field], expected[i].lengths[field]);
            for (size_t hit = 0; hit < found[i].hits.size(); ++hit) {
              EXPECT_EQ(found[i].hits[hit].term, expected[i].hits[hit].term);
              EXPECT_EQ(found[i].hits[hit].counts[field], expected[i].hits[hit].counts[field]);
            }
          }
        }
      }
    }
  }
}

// --- PostgreSQL's own troubles.

TEST(PostgresSearch, AServerThatIsKilledLosesNothingAndTheJobGoesOn) {
  PostgresTestServer* server = PostgresTestServer::Get();
  if (!server) GTEST_SKIP() << "PostgreSQL's server is not installed (package postgresql)";
  constexpr int kDocuments = 200;
  const ScratchPlace place;
  FakeSource source;
  for (int i = 0; i < kDocuments; ++i) {
    source.Put(MakeText(fmt::format("d{:03}", i), fmt::format("number{} of the oil", i)));
  }
  std::atomic<int> n_acknowledged = 0, n_readings = 0;
  IndexLibrary library({server->NewDatabase()},
                       [&](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
                         auto& flushing = dynamic_cast<JobSink&>(sink);
                         const bool is_first = ++n_readings == 1;
                         int n = 0;
                         for (const auto& [uri, document] : source.documents) {
                           cancel.Check();
                           if (sink.KnownStamp(uri)) {
                             sink.OnUnchanged(uri);
                             continue;
                           }
                           sink.OnDocument(document, "1");
                           if (++n % 20 == 0) flushing.Flush();
                           if (is_first && n == 100) {
                             n_acknowledged = n;
                             server->Kill();
                           }
                         }
                       });
  NewSource added;
  added.settings.location = place.files();
  const std::string id = library.Add(added).id;
  library.Start();
  // Until the loss has been noticed: the job's last state cannot be asked for any more.
  std::string told;
  while (told.empty()) {
    try {
      library.Find(id);
      library.AwaitChange(-1, 0);
    } catch (const Error& error) {
      told = error.what();
    }
  }
  EXPECT_NE(told.find("the connection to the PostgreSQL server"), told.npos) << told;
  EXPECT_EQ(told.find("not told"), told.npos) << told;
  EXPECT_EQ(told.find("not%20told"), told.npos) << told;
  server->Start();
  const Job job = AwaitEnd(library, id);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_EQ(job.added, kDocuments);
  EXPECT_EQ(job.unchanged, 0);  // what it read before was counted as added
  EXPECT_GE(n_readings, 2);
  EXPECT_EQ(n_acknowledged, 100);
  EXPECT_EQ(library.State().documents, kDocuments);
  for (const int i : {0, 99, 100, 199}) {
    EXPECT_EQ(FoundUris(library, fmt::format("number{}", i)).at(0), fmt::format("d{:03}", i));
  }
}

TEST(PostgresSearch, OneProcessReadsAtATimeAndChangesAreSeen) {
  PostgresTestServer* server = PostgresTestServer::Get();
  if (!server) GTEST_SKIP() << "PostgreSQL's server is not installed (package postgresql)";
  const std::string address = server->NewDatabase();
  const auto first = MakeWorkLock(address), second = MakeWorkLock(address);
  EXPECT_TRUE(first->TryAcquire());
  EXPECT_FALSE(second->TryAcquire());
  EXPECT_TRUE(first->IsHeld());
  first->Release();
  EXPECT_FALSE(first->IsHeld());
  EXPECT_TRUE(second->TryAcquire());
  server->Kill();
  EXPECT_FALSE(second->IsHeld());
  server->Start();
  EXPECT_TRUE(first->TryAcquire());

  const auto one = OpenSearchStore(address), other = OpenSearchStore(address);
  const int64_t before = other->DataVersion();
  one->RequeueJobs();
  EXPECT_NE(other->DataVersion(), before);
}

TEST(PostgresSearch, KeepsWhatIsNoText) {
  PostgresTestServer* server = PostgresTestServer::Get();
  if (!server) GTEST_SKIP() << "PostgreSQL's server is not installed (package postgresql)";
  EXPECT_EQ(Storable("good 텍스트"), "good 텍스트");
  EXPECT_EQ(Storable(std::string_view("a\0b\xFF\xC3", 5)), "a b??");
  const ScratchPlace place;
  FakeSource source;
  source.Put(MakeText("a", std::string("zero\0byte bad\xFF\xFE end", 20)));
  source.broken[std::string(5000, 'u')] = "too\0long";
  IndexLibrary library({server->NewDatabase()},
                       [&](const SourceSettings&, SourceSink& sink, const CancelToken& cancel) {
                         source.Read(sink, cancel);
                         source.Read(sink, cancel);  // all of it twice in a batch
                       });
  NewSource added;
  added.settings.location = place.files();
  const std::string id = library.Add(added).id;
  library.Start();
  const Job job = AwaitEnd(library, id);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_EQ(job.added, 1);
  EXPECT_EQ(job.failed, 1);
  EXPECT_EQ(FoundUris(library, "end"), Uris{"a"});
}

TEST(PostgresSearch, ShowsNoPassword) {
  const PostgresAddress address(
      "postgresql://me:s%65cret@db.example:5433/lab?sslpassword=other&connect_timeout=3");
  EXPECT_EQ(address.shown(), "postgresql://me@db.example:5433/lab");
  EXPECT_EQ(address.Redact("of secret\n and  other\n"), "of *** and ***");
  EXPECT_NE(address.connection_settings().find("password='secret'"), std::string::npos);
  EXPECT_NE(address.connection_settings().find("connect_timeout='3'"), std::string::npos);
  for (const char* bad : {"postgresql://me:se@secret@db/x", "postgresql://me:secret@[::1/x",
                          "postgresql://me:secret@db/x?what=secret"}) {
    try {
      OpenSearchStore(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
  }
  try {
    OpenSearchStore("postgresql://me:secret@/lab?host=/nowhere/at/all");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

// --- How long passages are.

using LengthsTest = LibraryTest;
INSTANTIATE_TEST_SUITE_P(, LengthsTest, BothKeepers(), KeeperName);

// Lengths are remembered by who asked before; passages that came since have theirs, too.
TEST_P(LengthsTest, OfOldAndNewPassages) {
  const auto put = [&](int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "pump ";
    source_.Put(MakeText(fmt::format("d{}", n), text));
  };
  std::set<int> expected;
  const auto library = Open();
  const auto store = OpenSearchStore(index_);
  const auto lengths = [&] {
    std::set<int> found;
    for (const Candidate& candidate : store->FindCandidates({"pump"}, {{0}}, {}, 1000)) {
      found.insert(candidate.lengths[kTextField]);
    }
    return found;
  };
  library->Start();
  std::string id;
  for (int n = 1; n <= 60; ++n) {
    put(n);
    expected.insert(n);
    if (n % 20 != 0) continue;
    if (n == 20) {
      id = AddFolder(*library);
    } else {
      library->Sync(id);
    }
    AwaitEnd(*library, id);
    EXPECT_EQ(lengths(), expected);
  }
}

// --- The index of an older analyzer.

using RereadTest = LibraryTest;
INSTANTIATE_TEST_SUITE_P(, RereadTest, BothKeepers(), KeeperName);

// As if an analyzer that found no words at all had made it.
void ForgetWords(const std::string& place) {
  if (IsPostgresAddress(place)) {
    PostgresConnection(place).RunScript(
        "TRUNCATE posting; UPDATE total SET text_positions = 0; UPDATE state SET "
        "analyzer_version = 0");
    return;
  }
  DatabaseOptions options;
  options.schema = SearchSchema();
  options.prepare = [](Database& database) {
    RegisterAnalyzer(database, "pioneer", [](std::string_view, const TermSink&) {});
  };
  Database database(std::filesystem::path(place) / "search.db", options);
  database.Run("INSERT INTO passage_text (passage_text) VALUES ('delete-all')");
  database.Run("UPDATE analysis SET version = 0");
}

TEST_P(RereadTest, AnOldIndexIsMadeAgainFromItsTexts) {
  for (int i = 0; i < 2'500; ++i) {
    source_.Put(MakeText(fmt::format("d{}", i), fmt::format("pump number{} 펌프", i)));
  }
  std::string id;
  IndexTotals totals;
  {
    const auto library = Open();
    id = AddFolder(*library);
    library->Start();
    AwaitEnd(*library, id);
    totals = OpenSearchStore(index_)->Totals();
  }
  ForgetWords(index_);
  const auto library = Open();
  EXPECT_TRUE(library->State().rereading);
  EXPECT_TRUE(FoundUris(*library, "number7").empty());
  source_.Put(MakeText("new", "brass"));
  library->Sync(id);
  library->Start();
  EXPECT_EQ(AwaitEnd(*library, id).added, 1);  // jobs wait for it
  EXPECT_FALSE(library->State().rereading);
  EXPECT_EQ(FoundUris(*library, "number7").at(0), "d7");
  EXPECT_EQ(FoundUris(*library, "number2499").at(0), "d2499");
  EXPECT_EQ(FoundUris(*library, "brass"), Uris{"new"});
  const auto store = OpenSearchStore(index_);
  EXPECT_EQ(store->Totals().passages, totals.passages + 1);
  EXPECT_EQ(store->DocumentFrequencies({"펌프", "pump"}), (std::vector<int64_t>{2500, 2500}));
}

// --- Postings.

TEST(Postings, ComeBackAndBadOnesAreRefused) {
  std::vector<Posting> postings;
  for (int64_t i = 1; i < 1'000'000'000'000; i = i * 3 + 1) {
    postings.push_back({i, {0, 0, static_cast<uint8_t>(i % 255 + 1)}, {1, 0, 300}});
    postings.push_back({i + 1, {2, 1, 0}, {2, 128, 0}});
  }
  std::string bytes;
  AppendPostings({postings.begin(), postings.begin() + 5}, bytes);
  AppendPostings({postings.begin() + 5, postings.end()}, bytes);
  std::vector<Posting> back;
  DecodePostings(bytes, back);
  ASSERT_EQ(back.size(), postings.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].passage, postings[i].passage);
    for (int field = 0; field < kSearchFields; ++field) {
      EXPECT_EQ(back[i].counts[field], postings[i].counts[field]);
      EXPECT_EQ(back[i].lengths[field], postings[i].lengths[field]);
    }
  }
  back.clear();
  EXPECT_THROW(DecodePostings(std::string_view(bytes).substr(0, bytes.size() - 1), back), Error);
  EXPECT_THROW(DecodePostings(std::string(12, '\xFF'), back), Error);
}

}  // namespace
}  // namespace pioneer::search
