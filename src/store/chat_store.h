// Why: chats outlive the process. One interface, so that another database can stand behind it.
//
// Every call names the visitor and never returns or changes another visitor's rows: what belongs to
// someone else does not exist (nullopt, or Error{kNotFound}). A call that returned is on disk and
// survives a kill or a power cut. Failures of the database throw Error{kIo} (kCorruptFile when the
// file is damaged) and leave the store usable. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace pioneer {

// Of a message's content, of its reasoning, of all its tool calls, of what it was found in.
inline constexpr size_t kMaxMessageBytes = size_t{4} << 20;
inline constexpr size_t kMaxChatTitleBytes = 1024;
inline constexpr size_t kMaxChatSettingsBytes = size_t{256} << 10;
inline constexpr int kMaxChatsPerPage = 200;

struct Visitor {
  std::string id = {};
  int64_t created_at_ms = 0;
};

enum class MessageRole { kUser, kAssistant };
enum class MessageStatus { kDone, kStopped, kError, kStreaming };

const char* MessageRoleName(MessageRole role);        // "user", "assistant"
const char* MessageStatusName(MessageStatus status);  // "done", "stopped", "error", "streaming"

struct Chat {
  std::string id = {};
  std::string title = {};
  std::string model = {};
  std::string settings_json = {};  // opaque to the store
  int64_t created_at_ms = 0;
  // Of the last message added, or of the creation. Differs between the chats of a visitor, so that
  // pages by `before_ms` neither skip nor repeat a chat.
  int64_t updated_at_ms = 0;
  std::optional<std::string> leaf_id =
      std::nullopt;  // the last message of the branch that is shown
};

// A call that the model wrote.
struct MessageToolCall {
  std::string id = {}, name = {};
  std::string arguments = {};  // JSON as far as it was written

  bool operator==(const MessageToolCall&) const = default;
};

struct Message {
  std::string id = {};
  std::optional<std::string> parent_id = std::nullopt;  // nullopt for the first
  MessageRole role = MessageRole::kUser;
  std::string content = {};
  MessageStatus status = MessageStatus::kDone;
  std::string model = {};
  int64_t created_at_ms = 0;
  std::optional<int64_t> prompt_tokens = std::nullopt;
  std::optional<int64_t> completion_tokens = std::nullopt;
  std::optional<std::string> error = std::nullopt;
  // Of an answer: what the model thought before it, which searches do not look into, and the tools
  // that it called.
  std::string reasoning = {};
  std::optional<int64_t> reasoning_ms = std::nullopt;  // how long it thought
  std::vector<MessageToolCall> tool_calls = {};
  std::string search_json =
      {};  // of an answer by search: what it was found in; opaque to the store
};

struct NewChat {
  std::string title = {};
  std::string model = {};
  std::string settings_json = "{}";
};

// What is set is changed.
struct ChatChange {
  std::optional<std::string> title = std::nullopt;
  std::optional<std::string> model = std::nullopt;
  std::optional<std::string> settings_json = std::nullopt;
  std::optional<std::string> leaf_id = std::nullopt;
};

struct ChatQuery {
  // Finds chats in whose title or messages every word of the text occurs, as a part of a word too,
  // without regard to case and Unicode form. Empty: all chats.
  std::string text = {};
  std::optional<int64_t> before_ms = std::nullopt;  // only chats with a smaller updated_at_ms
  int limit = 50;                                   // 1..kMaxChatsPerPage
};

struct ChatPage {
  std::vector<Chat> chats;  // newest first
  bool more = false;
};

struct NewMessage {
  std::optional<std::string> parent_id = std::nullopt;
  MessageRole role = MessageRole::kUser;
  std::string content = {};
  MessageStatus status = MessageStatus::kDone;
  std::string model = {};
};

// What is set is changed.
struct MessageChange {
  std::optional<std::string> content = std::nullopt;
  std::optional<MessageStatus> status = std::nullopt;
  std::optional<int64_t> prompt_tokens = std::nullopt;
  std::optional<int64_t> completion_tokens = std::nullopt;
  std::optional<std::string> error = std::nullopt;
  std::optional<std::string> reasoning = std::nullopt;
  std::optional<int64_t> reasoning_ms = std::nullopt;
  std::optional<std::vector<MessageToolCall>> tool_calls = std::nullopt;
  std::optional<std::string> search_json = std::nullopt;
};

