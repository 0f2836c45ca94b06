// Why: a question's words are in thousands of passages, and what a word counts depends on how long
// each of them is. SQLite looks that up one by one; here it is read once, some passages at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "search/index/search_store.h"

namespace pioneer::search {

// Of the passages that were asked for, and their neighbours: 6 bytes each. A passage keeps its
// number and its lengths; another analyzer's version makes other lengths. Thread-safe.
class PassageLengths {
 public:
  static constexpr int64_t kPageIds = 1024;
  // Of passages [number * kPageIds, end): in each field, the positions of terms, at most 65,535.
  struct Page {
    int64_t end = 0;
    std::array<std::array<uint16_t, kSearchFields>, kPageIds> lengths{};
  };

  // Null: nobody has put it there.
  std::shared_ptr<const Page> Find(int64_t number, int64_t version) const {
    const std::lock_guard lock(mutex_);
    if (version != version_) return nullptr;
    const auto found = pages_.find(number);
    return found == pages_.end() ? nullptr : found->second;
  }

  void Put(int64_t number, int64_t version, std::shared_ptr<const Page> page) {
    const std::lock_guard lock(mutex_);
    if (version != version_) pages_.clear();
    version_ = version;
    pages_[number] = std::move(page);
  }

 private:
  mutable std::mutex mutex_;
  int64_t version_ = -1;
  std::unordered_map<int64_t, std::shared_ptr<const Page>> pages_;
};

}  // namespace pioneer::search
