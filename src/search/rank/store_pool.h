// Why: several questions at a time, each with a connection of its own.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "search/index/passage_lengths.h"
#include "search/index/search_store.h"

namespace pioneer::search {

// Thread-safe; outlives its leases.
class StorePool {
 public:
  explicit StorePool(std::string place) : place_(std::move(place)) {}

  class Lease {
   public:
    Lease(StorePool& pool, std::unique_ptr<SearchStore> store)
        : pool_(pool), store_(std::move(store)) {}
    ~Lease() { pool_.GiveBack(std::move(store_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    SearchStore* operator->() const { return store_.get(); }
    SearchStore& operator*() const { return *store_; }

   private:
    StorePool& pool_;
    std::unique_ptr<SearchStore> store_;
  };

  Lease Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<SearchStore> store = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(store)};
      }
    }
    return {*this, OpenSearchStore(place_, lengths_)};
  }

 private:
  void GiveBack(std::unique_ptr<SearchStore> store) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(store));
  }

  const std::string place_;
  const std::shared_ptr<PassageLengths> lengths_ = std::make_shared<PassageLengths>();
  std::mutex mutex_;
  std::vector<std::unique_ptr<SearchStore>> idle_;
};

}  // namespace pioneer::search
