#include "store/sqlite_chat_store.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/key_store.h"
#include "store/search_text.h"

namespace pioneer {
namespace {

#define PIONEER_CHAT_COLUMNS \
  "id, title, model, settings_json, created_at_ms, updated_at_ms, leaf_id"
#define PIONEER_MESSAGE_COLUMNS                                                 \
  "id, parent_id, role, content, status, model, created_at_ms, prompt_tokens, " \
  "completion_tokens, error, reasoning, reasoning_ms, tool_calls_json, search_json"

constexpr size_t kMaxModelBytes = 1024;
constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr size_t kMaxQueryBytes = 1024;

Chat ReadChat(const Statement& row) {
  return {row.Text(0),    row.Text(1),    row.Text(2),        row.Text(3),
          row.Integer(4), row.Integer(5), row.OptionalText(6)};
}

MessageStatus StatusFromName(const std::string& name) {
  for (const MessageStatus status : {MessageStatus::kDone, MessageStatus::kStopped,
                                     MessageStatus::kError, MessageStatus::kStreaming}) {
    if (name == MessageStatusName(status)) return status;
  }
  Fail(ErrorCode::kCorruptFile, "the database holds a message with the unknown status \"{}\"",
       name);
}

std::string ToolCallsToJson(const std::vector<MessageToolCall>& calls) {
  Json json = Json::array();
  for (const MessageToolCall& call : calls) {
    json.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }
  return DumpJson(json);
}

std::vector<MessageToolCall> ToolCallsFromJson(const std::string& text) {
  std::vector<MessageToolCall> calls;
  try {
    for (const Json& call : ParseJson(text)) {
      calls.push_back({call.at("id"), call.at("name"), call.at("arguments")});
    }
  } catch (const std::exception&) {
    Fail(ErrorCode::kCorruptFile, "the database holds a message with broken tool calls");
  }
  return calls;
}

Message ReadMessage(const Statement& row) {
  Message message;
  message.id = row.Text(0);
  message.parent_id = row.OptionalText(1);
  message.role = row.Text(2) == "user" ? MessageRole::kUser : MessageRole::kAssistant;
  message.content = row.Text(3);
  message.status = StatusFromName(row.Text(4));
  message.model = row.Text(5);
  message.created_at_ms = row.Integer(6);
  message.prompt_tokens = row.OptionalInteger(7);
  message.completion_tokens = row.OptionalInteger(8);
  message.error = row.OptionalText(9);
  message.reasoning = row.Text(10);
  message.reasoning_ms = row.OptionalInteger(11);
  message.tool_calls = ToolCallsFromJson(row.Text(12));
  message.search_json = row.Text(13);
  return message;
}

void CheckText(const char* what, std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    Fail(ErrorCode::kInvalidArgument, "the {} has {} bytes; at most {} are allowed", what,
         text.size(), max_bytes);
  }
  if (!IsValidUtf8(text) || text.find('\0') != std::string_view::npos) {
    Fail(ErrorCode::kInvalidArgument, "the {} is not text: it holds invalid UTF-8 or U+0000", what);
  }
}

void CheckChat(const Chat& chat) {
  CheckText("title", chat.title, kMaxChatTitleBytes);
  CheckText("model", chat.model, kMaxModelBytes);
  CheckText("chat's settings", chat.settings_json, kMaxChatSettingsBytes);
}

}  // namespace

const char* MessageRoleName(MessageRole role) {
  return role == MessageRole::kUser ? "user" : "assistant";
}

const char* MessageStatusName(MessageStatus status) {
  switch (status) {
    case MessageStatus::kDone:
      return "done";
    case MessageStatus::kStopped:
      return "stopped";
    case MessageStatus::kError:
      return "error";
    case MessageStatus::kStreaming:
      return "streaming";
  }
  return "error";
}

std::optional<Visitor> SqliteChatStore::FindVisitor(std::string_view token_hash) {
  std::lock_guard lock(mutex_);
  Statement row =
      database_.Query("SELECT id, created_at_ms FROM visitor WHERE token_hash = ?", token_hash);
  if (!row.Step()) return std::nullopt;
  return Visitor{row.Text(0), row.Integer(1)};
}

Visitor SqliteChatStore::EnsureVisitor(std::string_view token_hash) {
  if (token_hash.empty() || token_hash.size() > 256) {
    Fail(ErrorCode::kInvalidArgument, "a visitor needs the hash of a token");
  }
  if (auto visitor = FindVisitor(token_hash)) return *visitor;
  {
    std::lock_guard lock(mutex_);
    // Another thread may have been faster.
    database_.Run(
        "INSERT INTO visitor (id, token_hash, created_at_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (token_hash) DO NOTHING",
        RandomId(), token_hash, clock_.UnixMs());
  }
  auto visitor = FindVisitor(token_hash);
  if (!visitor) Fail(ErrorCode::kInternal, "a visitor vanished while being made");
  return *visitor;
}

