// Why: a chat has at most one answer being written, and whoever deletes the chat must be able to
// stop it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace pioneer::serve::web {

// Thread-safe. Claims must not outlive it.
class ActiveChats {
 public:
  // The right to write to one chat; its end frees the chat.
  class Claim {
   public:
    Claim(ActiveChats& owner, std::string chat_id) : owner_(owner), chat_id_(std::move(chat_id)) {}
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    // What stops the answer; called at once when somebody wanted to stop it already. It must be
    // short and must not use the ActiveChats.
    void SetCancel(std::function<void()> cancel);

   private:
    ActiveChats& owner_;
    const std::string chat_id_;
  };

  // nullptr while the chat is claimed.
  std::unique_ptr<Claim> TryClaim(const std::string& visitor_id, const std::string& chat_id);

  // Stops the answer being written, if any, and waits until its chat is free. False when it is not
  // within `timeout`.
  bool StopChat(const std::string& chat_id, std::chrono::milliseconds timeout);
  // The same for all chats of a visitor.
  bool StopVisitor(const std::string& visitor_id, std::chrono::milliseconds timeout);

 private:
  struct Entry {
    std::string visitor_id;
    std::function<void()> cancel;
    bool cancelled = false;
  };
  bool StopWhere(const std::function<bool(const std::string&, const Entry&)>& applies,
                 std::chrono::milliseconds timeout);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::map<std::string, Entry> entries_;  // by chat; guarded by mutex_
};

}  // namespace pioneer::serve::web
