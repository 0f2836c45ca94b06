// Why: tests of the lab need runs in every state, without training any.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"
#include "train/train_log.h"

namespace pioneer::lab {

class LabTest : public ::testing::Test {
 protected:
  LabTest() {
    std::string pattern = (fs::temp_directory_path() / "pioneer-lab-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) FailErrno("mkdtemp");
    folder_ = pattern;
  }
  ~LabTest() override { fs::remove_all(folder_); }

  // A run of one stage of `steps` steps of 64 tokens, begun.
  RunFolder MakeRun(const std::string& name, int64_t steps = 100) const {
    const RunFolder run{folder_ / name};
    fs::create_directories(run.root);
    std::ofstream(folder_ / "text.txt") << "some text";
    const Json recipe = {
        {"name", name},
        {"model",
         {{"d_model", 32}, {"n_layers", 1}, {"n_heads", 2}, {"d_ff", 32}, {"context", 32}}},
        {"tokenizer", {{"file", (folder_ / "text.txt").string()}}},
        {"stages",
         {{{"name", "text"},
           {"sources", {{{"path", (folder_ / "text.txt").string()}}}},
           {"steps", steps},
           {"batch_tokens", 64}}}}};
    WriteFileAtomically(run.recipe(), DumpJson(recipe));
    WriteFileAtomically(run.log(), "");
    return run;
  }

  static TrainLogEntry Entry(int64_t step, double loss) {
    TrainLogEntry entry;
    entry.step = step;
    entry.stage = "text";
    entry.tokens = step * 64;
    entry.loss = loss;
    entry.gradient_norm = 1;
    entry.learning_rate = 0.001;
    entry.tokens_per_second = 640;
    entry.seconds = static_cast<double>(step) * 0.1;
    return entry;
  }

  static void LogSteps(const RunFolder& run, int64_t from, int64_t to) {
    for (int64_t step = from; step <= to; ++step) {
      AppendLog(run.log(), Entry(step, 8 / static_cast<double>(step)));
    }
  }

  static void Save(const RunFolder& run, int64_t step, int64_t stage = 0) {
    TrainState state;
    state.step = step;
    state.stage = stage;
    TrainBuffer<float> weights(8), optimizer(8);
    SaveCheckpoint(run.checkpoint(), Json::object(), state, weights, optimizer);
  }

  static void Append(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::app | std::ios::binary) << bytes;
  }

  fs::path folder_;
};

}  // namespace pioneer::lab
