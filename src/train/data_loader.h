// Why: an endless, reproducible stream of training sequences from several weighted sources, whose
// position is a few numbers that a checkpoint can keep.
//
// What is dealt out are pairs (token, next token) of one document. A document of n tokens has n - 1
// of them; they are cut into pieces of at most one context, the pieces of a source are shuffled
// anew each epoch, and sequences are filled from the stream of pieces. So each pair is seen exactly
// once an epoch, whatever is interrupted and resumed. Held-out documents are a shard of their own
// (clean_pipeline.h says which), so they cannot be dealt by mistake.
#pragma once

#include <cstdint>
#include <memory>
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

struct LoaderOptions {
  int64_t context = 512;
  uint64_t seed = 1;
  bool assistant_only = false;  // loss where the shard's marks say so; else everywhere
};

// One sequence with its own memory.
struct SequenceBuffer {
  std::vector<int32_t> inputs, targets;
  std::vector<uint8_t> counted;
  TrainSequence view() const { return {inputs, targets, counted}; }
};

// One thread.
class DataLoader {
 public:
  // Throws Error{kInvalidArgument} when a source has nothing to train on.
  DataLoader(std::vector<LoaderSource> sources, const LoaderOptions& options);

  // The next sequence of exactly `context` pairs, from one source.
  void Next(SequenceBuffer& out);

  // Up to n fixed sequences of held-out documents, from the sources by weight; may be shorter than
  // the context. Empty when no document is held out.
  std::vector<SequenceBuffer> Validation(int64_t n) const;

  int64_t n_train_pairs() const;  // of one epoch of all sources

  // The whole position. SetPosition throws Error{kCorruptFile} when it does not fit the sources.
  Json Position() const;
  void SetPosition(const Json& position);

 private:
  // Pairs (begin + i, begin + i + 1), 0 <= i < n_pairs, of a shard.
  struct Piece {
    int64_t begin;
    int64_t n_pairs;
  };
  struct Source {
    LoaderSource data;
    std::vector<Piece> pieces;      // in this epoch's order
    std::vector<Piece> validation;  // in the file's order
    uint64_t seed = 0;
    int64_t epoch = 0, piece = 0, offset = 0;  // position
    int64_t n_dealt = 0;                       // sequences
  };

  Source MakeSource(LoaderSource data, uint64_t seed) const;
  void CutShard(const TokenShard& shard, std::vector<Piece>& out) const;
  void StartEpoch(Source& source, int64_t epoch) const;
  size_t MostOwed(const std::vector<int64_t>& n_dealt) const;
  void Append(const TokenShard& shard, int64_t begin, int64_t n_pairs, SequenceBuffer& out) const;

  LoaderOptions options_;
  double total_weight_ = 0;
  std::vector<Source> sources_;
};

}  // namespace pioneer
