// Why: chats in SQLite. Apart from chat_store.h so that tests can reach the database under it.
#pragma once

#include <filesystem>
#include <mutex>

#include "store/chat_store.h"
#include "store/database.h"

namespace pioneer {

class SqliteChatStore : public ChatStore {
 public:
  SqliteChatStore(const std::filesystem::path& path, const Clock& clock)
      : database_(path), clock_(clock) {}

  Visitor EnsureVisitor(std::string_view token_hash) override;
  std::optional<Visitor> FindVisitor(std::string_view token_hash) override;
  void DeleteVisitor(std::string_view visitor_id) override;

  Chat CreateChat(std::string_view visitor_id, const NewChat& chat) override;
  ChatPage ListChats(std::string_view visitor_id, const ChatQuery& query) override;
  std::optional<Chat> GetChat(std::string_view visitor_id, std::string_view chat_id) override;
  Chat UpdateChat(std::string_view visitor_id, std::string_view chat_id,
                  const ChatChange& change) override;
  void DeleteChat(std::string_view visitor_id, std::string_view chat_id) override;
  Chat RestoreChat(std::string_view visitor_id, std::string_view chat_id) override;
  int PurgeDeletedChats(int64_t deleted_before_ms) override;

  std::vector<Message> ListMessages(std::string_view visitor_id, std::string_view chat_id) override;
  std::optional<Message> GetMessage(std::string_view visitor_id, std::string_view chat_id,
                                    std::string_view message_id) override;
  Message AddMessage(std::string_view visitor_id, std::string_view chat_id,
                     const NewMessage& message) override;
  Turn BeginTurn(std::string_view visitor_id, std::string_view chat_id,
                 const NewTurn& turn) override;
  Message UpdateMessage(std::string_view visitor_id, std::string_view chat_id,
                        std::string_view message_id, const MessageChange& change) override;
  void SetLeaf(std::string_view visitor_id, std::string_view chat_id,
               std::string_view message_id) override;
  int MarkInterruptedMessages() override;

  // For tests.
  Database& database() { return database_; }

 private:
  // With mutex_ held.
  std::optional<Chat> FindChat(std::string_view visitor_id, std::string_view chat_id);
  Chat NeedChat(std::string_view visitor_id, std::string_view chat_id);
  std::optional<Message> FindMessage(std::string_view chat_id, std::string_view message_id);
  Message NeedMessage(std::string_view chat_id, std::string_view message_id);
  // A time that no chat of the visitor has yet.
  int64_t NextUpdateMs(std::string_view visitor_id);
  void WriteMessage(const Message& message);
  Message InsertMessage(Chat& chat, std::string_view visitor_id, const NewMessage& message);
  bool ChatContains(const Chat& chat, std::string_view folded_word);
  void WriteChat(const Chat& chat);

  std::mutex mutex_;
  Database database_;
  const Clock& clock_;
};

}  // namespace pioneer
