// Why: the columns of a state do not know each other, so they are shared out among threads.
#include "tensor/ops/delta_rule.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// 128 keys of so many columns stay in the first-level cache.
constexpr int kColumnsPerPart = 64;

}  // namespace

void GatedDeltaRule(ThreadPool& pool, const DeltaRule& rule,
                    std::span<const DeltaRuleSequence> sequences) {
  if (rule.n_key_heads <= 0 || rule.n_value_heads <= 0 || rule.key_dim <= 0 ||
      rule.value_dim <= 0 || rule.n_value_heads % rule.n_key_heads != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "a delta rule with {} key heads of {} and {} value heads of {}: the value heads must be a "
         "multiple of the key heads",
         rule.n_key_heads, rule.key_dim, rule.n_value_heads, rule.value_dim);
  }
  std::vector<DeltaRulePart> parts;
  int64_t rows = 0;
  for (const DeltaRuleSequence& sequence : sequences) {
    rows += sequence.n_rows;
    for (int head = 0; head < rule.n_value_heads; ++head) {
      for (int column = 0; column < rule.value_dim; column += kColumnsPerPart) {
        const int end = std::min(column + kColumnsPerPart, rule.value_dim);
        parts.push_back({&rule, &sequence, head, column, end});
      }
    }
  }
  if (parts.empty()) return;
  const KernelTable& kernels = Kernels();
  const auto n = static_cast<int64_t>(parts.size());
  ForItems(pool, n, rows * rule.StateFloats() / n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) kernels.delta_rule(parts[i]);
  });
}

}  // namespace pioneer
