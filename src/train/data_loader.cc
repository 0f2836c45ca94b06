#include "train/data_loader.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "tensor/ops/train_attention.h"

namespace pioneer {
DataLoader::DataLoader(std::vector<LoaderSource> sources, const LoaderOptions& options)
    : options_(options) {
  for (size_t i = 0; i < sources.size(); ++i) {
    shares_.Add(sources[i].weight);
    sources_.push_back(MakeSource(std::move(sources[i]), MixSeed(options.seed, i)));
    StartEpoch(sources_.back(), 0);
  }
  if (sources_.empty()) Fail(ErrorCode::kInvalidArgument, "a stage has no sources");
}

DataLoader::Source DataLoader::MakeSource(LoaderSource data, uint64_t seed) const {
  Source source;
  source.seed = seed;
  CutShard(*data.shards.train, source.pieces);
  if (data.shards.held_out != nullptr) CutShard(*data.shards.held_out, source.validation);
  if (source.pieces.empty()) {
    Fail(ErrorCode::kInvalidArgument, "a source has no text to train on");
  }
  source.data = std::move(data);
  return source;
}

void DataLoader::CutShard(const TokenShard& shard, std::vector<Piece>& out) const {
  for (int64_t d = 0; d < shard.n_documents(); ++d) {
    const int64_t last = shard.document_end(d) - 1;
    for (int64_t begin = shard.document_begin(d); begin < last; begin += options_.context) {
      out.push_back({begin, std::min(options_.context, last - begin)});
    }
  }
}

// Fisher-Yates from the file's order, so the order depends on seed and epoch alone.
void DataLoader::StartEpoch(Source& source, int64_t epoch) const {
  std::sort(source.pieces.begin(), source.pieces.end(),
            [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  Random random(MixSeed(source.seed, 2 + static_cast<uint64_t>(epoch)));
  for (size_t i = source.pieces.size(); i > 1; --i) {
    std::swap(source.pieces[i - 1], source.pieces[random.Below(i)]);
  }
  source.epoch = epoch;
  source.piece = 0;
}

bool DataLoader::Fits(const Piece& piece, const SequenceBuffer& sequence) const {
  return std::ssize(sequence.inputs) + piece.n_pairs <= options_.context;
}

void DataLoader::Append(const TokenShard& shard, const Piece& piece, SequenceBuffer& out) const {
  out.texts.push_back({.first = std::ssize(out.inputs), .n = piece.n_pairs});
  for (int64_t i = piece.begin; i < piece.begin + piece.n_pairs; ++i) {
    out.inputs.push_back(shard.token(i));
    out.targets.push_back(shard.token(i + 1));
    out.counted.push_back(!options_.assistant_only || shard.counted(i + 1));
  }
}

void DataLoader::FillBlock(SequenceBuffer& out) const {
  const int64_t used = std::ssize(out.inputs);
  const int64_t rows =
      std::min((used + kQueryBlock - 1) / kQueryBlock * kQueryBlock, options_.context);
  if (rows == used) return;
  out.texts.push_back({.first = used, .n = rows - used, .index = TextPack::kFiller});
  out.inputs.resize(static_cast<size_t>(rows));
  out.targets.resize(out.inputs.size());
  out.counted.resize(out.inputs.size());
}

void DataLoader::Next(SequenceBuffer& out) {
  out = {};
  std::vector<int64_t> n_dealt;
  for (const Source& source : sources_) n_dealt.push_back(source.n_dealt);
  Source& source = sources_[shares_.MostOwed(n_dealt)];
  ++source.n_dealt;
  while (Fits(source.pieces[source.piece], out)) {
    Append(*source.data.shards.train, source.pieces[source.piece], out);
    if (++source.piece == std::ssize(source.pieces)) StartEpoch(source, source.epoch + 1);
  }
  FillBlock(out);
}

std::vector<SequenceBuffer> DataLoader::Validation(int64_t n) const {
  std::vector<SequenceBuffer> sequences;
  std::vector<int64_t> n_dealt(sources_.size()), next(sources_.size());
  for (int64_t i = 0; i < n; ++i) {
    const size_t s = shares_.MostOwed(n_dealt);
    ++n_dealt[s];
    const std::vector<Piece>& pieces = sources_[s].validation;
    SequenceBuffer sequence;
    while (next[s] < static_cast<int64_t>(pieces.size())) {
      const Piece& piece = pieces[next[s]];
      if (!Fits(piece, sequence)) break;
      Append(*sources_[s].data.shards.held_out, piece, sequence);
      ++next[s];
    }
    FillBlock(sequence);
    if (!sequence.inputs.empty()) sequences.push_back(std::move(sequence));
  }
  return sequences;
}

int64_t DataLoader::n_train_pairs() const {
  int64_t total = 0;
  for (const Source& source : sources_) {
    for (const Piece& piece : source.pieces) total += piece.n_pairs;
  }
  return total;
}

Json DataLoader::Position() const {
  Json position = Json::array();
  for (const Source& source : sources_) {
    position.push_back({{"fingerprint", source.data.shards.train->fingerprint()},
                        {"epoch", source.epoch},
                        {"piece", source.piece},
                        {"dealt", source.n_dealt}});
  }
  return position;
}

void DataLoader::SetPosition(const Json& position) {
  const auto refuse = [](const char* why) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint's data position does not fit: {}", why);
  };
  if (!position.is_array() || position.size() != sources_.size()) refuse("other sources");
  try {
    for (size_t i = 0; i < sources_.size(); ++i) {
      Source& source = sources_[i];
      const Json& saved = position[i];
      if (saved.at("fingerprint").get<uint64_t>() != source.data.shards.train->fingerprint()) {
        refuse("a source has changed since; start a new run");
      }
      const int64_t epoch = saved.at("epoch"), piece = saved.at("piece");
      if (epoch < 0) refuse("epoch");
      StartEpoch(source, epoch);
      if (piece < 0 || piece >= static_cast<int64_t>(source.pieces.size())) refuse("piece");
      source.piece = piece;
      source.n_dealt = saved.at("dealt");
    }
  } catch (const Json::exception& error) {
    refuse(error.what());
  }
}

}  // namespace pioneer
