// Why: kills, full disks, damaged files and other versions must cost nothing that was acknowledged.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "store/chat_store.h"
#include "store/database.h"
#include "store/disk_full.h"
#include "store/key_store.h"
#include "store/migrations.h"
#include "store/sqlite_chat_store.h"
#include "store/test_support.h"

namespace pioneer {
namespace {

std::string ThrownMessage(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// In the child: adds messages for ever and writes each acknowledged id to the pipe.
[[noreturn]] void WriteUntilKilled(const std::filesystem::path& path, const std::string& visitor_id,
                                   const std::string& chat_id, int fd) {
  try {
    const auto store = OpenSqliteChatStore(path);
    while (true) {
      NewMessage message;
      message.content = "acknowledged";
      const std::string line = store->AddMessage(visitor_id, chat_id, message).id + "\n";
      if (write(fd, line.data(), line.size()) < 0) _exit(1);
    }
  } catch (...) {
    _exit(1);
  }
}

// Reads ids until `n_bytes` have come, kills the child in the midst of its work, reads the rest.
std::set<std::string> KillAfter(pid_t child, int fd, size_t n_bytes) {
  std::string text;
  char buffer[256];
  bool killed = false;
  ssize_t n = 0;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(n));
    if (!killed && text.size() >= n_bytes) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  std::set<std::string> ids;
  for (size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    ids.insert(text.substr(0, end));
  }
  return ids;
}

TEST(Durability, KillLosesNothingAcknowledged) {
  TemporaryFolder folder;
  const auto path = folder.path() / "chats.db";
  Visitor visitor;
  Chat chat;
  {
    const auto store = OpenSqliteChatStore(path);
    visitor = store->EnsureVisitor("hash");
    chat = store->CreateChat(visitor.id, {});
  }
  std::set<std::string> acknowledged;
  Random random(1);
  for (int round = 0; round < 8; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(fds[0]);
      WriteUntilKilled(path, visitor.id, chat.id, fds[1]);
    }
    close(fds[1]);
    acknowledged.merge(KillAfter(child, fds[0], 27 * (1 + random.Below(30))));
    close(fds[0]);

    std::set<std::string> stored;
    const auto store = OpenSqliteChatStore(path);
    for (const Message& message : store->ListMessages(visitor.id, chat.id)) {
      EXPECT_EQ(message.content, "acknowledged");
      stored.insert(message.id);
    }
    for (const std::string& id : acknowledged) EXPECT_TRUE(stored.contains(id)) << id;
    // The leaf and its message are one step: never one without the other.
    const auto leaf = store->GetChat(visitor.id, chat.id)->leaf_id;
    ASSERT_TRUE(leaf);
    EXPECT_TRUE(stored.contains(*leaf));
  }
  EXPECT_GT(acknowledged.size(), 8u);
}

TEST(Durability, FullDiskIsAnErrorAndTheStoreLivesOn) {
  TemporaryFolder folder;
  SqliteChatStore store(folder.path() / "chats.db", Clock::Real());
  const Visitor visitor = store.EnsureVisitor("hash");
  const Chat chat = store.CreateChat(visitor.id, {});
  store.database().SetMaxPages(40);
  NewMessage message;
  message.content = std::string(1 << 20, 'x');
  const std::string text = ThrownMessage([&] { store.AddMessage(visitor.id, chat.id, message); });
  EXPECT_NE(text.find("free some space"), std::string::npos) << text;
  EXPECT_THROW(store.AddMessage(visitor.id, chat.id, message), DiskFullError);
  // Reading goes on, nothing half is left, and small things still fit.
  EXPECT_TRUE(store.ListMessages(visitor.id, chat.id).empty());
  EXPECT_FALSE(store.GetChat(visitor.id, chat.id)->leaf_id);
  message.content = "small";
  store.AddMessage(visitor.id, chat.id, message);
  store.database().SetMaxPages(100'000);
  message.content = std::string(1 << 20, 'x');
  store.AddMessage(visitor.id, chat.id, message);
  EXPECT_EQ(store.ListMessages(visitor.id, chat.id).size(), 2u);
}

void RunSql(const std::filesystem::path& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_close(db);
}

TEST(Migration, TakesTheStepsThatAreMissing) {
  // What versions 1 and 2 did not have yet: keys; thoughts, tool calls, administrators.
  constexpr char kNoThoughts[] =
      "ALTER TABLE message DROP COLUMN reasoning; ALTER TABLE message DROP COLUMN reasoning_ms; "
      "ALTER TABLE message DROP COLUMN tool_calls_json; ALTER TABLE api_key DROP COLUMN is_admin; "
      "ALTER TABLE message DROP COLUMN search_json; "
      "PRAGMA user_version = 2";
  constexpr char kNoKeys[] = "DROP TABLE api_key; PRAGMA user_version = 1";
  for (const int version : {1, 2}) {
    TemporaryFolder folder;
    const auto path = folder.path() / "chats.db";
    std::string chat_id;
    std::string visitor_id;
    {
      const auto store = OpenSqliteChatStore(path);
      visitor_id = store->EnsureVisitor("hash").id;
      chat_id = store->CreateChat(visitor_id, {"old", "m", "{}"}).id;
      store->BeginTurn(visitor_id, chat_id, {std::nullopt, "question", "m", ""});
    }
    RunSql(path, kNoThoughts);
    if (version == 1) RunSql(path, kNoKeys);
    const auto keys = OpenSqliteKeyStore(path);
    EXPECT_TRUE(keys->Verify(keys->Create("k").secret));
    const auto store = OpenSqliteChatStore(path);
    EXPECT_EQ(store->GetChat(visitor_id, chat_id)->title, "old");
    const auto messages = store->ListMessages(visitor_id, chat_id);
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(messages[0].content, "question");
    EXPECT_EQ(messages[1].reasoning, "");
    EXPECT_FALSE(messages[1].reasoning_ms);
    EXPECT_TRUE(messages[1].tool_calls.empty());
    MessageChange change;
    change.reasoning = "new thoughts";
    store->UpdateMessage(visitor_id, chat_id, messages[1].id, change);
    EXPECT_EQ(store->ListMessages(visitor_id, chat_id)[1].reasoning, "new thoughts");
  }
}

TEST(Migration, BrokenToolCallsAreAnError) {
  TemporaryFolder folder;
  const auto path = folder.path() / "chats.db";
  const auto store = OpenSqliteChatStore(path);
  const std::string visitor_id = store->EnsureVisitor("hash").id;
  const std::string chat_id = store->CreateChat(visitor_id, {}).id;
  store->BeginTurn(visitor_id, chat_id, {std::nullopt, "question", "m", ""});
  for (const char* json : {"5", "[5]", "[{}]", R"([{"id": 1, "name": "", "arguments": ""}])", ""}) {
    RunSql(path, fmt::format("UPDATE message SET tool_calls_json = '{}'", json).c_str());
    EXPECT_EQ(ThrownCode([&] { store->ListMessages(visitor_id, chat_id); }),
              ErrorCode::kCorruptFile)
        << json;
  }
}

TEST(Migration, EmptyFileBecomesADatabase) {
  TemporaryFolder folder;
  const auto path = folder.path() / "chats.db";
  std::ofstream(path).flush();
  EXPECT_FALSE(OpenSqliteChatStore(path)->FindVisitor("hash"));
  Database database(path);
  Statement version = database.Query("PRAGMA user_version");
  ASSERT_TRUE(version.Step());
  EXPECT_EQ(version.Integer(0), CurrentSchemaVersion());
}

TEST(Migration, NewerDatabaseIsRefused) {
  TemporaryFolder folder;
  const auto path = folder.path() / "chats.db";
  RunSql(path, "PRAGMA user_version = 1000");
  EXPECT_EQ(ThrownCode([&] { OpenSqliteChatStore(path); }), ErrorCode::kUnsupported);
  EXPECT_NE(ThrownMessage([&] { OpenSqliteChatStore(path); }).find("newer program"),
            std::string::npos);
}

TEST(Opening, SaysWhatIsWrong) {
  TemporaryFolder folder;
  EXPECT_EQ(ThrownCode([&] { OpenSqliteChatStore(folder.path() / "no" / "chats.db"); }),
            ErrorCode::kIo);
  const auto path = folder.path() / "text.db";
  std::ofstream(path) << std::string(5000, 'x');
  EXPECT_EQ(ThrownCode([&] { OpenSqliteChatStore(path); }), ErrorCode::kCorruptFile);
  EXPECT_NE(ThrownMessage([&] { OpenSqliteChatStore(path); }).find("backup"), std::string::npos);
}

TEST(Opening, DamageIsAnErrorNotACrash) {
  TemporaryFolder folder;
  const auto path = folder.path() / "chats.db";
  std::string visitor_id;
  {
    const auto store = OpenSqliteChatStore(path);
    visitor_id = store->EnsureVisitor("hash").id;
    const Chat chat = store->CreateChat(visitor_id, {});
    for (int i = 0; i < 50; ++i) {
      NewMessage message;
      message.content = std::string(3000, 'x');
      store->AddMessage(visitor_id, chat.id, message);
    }
  }
  const std::string good = FileText(path);
  Random random(2);
  for (int round = 0; round < 30; ++round) {
    std::string bad = good;
    for (int i = 0; i < 200; ++i) {
      bad[100 + random.Below(bad.size() - 100)] = static_cast<char>(random.Next());
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    ThrownCode([&] {
      const auto store = OpenSqliteChatStore(path);
      for (const Chat& chat : store->ListChats(visitor_id, {.text = "y"}).chats) {
        store->ListMessages(visitor_id, chat.id);
      }
      store->EnsureVisitor("another");
    });
  }
}

}  // namespace
}  // namespace pioneer
