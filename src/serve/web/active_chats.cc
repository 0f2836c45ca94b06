#include "serve/web/active_chats.h"

#include <algorithm>

namespace pioneer::serve::web {

ActiveChats::Claim::~Claim() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.entries_.erase(chat_id_);
  owner_.freed_.notify_all();
}

void ActiveChats::Claim::SetCancel(std::function<void()> cancel) {
  const std::lock_guard lock(owner_.mutex_);
  Entry& entry = owner_.entries_.at(chat_id_);
  entry.cancel = std::move(cancel);
  if (entry.cancelled && entry.cancel) entry.cancel();
}

std::unique_ptr<ActiveChats::Claim> ActiveChats::TryClaim(const std::string& visitor_id,
                                                          const std::string& chat_id) {
  const std::lock_guard lock(mutex_);
  if (!entries_.try_emplace(chat_id, Entry{visitor_id, nullptr, false}).second) return nullptr;
  return std::make_unique<Claim>(*this, chat_id);
}

bool ActiveChats::StopChat(const std::string& chat_id, std::chrono::milliseconds timeout) {
  return StopWhere([&](const std::string& id, const Entry&) { return id == chat_id; }, timeout);
}

bool ActiveChats::StopVisitor(const std::string& visitor_id, std::chrono::milliseconds timeout) {
  return StopWhere(
      [&](const std::string&, const Entry& entry) { return entry.visitor_id == visitor_id; },
      timeout);
}

bool ActiveChats::StopWhere(const std::function<bool(const std::string&, const Entry&)>& applies,
                            std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (!applies(id, entry)) continue;
    entry.cancelled = true;
    if (entry.cancel) entry.cancel();
  }
  return freed_.wait_for(lock, timeout, [&] {
    return std::none_of(entries_.begin(), entries_.end(), [&](const auto& item) {
      return item.second.cancelled && applies(item.first, item.second);
    });
  });
}

}  // namespace pioneer::serve::web
