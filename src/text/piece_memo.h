// Why: words come again and again in a long text; what one became is simply copied the next time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pioneer {

// Remembers pieces of one text by pointing at their earlier place in the text and in the ids, so
// both must stay. A newer piece takes the place of an older one. One thread.
class PieceMemo {
 public:
  // Takes no memory for short texts, at most 2 MiB for long ones.
  explicit PieceMemo(size_t text_bytes);

  // Appends the ids of an equal piece seen before; false when there is none.
  bool Recall(std::string_view piece, std::vector<int32_t>& ids);
  // Call after Recall() failed: ids[first_id..] are those of its piece.
  void Remember(const std::vector<int32_t>& ids, size_t first_id);

 private:
  struct Slot {
    std::string_view piece;
    size_t first_id = 0;
    uint32_t n_ids = 0;
    uint32_t hash = 0;
  };
  std::vector<Slot> slots_;
  Slot* missed_ = nullptr;
  Slot missing_;
};

}  // namespace pioneer
