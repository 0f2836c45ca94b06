// Why: whatever a stage learns from, the trainer draws sequences and keeps a position.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/json.h"
#include "train/llama_pass.h"
#include "train/token_shard.h"

namespace pioneer {

// A source's tokens: those to train on, and those that no step may see.
struct SourceShards {
  std::shared_ptr<const TokenShard> train, held_out;  // held_out may be null or empty
};

struct LoaderSource {
  SourceShards shards;
  double weight = 1;  // its share of the sequences is weight / sum of weights
};

// One sequence with its own memory.
struct SequenceBuffer {
  std::vector<int32_t> inputs, targets;
  std::vector<uint8_t> counted;
  std::vector<TextPack::Text> texts;
  TrainSequence view() const { return {inputs, targets, counted, texts}; }
};

// One thread.
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  virtual void Next(SequenceBuffer& out) = 0;
  // Up to n fixed sequences of held-out documents. Empty when no document is held out.
  virtual std::vector<SequenceBuffer> Validation(int64_t n) const = 0;
  // The whole position. SetPosition throws Error{kCorruptFile} when it does not fit the sources.
  virtual Json Position() const = 0;
  virtual void SetPosition(const Json& position) = 0;
};

// Which source is next, so that each gets its share exactly and without chance.
class SourceShares {
 public:
  void Add(double weight) { weights_.push_back(weight); }
  // The source that is furthest behind its share, of those with so many dealt.
  size_t MostOwed(std::span<const int64_t> n_dealt) const;

 private:
  std::vector<double> weights_;
};

// Independent streams of random numbers from one seed.
uint64_t MixSeed(uint64_t seed, uint64_t salt);

}  // namespace pioneer
