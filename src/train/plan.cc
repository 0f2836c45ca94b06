#include "train/plan.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/random.h"
#include "model/gguf.h"
#include "model/vocabulary.h"
#include "tensor/ops/train_matmul.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"

namespace pioneer {
namespace {

constexpr int kTimedSteps = 3;

int64_t ContextOf(const TrainRecipe& recipe, const StageRecipe& stage) {
  return stage.context > 0 ? stage.context : recipe.model.context;
}

LlamaShape PlannedShape(const TrainRecipe& recipe) {
  LlamaShape shape = recipe.model;
  shape.vocab_size =
      recipe.tokenizer.file.empty()
          ? recipe.tokenizer.vocab_size
          : static_cast<int64_t>(
                LoadVocabulary(*GgufFile::Open(recipe.tokenizer.file)).tokens.size());
  return shape;
}

// Sequences of random tokens: what they say does not change how long they take.
struct RandomBatch {
  RandomBatch(const LlamaShape& shape, int64_t context, int n_sequences) {
    Random random(1);
    for (int s = 0; s < n_sequences; ++s) {
      auto& tokens = ids.emplace_back();
      for (int64_t i = 0; i <= context; ++i) {
        tokens.push_back(
            static_cast<int32_t>(random.Below(static_cast<uint64_t>(shape.vocab_size))));
      }
    }
    counted.assign(static_cast<size_t>(context), 1);
    for (const auto& tokens : ids) {
      const std::span<const int32_t> all(tokens);
      sequences.push_back({all.first(counted.size()), all.subspan(1), counted});
    }
  }
  std::vector<std::vector<int32_t>> ids;
  std::vector<uint8_t> counted;
  std::vector<TrainSequence> sequences;
};

// The quickest of some, after one that warms up.
template <typename Action>
double BestSeconds(const CancelToken& cancel, const Action& action) {
  double best = 1e300;
  for (int i = 0; i <= kTimedSteps; ++i) {
    cancel.Check();
    const Stopwatch watch;
    action();
    if (i > 0) best = std::min(best, watch.Seconds());
  }
  return best;
}

// Of gradients of one sequence a thread, and of the optimizer.
struct StepSeconds {
  double round = 0, update = 0;
};

StepSeconds MeasureStep(const TrainRecipe& recipe, const TrainPlan& plan, int64_t context,
                        const CancelToken& cancel) {
  const ParameterLayout layout(plan.shape);
  ThreadPool pool(recipe.threads);
  Optimizer optimizer(layout, recipe.optimizer, plan.bf16);
  const auto workers = GradientWorkers::Make(layout, pool, plan.bf16);
  TrainBuffer<float> weights = InitialParameters(layout, recipe.seed);
  workers->SetWeights(weights.data());
  const RandomBatch batch(plan.shape, context, pool.size());
  StepSeconds seconds;
  seconds.round = BestSeconds(cancel, [&] { workers->LossAndGradient(batch.sequences, 1e-4f); });
  seconds.update = BestSeconds(cancel, [&] {
    const double norm = optimizer.Sum(pool, workers->gradients());
    optimizer.Step(pool, 0, norm, workers->gradients()[0].data(), weights.data());
    workers->SetWeights(weights.data());
  });
  return seconds;
}

// Adds one stage's tokens, steps and seconds to the plan.
void AddStage(const TrainRecipe& recipe, const StageRecipe& stage, const StepSeconds& seconds,
              double measured_context, TrainPlan& plan) {
  const int64_t context = ContextOf(recipe, stage);
  const int64_t sequences = std::max<int64_t>(1, stage.batch_tokens / context);
  const int64_t rounds = (sequences + plan.threads - 1) / plan.threads;
  const double share = static_cast<double>(context) / measured_context;
  const double step_seconds = static_cast<double>(rounds) * seconds.round * share + seconds.update;
  const int64_t step_tokens = sequences * context;
  int64_t steps = stage.steps;
  if (stage.tokens > 0) steps = (stage.tokens + step_tokens - 1) / step_tokens;
  if (stage.minutes > 0) steps = static_cast<int64_t>(std::ceil(stage.minutes * 60 / step_seconds));
  plan.steps += steps;
  plan.tokens += steps * step_tokens;
  plan.seconds += static_cast<double>(steps) * step_seconds;
}

void CountMemory(const ParameterLayout& layout, const TrainRecipe& recipe, TrainPlan& plan) {
  const int64_t n = layout.size();
  const int threads = (plan.threads + plan.processes - 1) / plan.processes;
  plan.weight_bytes = n * (plan.bf16 ? 6 : 4);
  plan.gradient_bytes = n * 4 * threads;
  const Sharding sharding(layout, recipe.optimizer.kind, plan.processes);
  for (int rank = 0; rank < plan.processes; ++rank) {
    const auto bytes = static_cast<int64_t>(sharding.state_size(rank) * sizeof(float));
    plan.optimizer_bytes = std::max(plan.optimizer_bytes, bytes);
  }
  plan.recomputes = RecomputesLayers(plan.shape, plan.threads, plan.bf16);
  const int64_t one = plan.bf16 ? LlamaPass<Bf16>::ActivationBytes(plan.shape, plan.recomputes)
                                : LlamaPass<float>::ActivationBytes(plan.shape, plan.recomputes);
  plan.activation_bytes = one * threads;
}

void ExpectLoss(TrainPlan& plan) {
  constexpr double kBytesPerToken = 4.8;
  const double loss = 1.69 + 406.4 / std::pow(static_cast<double>(plan.n_parameters), 0.34) +
                      410.7 / std::pow(static_cast<double>(plan.tokens), 0.28);
  const double bits_per_byte = loss / std::log(2.0) / kBytesPerToken;
  plan.bits_per_byte_low = 0.75 * bits_per_byte;
  plan.bits_per_byte_high = 1.2 * bits_per_byte;
}

}  // namespace

TrainPlan PlanTraining(const TrainRecipe& recipe, const CancelToken& cancel, int processes) {
  TrainPlan plan;
  plan.processes = processes;
  plan.shape = PlannedShape(recipe);
  plan.bf16 = UsesBf16(recipe.precision);
  plan.threads = recipe.threads > 0 ? recipe.threads : UsableCores();
  const ParameterLayout layout(plan.shape);
  plan.n_parameters = layout.size();
  plan.n_multiplied = MultipliedWeights(plan.shape);
  CountMemory(layout, recipe, plan);
  const int64_t context = ContextOf(recipe, recipe.stages[0]);
  const StepSeconds seconds = MeasureStep(recipe, plan, context, cancel);
  for (const StageRecipe& stage : recipe.stages) {
    AddStage(recipe, stage, seconds, static_cast<double>(context), plan);
  }
  plan.flops_per_token = FlopsPerToken(plan.shape, context);
  plan.tokens_per_second = static_cast<double>(plan.tokens) / plan.seconds;
  plan.flops_per_second = plan.flops_per_token * plan.tokens_per_second;
  ExpectLoss(plan);
  return plan;
}

double FlopsPerToken(const LlamaShape& shape, int64_t context) {
  return 6.0 * static_cast<double>(MultipliedWeights(shape)) +
         7.0 * static_cast<double>(shape.n_layers * shape.attention_width() * context);
}

}  // namespace pioneer
