#include "tune/tuner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/adapter_file.h"
#include "model/test_models.h"
#include "train/train_log.h"
#include "tune/arithmetic_tasks.h"
#include "tune/merge.h"
#include "tune/test_tuning.h"

namespace pioneer::tune {
namespace {

using ::testing::HasSubstr;

class TunerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTestModel(folder_ / "model.gguf", ModelKinds()[4], DType::kQ8_0);
    WriteFileAtomically(folder_ / "sums.jsonl", ArithmeticTasks({.count = 60, .largest = 9}));
    std::string pairs;
    for (int i = 0; i < 40; ++i) {
      pairs += DumpJson(Json{{"prompt", std::to_string(i)}, {"chosen", "yes"}, {"rejected", "no"}});
      pairs += "\n";
    }
    WriteFileAtomically(folder_ / "pairs.jsonl", pairs);
  }

  TuneOptions Options(Method method, const std::string& run) {
    TuneOptions options;
    options.settings.method = method;
    options.settings.model = folder_ / "model.gguf";
    options.settings.data = folder_ / (method == Method::kDpo ? "pairs.jsonl" : "sums.jsonl");
    options.settings.rank = 4;
    options.settings.alpha = 8;
    options.settings.learning_rate = 5e-3;
    options.settings.batch = method == Method::kSft ? 512 : 4;
    options.settings.context = 256;
    options.settings.steps = 12;
    options.settings.threads = 2;
    options.settings.group = 4;
    options.settings.max_tokens = 4;
    options.run_dir = folder_ / run;
    return options;
  }

