#include "train/dedup_min_hash.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/random.h"

namespace pioneer {
namespace {

// x -> a x + b mod 2^32 with odd a is a permutation; the shingles' hashes are random already.
struct Permutations {
  std::array<uint32_t, kMinHashes> a, b;
  Permutations() {
    Random random(20260101);
    for (int i = 0; i < kMinHashes; ++i) {
      a[i] = static_cast<uint32_t>(random.Next()) | 1;
      b[i] = static_cast<uint32_t>(random.Next());
    }
  }
};

bool SameBand(const MinHashSignature& a, const MinHashSignature& b, int band) {
  return std::memcmp(a.data() + band * kMinHashRows, b.data() + band * kMinHashRows,
                     kMinHashRows) == 0;
}

}  // namespace

MinHashSignature MinHash(std::span<const uint64_t> shingles) {
  static const Permutations permutations;
  std::array<uint32_t, kMinHashes> least;
  least.fill(~uint32_t{0});
  for (const uint64_t shingle : shingles) {
    const auto x = static_cast<uint32_t>(shingle >> 32);
    for (int i = 0; i < kMinHashes; ++i) {
      least[i] = std::min(least[i], permutations.a[i] * x + permutations.b[i]);
    }
  }
  MinHashSignature signature;
  // The smallest values begin with zeros; their low bits are the random ones.
  for (int i = 0; i < kMinHashes; ++i) signature[i] = static_cast<uint8_t>(least[i]);
  return signature;
}

double EstimateSimilarity(const MinHashSignature& a, const MinHashSignature& b) {
  int equal = 0;
  for (int i = 0; i < kMinHashes; ++i) equal += a[i] == b[i];
  constexpr double kByChance = 1.0 / 256;
  return std::max(0.0, (static_cast<double>(equal) / kMinHashes - kByChance) / (1 - kByChance));
}

uint64_t NearDuplicateIndex::BandHash(const MinHashSignature& signature, int band) const {
  const char* rows = reinterpret_cast<const char*>(signature.data()) + band * kMinHashRows;
  const uint64_t hash = Fnv1a({rows, kMinHashRows}, kFnvSeed + static_cast<uint64_t>(band));
  return hash ^ hash >> 32;
}

std::optional<uint32_t> NearDuplicateIndex::Find(const MinHashSignature& signature) const {
  if (slots_.empty()) return std::nullopt;
  const size_t mask = slots_.size() - 1;
  for (int band = 0; band < kMinHashBands; ++band) {
    for (size_t at = BandHash(signature, band) & mask; slots_[at] != kFree; at = (at + 1) & mask) {
      const MinHashSignature& other = signatures_[slots_[at]];
      if (SameBand(signature, other, band) &&
          EstimateSimilarity(signature, other) >= kNearDuplicateSimilarity) {
        return slots_[at];
      }
    }
  }
  return std::nullopt;
}

void NearDuplicateIndex::Insert(uint32_t document) {
  const size_t mask = slots_.size() - 1;
  for (int band = 0; band < kMinHashBands; ++band) {
    int in_bucket = 0;
    size_t at = BandHash(signatures_[document], band) & mask;
    for (; slots_[at] != kFree && in_bucket < kMaxBucket; at = (at + 1) & mask) {
      in_bucket += SameBand(signatures_[document], signatures_[slots_[at]], band);
    }
    if (in_bucket < kMaxBucket) slots_[at] = document;
  }
}

void NearDuplicateIndex::Grow() {
  slots_.assign(std::max<size_t>(1024, slots_.size() * 2), kFree);
  for (uint32_t document = 0; document < signatures_.size(); ++document) Insert(document);
}

std::optional<uint32_t> NearDuplicateIndex::FindOrAdd(const MinHashSignature& signature) {
  if (const std::optional<uint32_t> found = Find(signature)) return found;
  if (signatures_.size() >= kMaxRememberedDocuments) return std::nullopt;
  while ((signatures_.size() + 1) * kMinHashBands * 3 > slots_.size() * 2) Grow();
  signatures_.push_back(signature);
  Insert(static_cast<uint32_t>(signatures_.size() - 1));
  return std::nullopt;
}

}  // namespace pioneer
