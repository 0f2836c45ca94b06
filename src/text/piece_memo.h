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

#include "text/string_index.h"

namespace pioneer {

// Remembers the ids of short pieces; a newer piece takes the place of an older one. Piece and ids
// lie together in one slot, so long pieces and those of many tokens are not remembered. One thread.
class PieceMemo {
 public:
  // 2 MiB.
  PieceMemo();

  // Starts to bring what Recall() of this hash will look at.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash % kSlots]); }
  // `hash` is HashBytes(piece). Appends the ids of an equal piece seen before; false if there is
  // none.
  bool Recall(std::string_view piece, uint64_t hash, std::vector<int32_t>& ids) const;
  // ids[first_id..] are those of the piece; ids are below 2^24.
  void Remember(std::string_view piece, uint64_t hash, const std::vector<int32_t>& ids,
                size_t first_id);

 private:
  static constexpr size_t kSlots = size_t{1} << 15;
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
    PieceMemo& operator*() { return *memo_; }

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

// Appends the ids of the pieces that `next(piece)` gives until it returns false. Those that are not
// remembered are made by encode(piece), which appends to `ids` itself. Looks some pieces ahead,
// since a memo's slot is seldom in the cache.
template <class Next, class Encode>
void EncodePieces(PieceMemo& memo, Next next, Encode encode, std::vector<int32_t>& ids) {
  struct Piece {
    std::string_view bytes;
    uint64_t hash;
  };
  std::array<Piece, 8> pieces;
  for (bool more = true; more;) {
    size_t n = 0;
    while (n < pieces.size() && (more = next(pieces[n].bytes))) {
      pieces[n].hash = HashBytes(pieces[n].bytes);
      memo.Prefetch(pieces[n++].hash);
    }
    for (size_t i = 0; i < n; ++i) {
      if (memo.Recall(pieces[i].bytes, pieces[i].hash, ids)) continue;
      const size_t first_id = ids.size();
      encode(pieces[i].bytes);
      memo.Remember(pieces[i].bytes, pieces[i].hash, ids, first_id);
    }
  }
}

}  // namespace pioneer
