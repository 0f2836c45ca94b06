#include "text/piece_memo.h"

#include <algorithm>
#include <bit>

#include "text/string_index.h"

namespace pioneer {
namespace {

constexpr size_t kShortTextBytes = 1024;
constexpr size_t kBytesASlot = 32;
constexpr size_t kMaxSlots = 1 << 15;

}  // namespace

PieceMemo::PieceMemo(size_t text_bytes) {
  if (text_bytes < kShortTextBytes) return;
  slots_.resize(std::bit_ceil(std::min(text_bytes / kBytesASlot, kMaxSlots)));
}

bool PieceMemo::Recall(std::string_view piece, std::vector<int32_t>& ids) {
  if (slots_.empty()) return false;
  const uint64_t hash = HashBytes(piece);
  Slot& slot = slots_[hash & (slots_.size() - 1)];
  const auto check = static_cast<uint32_t>(hash >> 32);
  if (slot.hash != check || slot.piece != piece) {
    missed_ = &slot;
    missing_ = {piece, 0, 0, check};
    return false;
  }
  ids.resize(ids.size() + slot.n_ids);
  std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(slot.first_id), slot.n_ids,
              ids.end() - slot.n_ids);
  return true;
}

void PieceMemo::Remember(const std::vector<int32_t>& ids, size_t first_id) {
  if (slots_.empty() || ids.size() - first_id > UINT32_MAX) return;
  missing_.first_id = first_id;
  missing_.n_ids = static_cast<uint32_t>(ids.size() - first_id);
  *missed_ = missing_;
}

}  // namespace pioneer
