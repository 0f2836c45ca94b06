#include "model/memory_plan.h"

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxPageBytes = int64_t{1} << 40;
constexpr int64_t kMaxStateFloats = int64_t{1} << 38;
// A page of a model without keys and values: it only counts tokens.
constexpr int64_t kMinPageBytes = 4096;

}  // namespace

int64_t MemoryPlan::PageBytes() const {
  int64_t bytes = 0;
  for (const KvLayer& layer : layers) {
    if (layer.n_kv_heads == 0) continue;
    int64_t of_layer = KeyHeadBytes(types.k, layer.k_dim) + ValueHeadBytes(types.v, layer.v_dim);
    if (layer.n_kv_heads < 0 || layer.k_dim < 1 || layer.v_dim < 1 ||
        __builtin_mul_overflow(of_layer, layer.n_kv_heads, &of_layer) ||
        __builtin_add_overflow(bytes, of_layer, &bytes) || bytes > kMaxPageBytes) {
      Fail(ErrorCode::kInvalidArgument, "KV pages of {} heads of {} and {} numbers are impossible",
           layer.n_kv_heads, layer.k_dim, layer.v_dim);
    }
  }
  return bytes == 0 ? kMinPageBytes : bytes;
}

int64_t MemoryPlan::StatePages() const {
  if (state_floats < 0 || state_floats > kMaxStateFloats) {
    Fail(ErrorCode::kInvalidArgument, "a recurrent state of {} numbers is impossible",
         state_floats);
  }
  const int64_t page_bytes = PageBytes();
  return (state_floats * int64_t{sizeof(float)} + page_bytes - 1) / page_bytes;
}

int64_t MemoryPlan::BytesFor(int64_t n_tokens) const {
  const int64_t pages = (n_tokens + kKvPageTokens - 1) / kKvPageTokens + StatePages();
  int64_t bytes = 0;
  if (n_tokens < 0 || __builtin_mul_overflow(pages, PageBytes(), &bytes)) {
    Fail(ErrorCode::kInvalidArgument, "conversations of {} tokens are impossible", n_tokens);
  }
  return bytes;
}

}  // namespace pioneer
