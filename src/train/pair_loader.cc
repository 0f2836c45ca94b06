#include "train/pair_loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace pioneer {

PairLoader::PairLoader(std::vector<LoaderSource> sources, const PairLoaderOptions& options)
    : options_(options) {
  for (LoaderSource& data : sources) {
    if (data.shards.train->n_documents() == 0) {
      Fail(ErrorCode::kInvalidArgument, "a source has no pairs to train on");
    }
    shares_.Add(data.weight);
    Source& source = sources_.emplace_back();
    source.data = std::move(data);
    source.seed = MixSeed(options.seed, sources_.size() - 1);
    StartEpoch(source, 0);
  }
  if (sources_.empty()) Fail(ErrorCode::kInvalidArgument, "a stage has no sources");
}

// Fisher-Yates from the file's order, so the order depends on seed and epoch alone.
void PairLoader::StartEpoch(Source& source, int64_t epoch) const {
  source.order.resize(static_cast<size_t>(source.data.shards.train->n_documents()));
  std::iota(source.order.begin(), source.order.end(), 0);
  Random random(MixSeed(source.seed, 2 + static_cast<uint64_t>(epoch)));
  for (size_t i = source.order.size(); i > 1; --i) {
    std::swap(source.order[i - 1], source.order[random.Below(i)]);
  }
  source.epoch = epoch;
  source.next = 0;
}

// A pair is one document: the first text's tokens, then the second's, whose marks say so; both
// begin with the end-of-text token, as texts do that the engine embeds.
SequenceBuffer PairLoader::Read(const TokenShard& shard, int64_t document, int side) const {
  SequenceBuffer out;
  const int64_t begin = shard.document_begin(document), end = shard.document_end(document);
  for (int64_t i = begin; i < end; ++i) {
    if (shard.counted(i) != (side == 1)) continue;
    if (std::ssize(out.inputs) == options_.context) break;
    out.inputs.push_back(shard.token(i));
  }
  return out;
}

void PairLoader::Next(SequenceBuffer& out) {
  if (!second_.inputs.empty()) {
    out = std::exchange(second_, {});
    return;
  }
  if (n_of_batch_ == 0) {
    std::vector<int64_t> n_dealt;
    for (const Source& source : sources_) n_dealt.push_back(source.n_dealt);
    source_ = shares_.MostOwed(n_dealt);
  }
  n_of_batch_ = (n_of_batch_ + 1) % options_.batch_pairs;
  Source& source = sources_[source_];
  ++source.n_dealt;
  const int64_t document = source.order[static_cast<size_t>(source.next)];
  out = Read(*source.data.shards.train, document, 0);
  second_ = Read(*source.data.shards.train, document, 1);
  if (++source.next == std::ssize(source.order)) StartEpoch(source, source.epoch + 1);
}

std::vector<SequenceBuffer> PairLoader::Validation(int64_t n) const {
  std::vector<SequenceBuffer> sequences;
  std::vector<int64_t> n_dealt(sources_.size());
  for (int64_t i = 0; i < n / 2; ++i) {
    const size_t s = shares_.MostOwed(n_dealt);
    const TokenShard* held_out = sources_[s].data.shards.held_out.get();
    const int64_t document = n_dealt[s]++;
    if (held_out == nullptr || document >= held_out->n_documents()) continue;
    for (const int side : {0, 1}) sequences.push_back(Read(*held_out, document, side));
  }
  return sequences;
}

// Steps begin with a batch.
Json PairLoader::Position() const {
  Json position = Json::array();
  for (const Source& source : sources_) {
    position.push_back({{"fingerprint", source.data.shards.train->fingerprint()},
                        {"epoch", source.epoch},
                        {"next", source.next},
                        {"dealt", source.n_dealt}});
  }
  return position;
}

void PairLoader::SetPosition(const Json& position) {
  const auto refuse = [](const char* why) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint's data position does not fit: {}", why);
  };
  if (!position.is_array() || position.size() != sources_.size()) refuse("other sources");
  second_ = {};
  n_of_batch_ = 0;
  try {
    for (size_t i = 0; i < sources_.size(); ++i) {
      Source& source = sources_[i];
      const Json& saved = position[i];
      if (saved.at("fingerprint").get<uint64_t>() != source.data.shards.train->fingerprint()) {
        refuse("a source has changed since; start a new run");
      }
      const int64_t epoch = saved.at("epoch"), next = saved.at("next");
      if (epoch < 0 || next < 0 || next >= std::ssize(source.order)) refuse("epoch");
      StartEpoch(source, epoch);
      source.next = next;
      source.n_dealt = saved.at("dealt");
    }
  } catch (const Json::exception& error) {
    refuse(error.what());
  }
}

}  // namespace pioneer
