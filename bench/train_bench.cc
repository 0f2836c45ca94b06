// Why: where a training step's time goes, and the same steps for another program to take.
//   train_bench account [SIZES]       operations, bytes and time of a step, product by product, and
//                                     the share of what this processor's products reach at best
//   train_bench write DIR STEPS [SIZES]
//                                     shape.json, weights.f32 and tokens.i32 for
//                                     bench/train/compare.py
//   train_bench run DIR FROM TO f32|bf16
//                                     takes steps FROM to TO of DIR; one JSON line: losses, speed
// SIZES: LAYERS=8 WIDTH=320 FEED_FORWARD=896 VOCABULARY=8192 CONTEXT=512 SEQUENCES=8
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/plan.h"

namespace {

using namespace pioneer;

constexpr float kLearningRate = 3e-4f;
constexpr int64_t kWarmupSteps = 40;         // without, float32 rounding decides the first steps
constexpr OptimizerOptions kOptimizer = {};  // AdamW, as in compare.py

struct Sizes {
  LlamaShape shape;
  int64_t n_sequences = 8;  // of a step
};

Sizes ReadSizes(int argc, char** argv, int first) {
  const auto number = [&](int i, int64_t missing) {
    return first + i < argc ? std::stoll(argv[first + i]) : missing;
  };
  Sizes sizes;
  LlamaShape& shape = sizes.shape;
  shape.n_layers = number(0, 8);
  shape.d_model = number(1, 320);
  shape.d_ff = number(2, 896);
  shape.vocab_size = number(3, 8192);
  shape.context = number(4, 512);
  sizes.n_sequences = number(5, 8);
  shape.head_dim = 64;
  shape.n_heads = shape.n_kv_heads = shape.d_model / shape.head_dim;
  CheckShape(shape);
  return sizes;
}

// Something to learn: half of the tokens follow from the one before, the others are drawn with
// falling frequency.
std::vector<int32_t> MakeTokens(int64_t n, int64_t vocab_size) {
  Random random(11);
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  int64_t last = 0;
  for (int32_t& token : tokens) {
    const double skewed = std::pow(random.Uniform(), 4) * static_cast<double>(vocab_size);
    last = random.Uniform() < 0.5 ? (last * 31 + 7) % vocab_size : static_cast<int64_t>(skewed);
    token = static_cast<int32_t>(last);
  }
  return tokens;
}

// One step's sequences within an array of n_sequences x (context + 1) tokens a step.
std::vector<TrainSequence> StepAt(const Sizes& sizes, const std::vector<int32_t>& tokens,
                                  const std::vector<uint8_t>& counted, int64_t step) {
  const auto length = static_cast<size_t>(sizes.shape.context + 1);
  const auto n = static_cast<size_t>(sizes.n_sequences);
  std::vector<TrainSequence> batch;
  for (size_t s = 0; s < n; ++s) {
    const auto row =
        std::span(tokens).subspan((static_cast<size_t>(step) * n + s) * length, length);
    batch.push_back({row.first(length - 1), row.subspan(1), counted});
  }
  return batch;
}

// The trainer's own step without its data and its files.
class Steps {
 public:
  Steps(const LlamaShape& shape, bool bf16, TrainBuffer<float> weights)
      : layout_(shape),
        optimizer_(layout_, kOptimizer, bf16),
        workers_(GradientWorkers::Make(layout_, pool_, bf16)),
        weights_(std::move(weights)) {
    workers_->SetWeights(weights_.data());
  }
  double Take(const std::vector<TrainSequence>& batch) {
    const double n = static_cast<double>(batch.size() * batch[0].inputs.size());
    const double loss = workers_->LossAndGradient(batch, static_cast<float>(1 / n)).value() / n;
    const double norm = optimizer_.Sum(pool_, workers_->gradients());
    const int64_t step = std::min(optimizer_.n_steps() + 1, kWarmupSteps);
    const float rate = kLearningRate * static_cast<float>(step) / static_cast<float>(kWarmupSteps);
    optimizer_.Step(pool_, rate, norm, workers_->gradients()[0].data(), weights_.data());
    workers_->SetWeights(weights_.data());
    return loss;
  }

