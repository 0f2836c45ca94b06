// Why: what belongs together is learned from pairs of texts (a question and its passage, a page in
// two languages); like data_loader.h, an endless, reproducible stream whose position is a few
// numbers.
#pragma once

#include <vector>

#include "train/sequence_source.h"
#include "train/token_shard.h"

namespace pioneer {

struct PairLoaderOptions {
  int64_t context = 128;    // of each text; what is longer is cut
  int64_t batch_pairs = 1;  // dealt in a row from one source
  uint64_t seed = 1;
};

// Deals texts: the first of a pair, then the second, and so on. The pairs of a source are shuffled
// anew each epoch. A batch is of one source: told from texts in another language or of another
// kind, a text teaches little (Nussbaum, Morris, Duderstadt, Mulyar 2024, arXiv:2402.01613). One
// thread.
class PairLoader : public SequenceSource {
 public:
  // Of shards of SourceKind::kPairs. Throws Error{kInvalidArgument} when a source has no pairs.
  PairLoader(std::vector<LoaderSource> sources, const PairLoaderOptions& options);

  void Next(SequenceBuffer& out) override;
  // n / 2 pairs at most, by weight.
  std::vector<SequenceBuffer> Validation(int64_t n) const override;
  Json Position() const override;
  void SetPosition(const Json& position) override;

 private:
  struct Source {
    LoaderSource data;
    std::vector<int64_t> order;  // of the documents, in this epoch
    uint64_t seed = 0;
    int64_t epoch = 0, next = 0, n_dealt = 0;
  };

  void StartEpoch(Source& source, int64_t epoch) const;
  // Text `side` (0, 1) of a document.
  SequenceBuffer Read(const TokenShard& shard, int64_t document, int side) const;

  PairLoaderOptions options_;
  std::vector<Source> sources_;
  SourceShares shares_;
  size_t source_ = 0;       // of the batch at hand
  int64_t n_of_batch_ = 0;  // pairs dealt of it
  SequenceBuffer second_;   // of the pair whose first was dealt; empty: a new pair is next
};

}  // namespace pioneer
