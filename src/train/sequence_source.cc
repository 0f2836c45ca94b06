#include "train/sequence_source.h"

#include <numeric>

#include "base/random.h"

namespace pioneer {

size_t SourceShares::MostOwed(std::span<const int64_t> n_dealt) const {
  const double total_weight = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const auto total = std::accumulate(n_dealt.begin(), n_dealt.end(), int64_t{1});
  size_t best = 0;
  double most = -1e300;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const double due = weights_[i] / total_weight * static_cast<double>(total);
    const double owed = due - static_cast<double>(n_dealt[i]);
    if (owed > most) {
      most = owed;
      best = i;
    }
  }
  return best;
}

uint64_t MixSeed(uint64_t seed, uint64_t salt) {
  return Random(seed ^ (salt + 1) * 0x9E3779B97F4A7C15u).Next();
}

}  // namespace pioneer