 private:
  ThreadPool pool_;
  ParameterLayout layout_;
  Optimizer optimizer_;
  std::unique_ptr<GradientWorkers> workers_;
  TrainBuffer<float> weights_;
};

// --- account

// A product that a step runs `times` times on each sequence: C [m, n] = A [m, k] B [k, n], as it
// lies in the trainer's memory.
struct StepProduct {
  const char* name;
  int64_t m, k, n;
  bool a_transposed, b_transposed, accumulates;
  double times;
  double Flops() const { return 2.0 * static_cast<double>(m) * static_cast<double>(k * n) * times; }
  double Bytes() const {  // read and written once, bfloat16 in, float32 out
    const int64_t out = accumulates ? 8 : 4;
    return static_cast<double>(2 * (m * k + k * n) + out * m * n) * times;
  }
};

std::vector<StepProduct> ProductsOf(const LlamaShape& s) {
  const double layers = static_cast<double>(s.n_layers);
  const int64_t t = s.context, d = s.d_model, f = s.d_ff, q = s.qkv_width(),
                a = s.attention_width();
  const int64_t rows = std::min<int64_t>(256, t), block = std::min<int64_t>(128, t);
  const double chunks = static_cast<double>(t) / static_cast<double>(rows);
  // On average a block of queries sees half of the keys and half of itself.
  const int64_t keys = (t + block) / 2, h = s.head_dim;
  const double blocks =
      layers * static_cast<double>(s.n_heads) * static_cast<double>(t) / static_cast<double>(block);
  return {{"forward qkv", t, d, q, false, true, false, layers},
          {"forward attention output", t, a, d, false, true, true, layers},
          {"forward gate, up", t, d, 2 * f, false, true, false, layers},
          {"forward down", t, f, d, false, true, true, layers},
          {"input gradient of qkv", t, q, d, false, false, false, layers},
          {"input gradient of output", t, d, a, false, false, false, layers},
          {"input gradient of gate, up", t, 2 * f, d, false, false, false, layers},
          {"input gradient of down", t, d, f, false, false, false, layers},
          {"weight gradient of qkv", q, t, d, true, false, true, layers},
          {"weight gradient of output", d, t, a, true, false, true, layers},
          {"weight gradient of gate, up", 2 * f, t, d, true, false, true, layers},
          {"weight gradient of down", d, t, f, true, false, true, layers},
          {"logits", rows, d, s.vocab_size, false, true, false, chunks},
          {"input gradient of logits", rows, s.vocab_size, d, false, false, false, chunks},
          {"weight gradient of logits", s.vocab_size, rows, d, true, false, true, chunks},
          {"scores, twice", block, h, keys, false, true, false, 2 * blocks},
          {"gradient of probabilities", block, h, keys, false, true, false, blocks},
          {"attention, gradient of queries", block, keys, h, false, false, false, 2 * blocks},
          {"gradients of keys, values", keys, block, h, true, false, true, 2 * blocks}};
}

// Seconds of one product on the calling thread, best of some.
double ProductSeconds(const StepProduct& p) {
  TrainBuffer<Bf16> a(static_cast<size_t>(p.m * p.k), Bf16{0x3C00});
  TrainBuffer<Bf16> b(static_cast<size_t>(p.k * p.n), Bf16{0x3C00});
  TrainBuffer<float> c(static_cast<size_t>(p.m * p.n));
  const auto view_a = p.a_transposed ? View<const Bf16>(a.data(), p.k, p.m).Transposed()
                                     : View<const Bf16>(a.data(), p.m, p.k);
  const auto view_b = p.b_transposed ? View<const Bf16>(b.data(), p.n, p.k).Transposed()
                                     : View<const Bf16>(b.data(), p.k, p.n);
  const GemmMode mode = p.accumulates ? GemmMode::kAccumulate : GemmMode::kOverwrite;
  double best = 1e300;
  for (int i = 0; i < 8; ++i) {
    const Stopwatch watch;
    TrainMatMul<Bf16, float>(view_a, view_b, View(c.data(), p.m, p.n), mode);
    best = std::min(best, watch.Seconds());
  }
  return best;
}

// The same product by the loops that one writes first, in float32.
double PlainSeconds(const StepProduct& p) {
  const auto m = static_cast<size_t>(p.m), k = static_cast<size_t>(p.k);
  const auto n = static_cast<size_t>(p.n);
  const std::vector<float> a(m * k, 1.0f), b(k * n, 1.0f);
  std::vector<float> c(m * n);
  const Stopwatch watch;
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; p.b_transposed && j < n; ++j) {
      float sum = 0;
      for (size_t q = 0; q < k; ++q) sum += a[i * k + q] * b[j * k + q];
      c[i * n + j] += sum;
    }
    for (size_t q = 0; !p.b_transposed && q < k; ++q) {
      const float factor = p.a_transposed ? a[q * m + i] : a[i * k + q];
      for (size_t j = 0; j < n; ++j) c[i * n + j] += factor * b[q * n + j];
    }
  }
  const double seconds = watch.Seconds();
  return c[0] > 0 ? seconds : 0;  // used, so that it is computed
}

