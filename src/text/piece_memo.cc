#include "text/piece_memo.h"

#include <cstring>
#include <utility>

namespace pioneer {
namespace {

constexpr size_t kMaxFreeMemos = 64;

}  // namespace

PieceMemo::PieceMemo() : slots_(kSlots) {}

bool PieceMemo::Recall(std::string_view piece, uint64_t hash, std::vector<int32_t>& ids) const {
  const Slot& slot = slots_[hash % kSlots];
  if (slot.length != piece.size() || slot.n_ids == 0) return false;
  if (std::memcmp(slot.bytes.data(), piece.data(), piece.size()) != 0) return false;
  const char* next = slot.bytes.data() + slot.length;
  for (uint8_t i = 0; i < slot.n_ids; ++i, next += kIdBytes) {
    int32_t id = 0;
    std::memcpy(&id, next, kIdBytes);  // little endian, as all of the program
    ids.push_back(id);
  }
  return true;
}

void PieceMemo::Remember(std::string_view piece, uint64_t hash, const std::vector<int32_t>& ids,
                         size_t first_id) {
  const size_t n_ids = ids.size() - first_id;
  Slot& slot = slots_[hash % kSlots];
  if (n_ids == 0 || n_ids > slot.bytes.size() / kIdBytes ||
      piece.size() > slot.bytes.size() - n_ids * kIdBytes) {
    return;
  }
  slot.length = static_cast<uint8_t>(piece.size());
  slot.n_ids = static_cast<uint8_t>(n_ids);
  char* next = slot.bytes.data();
  std::memcpy(next, piece.data(), piece.size());
  next += piece.size();
  for (size_t i = first_id; i < ids.size(); ++i, next += kIdBytes) {
    std::memcpy(next, &ids[i], kIdBytes);
  }
}

std::unique_ptr<PieceMemo> PieceMemoPool::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<PieceMemo> memo = std::move(free_.back());
      free_.pop_back();
      return memo;
    }
    free_.reserve(kMaxFreeMemos);  // so that Return() cannot fail
  }
  return std::make_unique<PieceMemo>();
}

void PieceMemoPool::Return(std::unique_ptr<PieceMemo> memo) noexcept {
  const std::lock_guard lock(mutex_);
  if (free_.size() < free_.capacity()) free_.push_back(std::move(memo));
}

}  // namespace pioneer