void SqliteChatStore::DeleteVisitor(std::string_view visitor_id) {
  std::lock_guard lock(mutex_);
  database_.Run("DELETE FROM visitor WHERE id = ?", visitor_id);
  if (database_.changes() > 0) database_.TruncateLog();
}

std::optional<Chat> SqliteChatStore::FindChat(std::string_view visitor_id,
                                              std::string_view chat_id) {
  Statement row = database_.Query("SELECT " PIONEER_CHAT_COLUMNS
                                  " FROM chat "
                                  "WHERE id = ? AND visitor_id = ? AND deleted_at_ms IS NULL",
                                  chat_id, visitor_id);
  if (!row.Step()) return std::nullopt;
  return ReadChat(row);
}

Chat SqliteChatStore::NeedChat(std::string_view visitor_id, std::string_view chat_id) {
  auto chat = FindChat(visitor_id, chat_id);
  if (!chat) Fail(ErrorCode::kNotFound, "this chat does not exist");
  return std::move(*chat);
}

int64_t SqliteChatStore::NextUpdateMs(std::string_view visitor_id) {
  Statement row =
      database_.Query("SELECT MAX(updated_at_ms) FROM chat WHERE visitor_id = ?", visitor_id);
  const int64_t now_ms = clock_.UnixMs();
  if (!row.Step()) return now_ms;
  const auto last_ms = row.OptionalInteger(0);
  return last_ms ? std::max(now_ms, *last_ms + 1) : now_ms;
}

Chat SqliteChatStore::CreateChat(std::string_view visitor_id, const NewChat& new_chat) {
  std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (!database_.Query("SELECT 1 FROM visitor WHERE id = ?", visitor_id).Step()) {
    Fail(ErrorCode::kNotFound, "this visitor does not exist");
  }
  const int64_t now_ms = NextUpdateMs(visitor_id);
  Chat chat{RandomId(),      new_chat.title, new_chat.model, new_chat.settings_json,
            clock_.UnixMs(), now_ms,         std::nullopt};
  CheckChat(chat);
  database_.Run(
      "INSERT INTO chat (id, visitor_id, title, model, settings_json, created_at_ms, "
      "updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
      chat.id, visitor_id, chat.title, chat.model, chat.settings_json, chat.created_at_ms,
      chat.updated_at_ms);
  transaction.Commit();
  return chat;
}

bool SqliteChatStore::ChatContains(const Chat& chat, std::string_view folded_word) {
  if (ContainsFolded(chat.title, folded_word)) return true;
  return database_
      .Query("SELECT 1 FROM message WHERE chat_id = ? AND search_contains(content, ?) LIMIT 1",
             chat.id, folded_word)
      .Step();
}

ChatPage SqliteChatStore::ListChats(std::string_view visitor_id, const ChatQuery& query) {
  if (query.text.size() > kMaxQueryBytes) {
    Fail(ErrorCode::kInvalidArgument, "the search text has {} bytes; at most {} are allowed",
         query.text.size(), kMaxQueryBytes);
  }
  const std::vector<std::string> words = SearchWords(query.text);
  const size_t limit = static_cast<size_t>(std::clamp(query.limit, 1, kMaxChatsPerPage));
  std::lock_guard lock(mutex_);
  Statement rows = database_.Query("SELECT " PIONEER_CHAT_COLUMNS
                                   " FROM chat "
                                   "WHERE visitor_id = ? AND deleted_at_ms IS NULL AND "
                                   "updated_at_ms < ? ORDER BY updated_at_ms DESC",
                                   visitor_id, query.before_ms.value_or(INT64_MAX));
  ChatPage page;
  while (rows.Step()) {
    Chat chat = ReadChat(rows);
    const bool found = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return ChatContains(chat, word);
    });
    if (!found) continue;
    page.more = page.chats.size() == limit;
    if (page.more) break;
    page.chats.push_back(std::move(chat));
  }
  return page;
}

std::optional<Chat> SqliteChatStore::GetChat(std::string_view visitor_id,
                                             std::string_view chat_id) {
  std::lock_guard lock(mutex_);
  return FindChat(visitor_id, chat_id);
}

