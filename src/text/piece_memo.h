// Why: words come again and again; what one became is copied the next time, for the price of one
// cache line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace pioneer {

// Remembers the ids of short pieces; a newer piece takes the place of an older one. Piece and ids
// lie together in one slot, so long pieces and those of many tokens are not remembered. One thread.
class PieceMemo {
 public:
  // 2 MiB.
  PieceMemo();

  // `hash` is HashBytes(piece). Appends the ids of an equal piece seen before; false if there is
  // none.
  bool Recall(std::string_view piece, uint64_t hash, std::vector<int32_t>& ids) const;
  // ids[first_id..] are those of the piece; ids are below 2^24.
  void Remember(std::string_view piece, uint64_t hash, const std::vector<int32_t>& ids,
                size_t first_id);

 private:
  static constexpr size_t kIdBytes = 3;
  struct alignas(64) Slot {
    uint8_t length = 0, n_ids = 0;
    std::array<char, 62> bytes{};  // the piece's bytes, then its ids
  };
  std::vector<Slot> slots_;
};

// Memos outlive the texts: a call takes one that no other thread uses, and gives it back. Any
// thread may use the pool.
class PieceMemoPool {
 public:
  class Lease {
   public:
    explicit Lease(PieceMemoPool& pool) : pool_(pool), memo_(pool.Take()) {}
    ~Lease() { pool_.Return(std::move(memo_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    PieceMemo* operator->() { return memo_.get(); }

   private:
    PieceMemoPool& pool_;
    std::unique_ptr<PieceMemo> memo_;
  };

 private:
  std::unique_ptr<PieceMemo> Take();
  void Return(std::unique_ptr<PieceMemo> memo) noexcept;

  std::mutex mutex_;
  std::vector<std::unique_ptr<PieceMemo>> free_;
};

}  // namespace pioneer
