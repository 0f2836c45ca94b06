// Why: the web says everything many times, with small changes. Comparing all pairs of documents
// would take for ever; MinHash and locality-sensitive hashing compare the likely ones.
//
// Source: Broder 1997, "On the resemblance and containment of documents"; bands and rows: Indyk,
// Motwani 1998, Leskovec et al., "Mining of Massive Datasets", ch. 3.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pioneer {

// 120 hash functions, of each the lowest 8 bits of the smallest value among the shingles: two
// documents agree in a place with probability J + (1 - J) / 256, where J is the share of common
// shingles among all of both (Jaccard).
inline constexpr int kMinHashes = 120;
inline constexpr int kMinHashBands = 20;  // of 6 hashes each
inline constexpr int kMinHashRows = kMinHashes / kMinHashBands;
inline constexpr size_t kShingleWords = 5;
inline constexpr double kNearDuplicateSimilarity = 0.7;
using MinHashSignature = std::array<uint8_t, kMinHashes>;

MinHashSignature MinHash(std::span<const uint64_t> shingles);

// Estimated J, standard error 0.04 at 0.8.
double EstimateSimilarity(const MinHashSignature& a, const MinHashSignature& b);

// One thread. About 250 bytes a document; from kMaxRememberedDocuments on (1 GiB) new documents are
// compared with those but not remembered.
class NearDuplicateIndex {
 public:
  static constexpr uint32_t kMaxRememberedDocuments = 4'000'000;

  // The number of a remembered document (counted from 0) whose estimated similarity is at least
  // kNearDuplicateSimilarity; else remembers this one. A pair of similarity J is compared at all
  // with probability 1 - (1 - J^6)^20: 0.92 for 0.7, 0.997 for 0.8.
  std::optional<uint32_t> FindOrAdd(const MinHashSignature& signature);

  size_t size() const { return signatures_.size(); }

 private:
  static constexpr uint32_t kFree = ~uint32_t{0};
  // Buckets that very many documents share say little; what is beyond is not compared.
  static constexpr int kMaxBucket = 64;

  uint64_t BandHash(const MinHashSignature& signature, int band) const;
  std::optional<uint32_t> Find(const MinHashSignature& signature) const;
  void Insert(uint32_t document);
  void Grow();

  std::vector<MinHashSignature> signatures_;
  std::vector<uint32_t> slots_;  // open addressing, a power of two; documents, one a band
};

}  // namespace pioneer
