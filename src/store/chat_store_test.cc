// Why: what the page relies on: nothing acknowledged is lost, nobody sees another's chats.
#include "store/chat_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/error.h"
#include "store/test_support.h"

namespace pioneer {
namespace {

class ChatStoreTest : public ::testing::Test {
 protected:
  Chat NewTitledChat(const std::string& title) {
    NewChat chat;
    chat.title = title;
    return store_->CreateChat(visitor_.id, chat);
  }
  Message Say(const Chat& chat, const std::string& text) {
    NewMessage message;
    message.content = text;
    return store_->AddMessage(visitor_.id, chat.id, message);
  }
  std::vector<std::string> Find(const std::string& text) {
    ChatQuery query;
    query.text = text;
    std::vector<std::string> titles;
    for (const Chat& chat : store_->ListChats(visitor_.id, query).chats) {
      titles.push_back(chat.title);
    }
    return titles;
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<ChatStore> store_ = OpenSqliteChatStore(folder_.path() / "chats.db", clock_);
  Visitor visitor_ = store_->EnsureVisitor("hash-1");
};

using Titles = std::vector<std::string>;

TEST_F(ChatStoreTest, VisitorIsFoundAgainByItsHash) {
  EXPECT_EQ(store_->EnsureVisitor("hash-1").id, visitor_.id);
  EXPECT_NE(store_->EnsureVisitor("hash-2").id, visitor_.id);
  EXPECT_FALSE(store_->FindVisitor("hash-3"));
  EXPECT_EQ(ThrownCode([&] { store_->EnsureVisitor(""); }), ErrorCode::kInvalidArgument);
}

TEST_F(ChatStoreTest, ChatKeepsWhatItWasGiven) {
  clock_.unix_ms = 5000;
  const Chat made = store_->CreateChat(visitor_.id, {"제목 'x' \"y\"", "llama", R"({"a":1})"});
  EXPECT_EQ(made.id.size(), 26u);
  const Chat chat = store_->GetChat(visitor_.id, made.id).value();
  EXPECT_EQ(chat.title, "제목 'x' \"y\"");
  EXPECT_EQ(chat.model, "llama");
  EXPECT_EQ(chat.settings_json, R"({"a":1})");
  EXPECT_EQ(chat.created_at_ms, 5000);
  EXPECT_FALSE(chat.leaf_id);
}

TEST_F(ChatStoreTest, UpdateChangesOnlyWhatIsSet) {
  const Chat chat = store_->CreateChat(visitor_.id, {"one", "m", "{}"});
  ChatChange change;
  change.title = "two";
  EXPECT_EQ(store_->UpdateChat(visitor_.id, chat.id, change).title, "two");
  EXPECT_EQ(store_->GetChat(visitor_.id, chat.id)->model, "m");
  change.title = std::string("bad \xFF");
  EXPECT_EQ(ThrownCode([&] { store_->UpdateChat(visitor_.id, chat.id, change); }),
            ErrorCode::kInvalidArgument);
  change.title = std::string(kMaxChatTitleBytes + 1, 'x');
  EXPECT_EQ(ThrownCode([&] { store_->UpdateChat(visitor_.id, chat.id, change); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->GetChat(visitor_.id, chat.id)->title, "two");
}

TEST_F(ChatStoreTest, PagesNeitherSkipNorRepeat) {
  // All in the same millisecond.
  for (int i = 0; i < 7; ++i) NewTitledChat(std::to_string(i));
  Titles seen;
  ChatQuery query;
  query.limit = 3;
  ChatPage page;
  do {
    page = store_->ListChats(visitor_.id, query);
    for (const Chat& chat : page.chats) seen.push_back(chat.title);
    query.before_ms = page.chats.back().updated_at_ms;
  } while (page.more);
  EXPECT_EQ(seen, (Titles{"6", "5", "4", "3", "2", "1", "0"}));
}

TEST_F(ChatStoreTest, NewMessageBringsChatToTheFront) {
  const Chat first = NewTitledChat("first");
  NewTitledChat("second");
  EXPECT_EQ(Find(""), (Titles{"second", "first"}));
  Say(first, "hello");
  EXPECT_EQ(Find(""), (Titles{"first", "second"}));
}

TEST_F(ChatStoreTest, DeletedChatIsHiddenUntilRestored) {
  const Chat chat = NewTitledChat("gone");
  Say(chat, "text");
  store_->DeleteChat(visitor_.id, chat.id);
  EXPECT_FALSE(store_->GetChat(visitor_.id, chat.id));
  EXPECT_TRUE(Find("").empty());
  EXPECT_EQ(ThrownCode([&] { store_->DeleteChat(visitor_.id, chat.id); }), ErrorCode::kNotFound);
  EXPECT_EQ(ThrownCode([&] { Say(chat, "more"); }), ErrorCode::kNotFound);
  EXPECT_EQ(store_->RestoreChat(visitor_.id, chat.id).title, "gone");
  EXPECT_EQ(store_->ListMessages(visitor_.id, chat.id).size(), 1u);
}

TEST_F(ChatStoreTest, PurgeRemovesOnlyWhatWasDeletedBefore) {
  const Chat old_chat = NewTitledChat("old");
  const Chat new_chat = NewTitledChat("new");
  NewTitledChat("kept");
  clock_.unix_ms = 1000;
  store_->DeleteChat(visitor_.id, old_chat.id);
  clock_.unix_ms = 2000;
  store_->DeleteChat(visitor_.id, new_chat.id);
  EXPECT_EQ(store_->PurgeDeletedChats(2000), 1);
  EXPECT_EQ(ThrownCode([&] { store_->RestoreChat(visitor_.id, old_chat.id); }),
            ErrorCode::kNotFound);
  store_->RestoreChat(visitor_.id, new_chat.id);
  EXPECT_EQ(Find("").size(), 2u);
}

TEST_F(ChatStoreTest, MessagesFormATree) {
  const Chat chat = NewTitledChat("");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Why?", "m", "Why"});
  EXPECT_EQ(turn.chat.title, "Why");
  EXPECT_EQ(turn.user_message->content, "Why?");
  EXPECT_EQ(turn.assistant_message.parent_id, turn.user_message->id);
  EXPECT_EQ(turn.assistant_message.status, MessageStatus::kStreaming);
  EXPECT_EQ(store_->GetChat(visitor_.id, chat.id)->leaf_id, turn.assistant_message.id);

  const Turn again =
      store_->BeginTurn(visitor_.id, chat.id, {turn.user_message->id, std::nullopt, "m", "Other"});
  EXPECT_EQ(again.chat.title, "Why");
  EXPECT_FALSE(again.user_message);
  EXPECT_EQ(again.assistant_message.parent_id, turn.user_message->id);
  const auto messages = store_->ListMessages(visitor_.id, chat.id);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_FALSE(messages[0].parent_id);
  EXPECT_EQ(messages[0].role, MessageRole::kUser);

  store_->SetLeaf(visitor_.id, chat.id, turn.assistant_message.id);
  EXPECT_EQ(store_->GetChat(visitor_.id, chat.id)->leaf_id, turn.assistant_message.id);
}

TEST_F(ChatStoreTest, TurnChecksItsParent) {
  const Chat chat = NewTitledChat("a");
  const Chat other = NewTitledChat("b");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  const auto begin = [&](const Chat& in, NewTurn new_turn) {
    return ThrownCode([&] { store_->BeginTurn(visitor_.id, in.id, new_turn); });
  };
  EXPECT_EQ(begin(chat, {turn.user_message->id, "Q2", "m", ""}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(begin(chat, {turn.assistant_message.id, std::nullopt, "m", ""}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(begin(chat, {std::nullopt, std::nullopt, "m", ""}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(begin(other, {turn.assistant_message.id, "Q2", "m", ""}), ErrorCode::kNotFound);
  EXPECT_EQ(begin(chat, {"nothing", "Q2", "m", ""}), ErrorCode::kNotFound);
  // Nothing of the refused ones stayed.
  EXPECT_EQ(store_->ListMessages(visitor_.id, chat.id).size(), 2u);
  EXPECT_TRUE(store_->ListMessages(visitor_.id, other.id).empty());
}

TEST_F(ChatStoreTest, UpdateMessageKeepsTheRest) {
  const Chat chat = NewTitledChat("");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  MessageChange change;
  change.content = "답";
  change.status = MessageStatus::kDone;
  change.prompt_tokens = 3;
  change.completion_tokens = 1;
  store_->UpdateMessage(visitor_.id, chat.id, turn.assistant_message.id, change);
  const Message message =
      store_->GetMessage(visitor_.id, chat.id, turn.assistant_message.id).value();
  EXPECT_EQ(message.content, "답");
  EXPECT_EQ(message.status, MessageStatus::kDone);
  EXPECT_EQ(message.model, "m");
  EXPECT_EQ(message.prompt_tokens, 3);
  EXPECT_EQ(message.completion_tokens, 1);
  EXPECT_FALSE(message.error);
}

TEST_F(ChatStoreTest, ThoughtsAndToolCallsAreKeptApart) {
  const Chat chat = NewTitledChat("");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  const std::string& id = turn.assistant_message.id;
  EXPECT_TRUE(turn.assistant_message.tool_calls.empty());
  MessageChange change;
  change.reasoning = "생각 \"quoted\"\nmore";
  change.reasoning_ms = 1234;
  change.tool_calls = {{"call_1", "get_weather", R"({"city": "서울"})"},
                       {"call_2", "broken", R"({"x": [)"}};
  store_->UpdateMessage(visitor_.id, chat.id, id, change);
  MessageChange later;
  later.content = "rain";
  store_->UpdateMessage(visitor_.id, chat.id, id, later);
  store_.reset();
  store_ = OpenSqliteChatStore(folder_.path() / "chats.db", clock_);
  for (const Message& message : {*store_->GetMessage(visitor_.id, chat.id, id),
                                 store_->ListMessages(visitor_.id, chat.id).back()}) {
    EXPECT_EQ(message.content, "rain");
    EXPECT_EQ(message.reasoning, *change.reasoning);
    EXPECT_EQ(message.reasoning_ms, 1234);
    EXPECT_EQ(message.tool_calls, *change.tool_calls);
  }
}

TEST_F(ChatStoreTest, ThoughtsAndToolCallsAreLimitedText) {
  const Chat chat = NewTitledChat("");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  const auto code = [&](const MessageChange& change) {
    return ThrownCode(
        [&] { store_->UpdateMessage(visitor_.id, chat.id, turn.assistant_message.id, change); });
  };
  MessageChange change;
  change.reasoning = std::string(kMaxMessageBytes + 1, 'x');
  EXPECT_EQ(code(change), ErrorCode::kInvalidArgument);
  change.reasoning = "\xC0\x80";
  EXPECT_EQ(code(change), ErrorCode::kInvalidArgument);
  change.reasoning.reset();
  change.tool_calls = {{"id", "name", std::string(kMaxMessageBytes, 'x')}};
  EXPECT_EQ(code(change), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->ListMessages(visitor_.id, chat.id).back().reasoning, "");
}

TEST_F(ChatStoreTest, SearchLooksAtWhatWasSaidNotAtThoughts) {
  const Chat chat = NewTitledChat("found");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  MessageChange change;
  change.content = "the answer";
  change.reasoning = "pondering";
  change.tool_calls = {{"id", "gadget", "{}"}};
  store_->UpdateMessage(visitor_.id, chat.id, turn.assistant_message.id, change);
  EXPECT_EQ(Find("answer"), (Titles{"found"}));
  EXPECT_TRUE(Find("pondering").empty());
  EXPECT_TRUE(Find("gadget").empty());
}

TEST_F(ChatStoreTest, LongContentIsLimited) {
  const Chat chat = NewTitledChat("");
  EXPECT_EQ(Say(chat, std::string(kMaxMessageBytes, 'x')).content.size(), kMaxMessageBytes);
  EXPECT_EQ(ThrownCode([&] { Say(chat, std::string(kMaxMessageBytes + 1, 'x')); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(ThrownCode([&] { Say(chat, "\xC0\x80"); }), ErrorCode::kInvalidArgument);
}

TEST_F(ChatStoreTest, AnotherVisitorSeesNothing) {
  const Chat chat = NewTitledChat("secret");
  const Message message = Say(chat, "hidden");
  const std::string other = store_->EnsureVisitor("hash-2").id;
  const auto code = [](auto call) { return ThrownCode(call); };
  EXPECT_TRUE(store_->ListChats(other, {}).chats.empty());
  EXPECT_TRUE(store_->ListChats(other, {.text = "secret"}).chats.empty());
  EXPECT_FALSE(store_->GetChat(other, chat.id));
  EXPECT_FALSE(store_->GetMessage(other, chat.id, message.id));
  const auto not_found = ErrorCode::kNotFound;
  EXPECT_EQ(code([&] { store_->ListMessages(other, chat.id); }), not_found);
  EXPECT_EQ(code([&] { store_->UpdateChat(other, chat.id, {.title = "x"}); }), not_found);
  EXPECT_EQ(code([&] { store_->DeleteChat(other, chat.id); }), not_found);
  EXPECT_EQ(code([&] { store_->AddMessage(other, chat.id, {}); }), not_found);
  EXPECT_EQ(code([&] {
              store_->BeginTurn(other, chat.id, {std::nullopt, "Q", "", ""});
            }),
            not_found);
  EXPECT_EQ(code([&] { store_->UpdateMessage(other, chat.id, message.id, {}); }), not_found);
  EXPECT_EQ(code([&] { store_->SetLeaf(other, chat.id, message.id); }), not_found);
  store_->DeleteChat(visitor_.id, chat.id);
  EXPECT_EQ(code([&] { store_->RestoreChat(other, chat.id); }), not_found);
  // A chat of one's own does not open another's message either.
  const Chat own = store_->CreateChat(other, {});
  EXPECT_FALSE(store_->GetMessage(other, own.id, message.id));
  EXPECT_EQ(code([&] { store_->SetLeaf(other, own.id, message.id); }), not_found);
  store_->DeleteVisitor(other);
  EXPECT_EQ(store_->RestoreChat(visitor_.id, chat.id).title, "secret");
}

TEST_F(ChatStoreTest, DeleteVisitorRemovesEverything) {
  const Chat chat = NewTitledChat("mine");
  Say(chat, "needle-in-the-file");
  store_->DeleteVisitor(visitor_.id);
  EXPECT_FALSE(store_->FindVisitor("hash-1"));
  EXPECT_EQ(ThrownCode([&] { store_->CreateChat(visitor_.id, {}); }), ErrorCode::kNotFound);
  // For good: the bytes are gone from the disk too.
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(FileText(entry.path()).find("needle-in-the-file"), std::string::npos) << entry.path();
  }
}

TEST_F(ChatStoreTest, SearchFindsPartsOfWordsInEveryScript) {
  Say(NewTitledChat("날씨"), "오늘 서울의 날씨가 어떤가요?");
  Say(NewTitledChat("Crème Brûlée"), "A recipe with 100% cream_and 'quotes' \"double\" \\ slash");
  Say(NewTitledChat("日本語"), "東京タワーの高さは？ ﾃｽﾄ");
  EXPECT_EQ(Find("서울"), (Titles{"날씨"}));
  EXPECT_EQ(Find("날"), (Titles{"날씨"}));
  EXPECT_EQ(Find("京タワ"), (Titles{"日本語"}));
  EXPECT_EQ(Find("テスト"), (Titles{"日本語"}));                        // half-width kana
  EXPECT_EQ(Find("CRÈME"), (Titles{"Crème Brûlée"}));                   // case beyond ASCII
  EXPECT_EQ(Find("cre\u0300me"), (Titles{"Crème Brûlée"}));             // decomposed
  EXPECT_EQ(Find("\u1102\u1161\u11AF\u110A\u1175"), (Titles{"날씨"}));  // Hangul as macOS types it
  EXPECT_EQ(Find("RECIPE brûlée"), (Titles{"Crème Brûlée"}));           // words in different places
  EXPECT_TRUE(Find("recipe 서울").empty());
  EXPECT_EQ(Find("  ").size(), 3u);
}

TEST_F(ChatStoreTest, SearchTakesAnyText) {
  Say(NewTitledChat("a"), "100% cream_and 'quotes' \"double\" \\ slash");
  NewTitledChat("b");
  for (const char* text : {"100%", "cream_", "'quotes'", "\"double\"", "\\"}) {
    EXPECT_EQ(Find(text), (Titles{"a"})) << text;
  }
  for (const char* text : {"%%", "_x", "' OR 1=1 --", "NEAR(", "a AND NOT*", "\xFF\xFE", "*"}) {
    EXPECT_TRUE(Find(text).empty()) << text;
  }
  EXPECT_EQ(ThrownCode([&] { Find(std::string(2000, 'x')); }), ErrorCode::kInvalidArgument);
}

TEST_F(ChatStoreTest, InterruptedAnswersAreMarked) {
  const Chat chat = NewTitledChat("");
  const Turn turn = store_->BeginTurn(visitor_.id, chat.id, {std::nullopt, "Q", "m", ""});
  EXPECT_EQ(store_->MarkInterruptedMessages(), 1);
  EXPECT_EQ(store_->MarkInterruptedMessages(), 0);
  EXPECT_EQ(store_->GetMessage(visitor_.id, chat.id, turn.assistant_message.id)->status,
            MessageStatus::kStopped);
}

TEST_F(ChatStoreTest, ReopenedStoreHoldsTheSame) {
  const Chat chat = NewTitledChat("stays");
  store_.reset();
  store_ = OpenSqliteChatStore(folder_.path() / "chats.db", clock_);
  EXPECT_EQ(store_->EnsureVisitor("hash-1").id, visitor_.id);
  EXPECT_EQ(store_->GetChat(visitor_.id, chat.id)->title, "stays");
}

TEST_F(ChatStoreTest, ManyThreadsWriteAtOnce) {
  const Chat chat = NewTitledChat("");
  constexpr int kThreads = 4;
  constexpr int kMessages = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kMessages; ++j) Say(chat, "text");
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> ids;
  for (const Message& message : store_->ListMessages(visitor_.id, chat.id)) ids.insert(message.id);
  EXPECT_EQ(ids.size(), static_cast<size_t>(kThreads * kMessages));
}

}  // namespace
}  // namespace pioneer
