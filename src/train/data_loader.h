// Why: an endless, reproducible stream of training sequences from several weighted sources, whose
// position is a few numbers that a checkpoint can keep.
//
// What is dealt out are pairs (token, next token) of one document. A document of n tokens has n - 1
// of them; they are cut into pieces of at most one context, the pieces of a source are shuffled
// anew each epoch, and sequences are filled with whole pieces, which do not see each other. So each
// pair is seen exactly once an epoch, whatever is interrupted and resumed, and a conversation is
// read in training as it will be in use: alone, from its beginning. Held-out documents are a shard
// of their own (clean_pipeline.h says which), so they cannot be dealt by mistake.
#pragma once

#include <cstdint>
#include <vector>

#include "train/sequence_source.h"
#include "train/token_shard.h"

namespace pioneer {

struct LoaderOptions {
  int64_t context = 512;
  uint64_t seed = 1;
  bool assistant_only = false;  // loss where the shard's marks say so; else everywhere
};

// One thread.
class DataLoader : public SequenceSource {
 public:
  // Throws Error{kInvalidArgument} when a source has nothing to train on.
  DataLoader(std::vector<LoaderSource> sources, const LoaderOptions& options);

  // The next pieces of one source, as many as fit into one context; then filler, until the rows are
  // a multiple of kQueryBlock or the context is full.
  void Next(SequenceBuffer& out) override;

  // From the sources by weight.
  std::vector<SequenceBuffer> Validation(int64_t n) const override;

  int64_t n_train_pairs() const;  // of one epoch of all sources

  Json Position() const override;
  void SetPosition(const Json& position) override;

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
    int64_t epoch = 0, piece = 0;  // position
    int64_t n_dealt = 0;           // sequences
  };

  Source MakeSource(LoaderSource data, uint64_t seed) const;
  void CutShard(const TokenShard& shard, std::vector<Piece>& out) const;
  void StartEpoch(Source& source, int64_t epoch) const;
  bool Fits(const Piece& piece, const SequenceBuffer& sequence) const;
  void Append(const TokenShard& shard, const Piece& piece, SequenceBuffer& out) const;
  void FillBlock(SequenceBuffer& out) const;

  LoaderOptions options_;
  std::vector<Source> sources_;
  SourceShares shares_;
};

}  // namespace pioneer