// A question and the place for its answer.
struct NewTurn {
  std::optional<std::string> parent_id = std::nullopt;
  // Set: a user message is added under parent_id and answered. Not set: the user message parent_id
  // is answered again.
  std::optional<std::string> content = std::nullopt;
  std::string model = {};
  std::string title_if_empty = {};  // becomes the chat's title when it has none
};

struct Turn {
  Chat chat;
  std::optional<Message> user_message = std::nullopt;
  Message assistant_message;  // empty, kStreaming; the chat's leaf now
};

class ChatStore {
 public:
  virtual ~ChatStore() = default;

  // The visitor with this hash of the cookie's token, made if there is none.
  virtual Visitor EnsureVisitor(std::string_view token_hash) = 0;
  virtual std::optional<Visitor> FindVisitor(std::string_view token_hash) = 0;
  // Removes the visitor and all chats for good.
  virtual void DeleteVisitor(std::string_view visitor_id) = 0;

  virtual Chat CreateChat(std::string_view visitor_id, const NewChat& chat) = 0;
  virtual ChatPage ListChats(std::string_view visitor_id, const ChatQuery& query) = 0;
  virtual std::optional<Chat> GetChat(std::string_view visitor_id, std::string_view chat_id) = 0;
  // Throws Error{kNotFound}, also when leaf_id is no message of the chat.
  virtual Chat UpdateChat(std::string_view visitor_id, std::string_view chat_id,
                          const ChatChange& change) = 0;
  // Hides the chat until RestoreChat() or PurgeDeletedChats(). Throws Error{kNotFound}.
  virtual void DeleteChat(std::string_view visitor_id, std::string_view chat_id) = 0;
  // Also of a chat that was not deleted. Throws Error{kNotFound} once purged.
  virtual Chat RestoreChat(std::string_view visitor_id, std::string_view chat_id) = 0;
  // Removes for good what was deleted before the moment; returns how many chats.
  virtual int PurgeDeletedChats(int64_t deleted_before_ms) = 0;

  // All branches, oldest first (a parent always before its children). Throws Error{kNotFound}.
  virtual std::vector<Message> ListMessages(std::string_view visitor_id,
                                            std::string_view chat_id) = 0;
  virtual std::optional<Message> GetMessage(std::string_view visitor_id, std::string_view chat_id,
                                            std::string_view message_id) = 0;
  // Adds the message and makes it the chat's leaf. Throws Error{kNotFound} when the chat or the
  // parent does not exist in it, kInvalidArgument when the content is too long or no UTF-8.
  virtual Message AddMessage(std::string_view visitor_id, std::string_view chat_id,
                             const NewMessage& message) = 0;
  // Adds question and empty answer in one step. Throws like AddMessage(); kInvalidArgument when the
  // parent's role does not fit (a question under a question, an answer to an answer).
  virtual Turn BeginTurn(std::string_view visitor_id, std::string_view chat_id,
                         const NewTurn& turn) = 0;
  virtual Message UpdateMessage(std::string_view visitor_id, std::string_view chat_id,
                                std::string_view message_id, const MessageChange& change) = 0;
  // Shows another branch. Throws Error{kNotFound}.
  virtual void SetLeaf(std::string_view visitor_id, std::string_view chat_id,
                       std::string_view message_id) = 0;

  // At the start of the service: answers that a crash left kStreaming become kStopped. Returns how
  // many.
  virtual int MarkInterruptedMessages() = 0;
};

// Opens or makes the database file, its tables brought up to date. Throws Error{kIo} when it cannot
// be opened or written, kCorruptFile when it is no database or damaged, kUnsupported when a newer
// program wrote it. `clock` must outlive the store.
std::unique_ptr<ChatStore> OpenSqliteChatStore(const std::filesystem::path& path,
                                               const Clock& clock = Clock::Real());

}  // namespace pioneer