void SqliteChatStore::WriteChat(const Chat& chat) {
  database_.Run(
      "UPDATE chat SET title = ?, model = ?, settings_json = ?, updated_at_ms = ?, leaf_id = ? "
      "WHERE id = ?",
      chat.title, chat.model, chat.settings_json, chat.updated_at_ms, chat.leaf_id, chat.id);
}

Chat SqliteChatStore::UpdateChat(std::string_view visitor_id, std::string_view chat_id,
                                 const ChatChange& change) {
  std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Chat chat = NeedChat(visitor_id, chat_id);
  if (change.title) chat.title = *change.title;
  if (change.model) chat.model = *change.model;
  if (change.settings_json) chat.settings_json = *change.settings_json;
  if (change.leaf_id) chat.leaf_id = NeedMessage(chat.id, *change.leaf_id).id;
  CheckChat(chat);
  WriteChat(chat);
  transaction.Commit();
  return chat;
}

void SqliteChatStore::DeleteChat(std::string_view visitor_id, std::string_view chat_id) {
  std::lock_guard lock(mutex_);
  database_.Run(
      "UPDATE chat SET deleted_at_ms = ? "
      "WHERE id = ? AND visitor_id = ? AND deleted_at_ms IS NULL",
      clock_.UnixMs(), chat_id, visitor_id);
  if (database_.changes() == 0) Fail(ErrorCode::kNotFound, "this chat does not exist");
}

Chat SqliteChatStore::RestoreChat(std::string_view visitor_id, std::string_view chat_id) {
  std::lock_guard lock(mutex_);
  database_.Run(
      "UPDATE chat SET deleted_at_ms = NULL "
      "WHERE id = ? AND visitor_id = ? AND deleted_at_ms IS NOT NULL",
      chat_id, visitor_id);
  return NeedChat(visitor_id, chat_id);
}

int SqliteChatStore::PurgeDeletedChats(int64_t deleted_before_ms) {
  std::lock_guard lock(mutex_);
  database_.Run("DELETE FROM chat WHERE deleted_at_ms < ?", deleted_before_ms);
  const int n_purged = database_.changes();
  if (n_purged > 0) database_.TruncateLog();
  return n_purged;
}

std::vector<Message> SqliteChatStore::ListMessages(std::string_view visitor_id,
                                                   std::string_view chat_id) {
  std::lock_guard lock(mutex_);
  const Chat chat = NeedChat(visitor_id, chat_id);
  Statement rows = database_.Query("SELECT " PIONEER_MESSAGE_COLUMNS
                                   " FROM message WHERE chat_id = ? ORDER BY sequence",
                                   chat.id);
  std::vector<Message> messages;
  while (rows.Step()) messages.push_back(ReadMessage(rows));
  return messages;
}

std::optional<Message> SqliteChatStore::FindMessage(std::string_view chat_id,
                                                    std::string_view message_id) {
  Statement row = database_.Query("SELECT " PIONEER_MESSAGE_COLUMNS
                                  " FROM message WHERE id = ? AND chat_id = ?",
                                  message_id, chat_id);
  if (!row.Step()) return std::nullopt;
  return ReadMessage(row);
}

Message SqliteChatStore::NeedMessage(std::string_view chat_id, std::string_view message_id) {
  auto message = FindMessage(chat_id, message_id);
  if (!message) Fail(ErrorCode::kNotFound, "this message does not exist in the chat");
  return std::move(*message);
}

std::optional<Message> SqliteChatStore::GetMessage(std::string_view visitor_id,
                                                   std::string_view chat_id,
                                                   std::string_view message_id) {
  std::lock_guard lock(mutex_);
  const auto chat = FindChat(visitor_id, chat_id);
  return chat ? FindMessage(chat->id, message_id) : std::nullopt;
}

Message SqliteChatStore::InsertMessage(Chat& chat, std::string_view visitor_id,
                                       const NewMessage& new_message) {
  CheckText("message", new_message.content, kMaxMessageBytes);
  CheckText("model", new_message.model, kMaxModelBytes);
  Message message;
  message.id = RandomId();
  message.parent_id = new_message.parent_id;
  message.role = new_message.role;
  message.content = new_message.content;
  message.status = new_message.status;
  message.model = new_message.model;
  message.created_at_ms = clock_.UnixMs();
  database_.Run(
      "INSERT INTO message (id, chat_id, parent_id, role, content, status, model, created_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      message.id, chat.id, message.parent_id, MessageRoleName(message.role), message.content,
      MessageStatusName(message.status), message.model, message.created_at_ms);
  chat.leaf_id = message.id;
  chat.updated_at_ms = NextUpdateMs(visitor_id);
  WriteChat(chat);
  return message;
}

