#include "train/dial.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int64_t kHeadDim = 64;
constexpr int64_t kTokensPerWeight = 12;
constexpr double kWarmupSteps = 40;

int64_t UpToMultiple(int64_t n, int64_t of) { return (n + of - 1) / of * of; }

int64_t BatchFor(int64_t tokens) {
  const double best = 0.0306 * std::pow(static_cast<double>(tokens), 0.383) * 2048;
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(best)));
}

LlamaShape DialShape(int64_t depth) {
  LlamaShape shape;
  shape.n_layers = depth;
  shape.d_model = UpToMultiple(40 * depth, kHeadDim);
  shape.head_dim = kHeadDim;
  shape.n_heads = shape.n_kv_heads = shape.d_model / kHeadDim;
  shape.d_ff = UpToMultiple(shape.d_model * 8 / 3, kHeadDim);
  shape.vocab_size = std::clamp<int64_t>(1024 * depth, 4096, 32768);
  shape.context = depth < 10 ? 512 : 1024;
  shape.tied = true;
  return shape;
}

}  // namespace

DialSettings TurnDial(int64_t depth) {
  if (depth < 1 || depth > kMaxDepth) {
    Fail(ErrorCode::kInvalidArgument, "the depth is {}; it must be from 1 to {}", depth, kMaxDepth);
  }
  DialSettings settings;
  settings.shape = DialShape(depth);
  settings.tokens = kTokensPerWeight * MultipliedWeights(settings.shape);
  settings.batch_tokens = std::max(settings.shape.context, BatchFor(settings.tokens));
  const double batch = static_cast<double>(settings.batch_tokens);
  settings.learning_rate =
      0.1 * std::sqrt(batch / (1 << 19)) / std::sqrt(static_cast<double>(settings.shape.d_model));
  settings.warmup = std::min(0.2, kWarmupSteps * batch / static_cast<double>(settings.tokens));
  return settings;
}

Json DialRecipe(int64_t depth, const std::vector<fs::path>& data) {
  if (data.empty()) {
    Fail(ErrorCode::kInvalidArgument, "--depth needs text: name files after it");
  }
  const DialSettings settings = TurnDial(depth);
  const LlamaShape& shape = settings.shape;
  Json sources = Json::array();
  for (const fs::path& path : data) sources.push_back({{"path", fs::absolute(path).string()}});
  const Json stage = {{"name", "text"},
                      {"sources", sources},
                      {"tokens", settings.tokens},
                      {"batch_tokens", settings.batch_tokens},
                      {"context", shape.context},
                      {"lr", settings.learning_rate},
                      {"warmup", settings.warmup},
                      {"schedule", "linear"},
                      {"final_lr_share", 0}};
  return {{"name", fmt::format("depth-{}", depth)},
          {"model",
           {{"d_model", shape.d_model},
            {"n_layers", shape.n_layers},
            {"n_heads", shape.n_heads},
            {"n_kv_heads", shape.n_kv_heads},
            {"head_dim", shape.head_dim},
            {"d_ff", shape.d_ff},
            {"context", shape.context},
            {"tied", shape.tied}}},
          {"tokenizer", {{"train", {{"vocab_size", shape.vocab_size}, {"sources", sources}}}}},
          {"optimizer", {{"kind", "muon"}}},
          {"stages", Json::array({stage})}};
}

}  // namespace pioneer