double BestStepSeconds(const Sizes& sizes) {
  const std::vector<int32_t> tokens =
      MakeTokens(sizes.n_sequences * (sizes.shape.context + 1), sizes.shape.vocab_size);
  const std::vector<uint8_t> counted(static_cast<size_t>(sizes.shape.context), 1);
  const auto batch = StepAt(sizes, tokens, counted, 0);
  const ParameterLayout layout(sizes.shape);
  Steps steps(sizes.shape, HasFastBf16(), InitialParameters(layout, 1));
  double best = 1e300;
  for (int i = 0; i < 4; ++i) {
    const Stopwatch watch;
    steps.Take(batch);
    best = std::min(best, watch.Seconds());
  }
  return best;
}

void Account(const Sizes& sizes) {
  const LlamaShape& shape = sizes.shape;
  if (!HasFastBf16())
    fmt::print("this CPU has no bfloat16 products; the figures are of slow ones\n");
  const double best_speed =
      2.0 * 1024 * 1024 * 1024 / ProductSeconds({"", 1024, 1024, 1024, false, false, false, 1});
  fmt::print("largest product: {:.0f} GFLOP/s a core\n\n", best_speed * 1e-9);
  fmt::print("{:<32} {:>18} {:>8} {:>8} {:>9} {:>6}\n", "a sequence, forward and backward", "sizes",
             "GFLOP", "MB", "GFLOP/s", "best");
  double flops = 0, seconds = 0, plain_seconds = 0;
  for (const StepProduct& product : ProductsOf(shape)) {
    const double took = ProductSeconds(product) * product.times;
    flops += product.Flops();
    seconds += took;
    plain_seconds += PlainSeconds(product) * product.times;
    fmt::print("{:<32} {:>18} {:>8.2f} {:>8.1f} {:>9.0f} {:>5.0f}%\n", product.name,
               fmt::format("{} x {} x {}", product.m, product.k, product.n), product.Flops() * 1e-9,
               product.Bytes() * 1e-6, product.Flops() / took * 1e-9,
               100 * product.Flops() / took / best_speed);
  }
  fmt::print(
      "\nproducts: {:.1f} GFLOP a sequence at {:.0f} % of the largest product's speed, {:.0f} "
      "times as fast as plain float32 loops\n",
      flops * 1e-9, 100 * flops / seconds / best_speed, plain_seconds / seconds);
  const int threads = UsableCores();
  const double step = BestStepSeconds(sizes);
  const double tokens = static_cast<double>(sizes.n_sequences * shape.context);
  const double alone = seconds * static_cast<double>(sizes.n_sequences) / threads;
  fmt::print(
      "a step of {:.0f} tokens: {:.3f} s on {} threads, {:.0f} tokens/s; its products alone "
      "would take {:.3f} s ({:.0f} %)\n",
      tokens, step, threads, tokens / step, alone, 100 * alone / step);
  fmt::print(
      "whole step: {:.0f} % of the largest product's speed ({:.1f} MFLOP a token counted "
      "without waste)\n",
      100 * FlopsPerToken(shape, shape.context) * tokens / step / best_speed / threads,
      FlopsPerToken(shape, shape.context) * 1e-6);
}

// --- write, run