  static std::string WordsOf(const TuneOptions& options) {
    try {
      RunTuning(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TuneFolder folder_;
};

TEST_F(TunerTest, SftOnAQuantizedModelLowersTheLossOfWhatWasHeldOut) {
  const TuneResult result = RunTuning(Options(Method::kSft, "run"));
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.steps, 12);
  EXPECT_LT(result.after.loss, 0.8 * result.before.loss);
  const auto log = ReadLog(folder_ / "run/log.jsonl");
  ASSERT_EQ(log.size(), 12u);
  EXPECT_EQ(log[11].stage, "sft");
  EXPECT_NEAR(log[11].validation_loss, result.after.loss, 1e-9);
}

TEST_F(TunerTest, DpoMovesTheMargin) {
  const TuneResult result = RunTuning(Options(Method::kDpo, "run"));
  EXPECT_EQ(result.before.facts.at("held_out_margin"), 0);
  EXPECT_GT(result.after.facts.at("held_out_margin"), 1);
  EXPECT_EQ(result.after.facts.at("held_out_preferred"), 1);
  EXPECT_GT(ReadLog(folder_ / "run/log.jsonl").back().metrics.at("margin"), 1);
}

// Stopped in the middle and resumed, each method ends with the bits of the run that nobody
// disturbed.
TEST_F(TunerTest, ResumedRunsGiveTheSameBits) {
  for (const Method method : {Method::kSft, Method::kDpo, Method::kGrpo}) {
    const std::string name = MethodName(method);
    SCOPED_TRACE(name);
    TuneOptions whole = Options(method, name + "1");
    whole.settings.kl = 0.05;
    whole.settings.updates = 2;
    EXPECT_TRUE(RunTuning(whole).finished);
    TuneOptions parts = whole;
    parts.run_dir = folder_ / (name + "2");
    parts.on_progress = [&](const TuneProgress& progress) {
      if (progress.step == 5) parts.cancel.Cancel();
    };
    EXPECT_FALSE(RunTuning(parts).finished);
    EXPECT_THAT(WordsOf(whole), HasSubstr("holds a run already"));
    TuneOptions resumed;
    resumed.run_dir = parts.run_dir;
    resumed.resume = true;
    const TuneResult result = RunTuning(resumed);
    EXPECT_TRUE(result.finished);
    EXPECT_EQ(result.steps, 12);
    EXPECT_EQ(ReadFile(whole.run_dir / "adapter.gguf"), ReadFile(parts.run_dir / "adapter.gguf"));
    EXPECT_EQ(ReadLog(parts.run_dir / "log.jsonl").size(), 12u);
  }
}

TEST_F(TunerTest, OtherDataIsNoticed) {
  TuneOptions options = Options(Method::kSft, "run");
  options.on_progress = [&](const TuneProgress& progress) {
    if (progress.step == 2) options.cancel.Cancel();
  };
  RunTuning(options);
  WriteFileAtomically(folder_ / "sums.jsonl", ArithmeticTasks({.count = 60, .largest = 8}));
  TuneOptions resumed;
  resumed.run_dir = options.run_dir;
  resumed.resume = true;
  EXPECT_THAT(WordsOf(resumed), HasSubstr("other data"));
  resumed.run_dir = folder_ / "nothing";
  EXPECT_THAT(WordsOf(resumed), HasSubstr("no tuning run"));
}

std::vector<float> FloatsOf(const Tensor& tensor) {
  const auto* values = reinterpret_cast<const float*>(tensor.data);
  return {values, values + tensor.rows() * tensor.cols()};
}

// Both exports say the same, and the merged model says what model and adapter say together.
TEST_F(TunerTest, ExportsAndMergeAgree) {
  for (const int kind : {0, 4}) {
    WriteTestModel(folder_ / "model.gguf", ModelKinds()[kind], DType::kF32);
    const std::string run = fmt::format("run{}", kind);
    RunTuning(Options(Method::kSft, run));
    ModelRunner runner(folder_ / "model.gguf");
    const ModelConfig& config = runner.model().config();
    const AdapterFile gguf = ReadGgufAdapter(folder_ / (run + "/adapter.gguf"), config);
    const AdapterFile peft = ReadAdapterFolder(folder_ / run, config);
    ASSERT_EQ(gguf.tensors.size(), 14u);
    ASSERT_EQ(peft.tensors.size(), 14u);
    for (const auto& [name, change] : gguf.tensors) {
      const AdapterTensor& other = peft.tensors.at(name);
      EXPECT_EQ(change.scale, other.scale);
      EXPECT_EQ(FloatsOf(change.a), FloatsOf(other.a)) << name;
      EXPECT_EQ(FloatsOf(change.b), FloatsOf(other.b)) << name;
    }
    ExportAdapter(folder_ / run, folder_ / "again.gguf");
    EXPECT_EQ(ReadGgufAdapter(folder_ / "again.gguf", config).tensors.size(), 14u);

    ThreadPool pool(2);
    MergeOptions merge{
        folder_ / "model.gguf", folder_ / (run + "/adapter.gguf"), folder_ / "merged.gguf", {}};
    EXPECT_EQ(MergeAdapter(merge, pool).n_changed, 14);
    EXPECT_FALSE(GgufFile::Open(merge.out)->String("pioneer.lineage").empty());
    const AdapterMix mix{{{BindAdapter(gguf, runner.model()), 1.0f}}};
    ModelRunner merged(merge.out);
    const std::vector<int32_t> prompt = {1, 70, 200, 33, 15, 90};
    KvSequence kv(runner.pages()), merged_kv(merged.pages());
    const Matrix& together = runner.Step({{&kv, 0, prompt, true, &mix}});
    const Matrix& inside = merged.Step({{&merged_kv, 0, prompt, true}});
    for (int64_t i = 0; i < together.rows() * together.cols(); ++i) {
      ASSERT_NEAR(together.data()[i], inside.data()[i], 2e-3);
    }
    merge.preset = FindQuantizePreset("Q8_0");
    EXPECT_EQ(MergeAdapter(merge, pool).n_changed, 14);
    EXPECT_EQ(GgufFile::Open(merge.out)->FindTensor("blk.0.attn_q.weight")->dtype, DType::kQ8_0);
    EXPECT_FALSE(fs::exists(folder_ / "merged.gguf.merging"));
  }
}

TEST_F(TunerTest, MergeRefusesAnotherModelsAdapter) {
  RunTuning(Options(Method::kSft, "run"));
  ModelKind other = ModelKinds()[4];
  WriteTestModel(folder_ / "other.gguf", other, DType::kQ4_K);  // of another width
  ThreadPool pool(1);
  const MergeOptions merge{
      folder_ / "other.gguf", folder_ / "run/adapter.gguf", folder_ / "merged.gguf", {}};
  EXPECT_THROW(MergeAdapter(merge, pool), Error);
  EXPECT_FALSE(fs::exists(folder_ / "merged.gguf"));
}

}  // namespace
}  // namespace pioneer::tune