Message SqliteChatStore::AddMessage(std::string_view visitor_id, std::string_view chat_id,
                                    const NewMessage& new_message) {
  std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Chat chat = NeedChat(visitor_id, chat_id);
  if (new_message.parent_id) NeedMessage(chat.id, *new_message.parent_id);
  Message message = InsertMessage(chat, visitor_id, new_message);
  transaction.Commit();
  return message;
}

Turn SqliteChatStore::BeginTurn(std::string_view visitor_id, std::string_view chat_id,
                                const NewTurn& new_turn) {
  std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Turn turn;
  turn.chat = NeedChat(visitor_id, chat_id);
  const MessageRole parent_role = new_turn.content ? MessageRole::kAssistant : MessageRole::kUser;
  if (new_turn.parent_id) {
    if (NeedMessage(turn.chat.id, *new_turn.parent_id).role != parent_role) {
      Fail(ErrorCode::kInvalidArgument, "parent_id must be {}",
           new_turn.content ? "the answer that the question follows" : "the question to answer");
    }
  } else if (!new_turn.content) {
    Fail(ErrorCode::kInvalidArgument, "parent_id must be the question to answer");
  }
  if (turn.chat.title.empty() && !new_turn.title_if_empty.empty()) {
    turn.chat.title = new_turn.title_if_empty;
    CheckChat(turn.chat);
  }
  std::optional<std::string> question_id = new_turn.parent_id;
  if (new_turn.content) {
    turn.user_message = InsertMessage(
        turn.chat, visitor_id,
        {new_turn.parent_id, MessageRole::kUser, *new_turn.content, MessageStatus::kDone, ""});
    question_id = turn.user_message->id;
  }
  turn.assistant_message = InsertMessage(
      turn.chat, visitor_id,
      {question_id, MessageRole::kAssistant, "", MessageStatus::kStreaming, new_turn.model});
  transaction.Commit();
  return turn;
}

void SqliteChatStore::WriteMessage(const Message& message) {
  const std::string tool_calls = ToolCallsToJson(message.tool_calls);
  CheckText("message", message.content, kMaxMessageBytes);
  CheckText("reasoning", message.reasoning, kMaxMessageBytes);
  CheckText("list of tool calls", tool_calls, kMaxMessageBytes);
  CheckText("search", message.search_json, kMaxMessageBytes);
  CheckText("error", message.error.value_or(""), kMaxErrorBytes);
  database_.Run(
      "UPDATE message SET content = ?, status = ?, prompt_tokens = ?, completion_tokens = ?, "
      "error = ?, reasoning = ?, reasoning_ms = ?, tool_calls_json = ?, search_json = ? WHERE id = "
      "?",
      message.content, MessageStatusName(message.status), message.prompt_tokens,
      message.completion_tokens, message.error, message.reasoning, message.reasoning_ms, tool_calls,
      message.search_json, message.id);
}

Message SqliteChatStore::UpdateMessage(std::string_view visitor_id, std::string_view chat_id,
                                       std::string_view message_id, const MessageChange& change) {
  std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  const Chat chat = NeedChat(visitor_id, chat_id);
  Message message = NeedMessage(chat.id, message_id);
  if (change.content) message.content = *change.content;
  if (change.status) message.status = *change.status;
  if (change.prompt_tokens) message.prompt_tokens = change.prompt_tokens;
  if (change.completion_tokens) message.completion_tokens = change.completion_tokens;
  if (change.error) message.error = change.error;
  if (change.reasoning) message.reasoning = *change.reasoning;
  if (change.reasoning_ms) message.reasoning_ms = change.reasoning_ms;
  if (change.tool_calls) message.tool_calls = *change.tool_calls;
  if (change.search_json) message.search_json = *change.search_json;
  WriteMessage(message);
  transaction.Commit();
  return message;
}

void SqliteChatStore::SetLeaf(std::string_view visitor_id, std::string_view chat_id,
                              std::string_view message_id) {
  ChatChange change;
  change.leaf_id = std::string(message_id);
  UpdateChat(visitor_id, chat_id, change);
}

int SqliteChatStore::MarkInterruptedMessages() {
  std::lock_guard lock(mutex_);
  database_.Run("UPDATE message SET status = 'stopped' WHERE status = 'streaming'");
  return database_.changes();
}

std::unique_ptr<ChatStore> OpenSqliteChatStore(const std::filesystem::path& path,
                                               const Clock& clock) {
  return std::make_unique<SqliteChatStore>(path, clock);
}

}  // namespace pioneer