void Write(const fs::path& dir, int64_t n_steps, const Sizes& sizes) {
  fs::create_directories(dir);
  const LlamaShape& s = sizes.shape;
  const ParameterLayout layout(s);
  Json parts = Json::array();
  for (const ParameterPart& part : layout.parts()) {
    parts.push_back({{"name", part.name}, {"rows", part.rows}, {"cols", part.cols}});
  }
  const Json shape = {{"layers", s.n_layers},
                      {"width", s.d_model},
                      {"heads", s.n_heads},
                      {"head_dim", s.head_dim},
                      {"feed_forward", s.d_ff},
                      {"vocabulary", s.vocab_size},
                      {"context", s.context},
                      {"sequences", sizes.n_sequences},
                      {"rope_base", s.rope_base},
                      {"rms_eps", s.rms_eps},
                      {"lr", kLearningRate},
                      {"warmup_steps", kWarmupSteps},
                      {"beta1", kOptimizer.beta1},
                      {"beta2", kOptimizer.beta2},
                      {"epsilon", kOptimizer.epsilon},
                      {"weight_decay", kOptimizer.weight_decay},
                      {"clip_norm", kOptimizer.clip_norm},
                      {"steps", n_steps},
                      {"parts", parts}};
  WriteFileAtomically(dir / "shape.json", DumpJson(shape));
  const auto write = [&](const char* name, const auto& values) {
    AtomicFile file(dir / name);
    file.Write(values.data(), values.size() * sizeof values[0]);
    file.Commit();
  };
  write("weights.f32", InitialParameters(layout, 1));
  write("tokens.i32", MakeTokens(n_steps * sizes.n_sequences * (s.context + 1), s.vocab_size));
}

template <typename Vector>
Vector ReadNumbers(const fs::path& path) {
  const MappedFile file(path);
  Vector values(file.bytes().size() / sizeof(typename Vector::value_type));
  std::memcpy(values.data(), file.bytes().data(), values.size() * sizeof(values[0]));
  return values;
}

void Run(const fs::path& dir, int64_t from, int64_t to, bool bf16) {
  const Json shape = ParseJson(ReadFile(dir / "shape.json"));
  Sizes sizes;
  sizes.shape.n_layers = shape.at("layers");
  sizes.shape.d_model = shape.at("width");
  sizes.shape.n_heads = sizes.shape.n_kv_heads = shape.at("heads");
  sizes.shape.head_dim = shape.at("head_dim");
  sizes.shape.d_ff = shape.at("feed_forward");
  sizes.shape.vocab_size = shape.at("vocabulary");
  sizes.shape.context = shape.at("context");
  sizes.n_sequences = shape.at("sequences");
  const auto tokens = ReadNumbers<std::vector<int32_t>>(dir / "tokens.i32");
  if (to * sizes.n_sequences * (sizes.shape.context + 1) > static_cast<int64_t>(tokens.size())) {
    Fail(ErrorCode::kInvalidArgument, "{} has fewer than {} steps", dir.string(), to);
  }
  Steps steps(sizes.shape, bf16, ReadNumbers<TrainBuffer<float>>(dir / "weights.f32"));
  const std::vector<uint8_t> counted(static_cast<size_t>(sizes.shape.context), 1);
  std::vector<double> losses, seconds;
  for (int64_t step = from; step < to; ++step) {
    const auto batch = StepAt(sizes, tokens, counted, step);
    const Stopwatch watch;
    losses.push_back(steps.Take(batch));
    seconds.push_back(watch.Seconds());
  }
  fmt::print("{}\n", DumpJson(Json{{"losses", losses}, {"seconds", seconds}}));
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "account") {
    Account(ReadSizes(argc, argv, 2));
  } else if (what == "write" && argc >= 4) {
    Write(argv[2], std::stoll(argv[3]), ReadSizes(argc, argv, 4));
  } else if (what == "run" && argc == 6) {
    Run(argv[2], std::stoll(argv[3]), std::stoll(argv[4]), std::strcmp(argv[5], "bf16") == 0);
  } else {
    fmt::print(stderr,
               "usage: train_bench account [SIZES] | write DIR STEPS [SIZES] | run DIR FROM TO "
               "f32|bf16\nSIZES: LAYERS WIDTH FEED_FORWARD VOCABULARY CONTEXT SEQUENCES\n");
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
