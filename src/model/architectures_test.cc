// Small random models of every architecture against the next-token distributions that llama.cpp
// computes for the same files (bench/peers/architectures.mjs, tests/cases/architectures/next_tokens
// .json). To make them again:
//   PIONEER_WRITE_MODELS=DIR build/model_test --gtest_filter=ArchitecturesTest.*
//   node bench/peers/architectures.mjs DIR tests/cases/architectures/next_tokens.json
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "model/test_architectures.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

fs::path GoldenPath() {
  const char* path = std::getenv("PIONEER_NEXT_TOKENS");  // for trying out new goldens
  return path != nullptr
             ? fs::path(path)
             : fs::path(PIONEER_SOURCE_DIR) / "tests/cases/architectures/next_tokens.json";
}

struct Type {
  DType dtype;
  const char* name;
  double tolerance;
};
constexpr Type kTypes[] = {{DType::kF32, "F32", 1e-4}, {DType::kQ8_0, "Q8_0", 2e-3}};

TEST(ArchitecturesTest, WritesTheModelsForThePeer) {
  const char* folder = std::getenv("PIONEER_WRITE_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "PIONEER_WRITE_MODELS names no folder";
  fs::create_directories(folder);
  for (Case& c : AllCases()) {
    for (const Type& type : kTypes) {
      c.options.dtype = type.dtype;
      WriteRandomModel(fs::path(folder) / fmt::format("{}.{}.gguf", c.name, type.name), c.options);
    }
  }
}

TEST(ArchitecturesTest, NextTokensAreLlamaCpps) {
  const Json golden = ParseJson(ReadFile(GoldenPath()));
  const auto prompts = golden.at("prompts").get<std::vector<std::vector<int32_t>>>();
  const TemporaryFolder folder;
  for (Case& c : AllCases()) {
    for (const Type& type : kTypes) {
      SCOPED_TRACE(c.name + " " + type.name);
      c.options.dtype = type.dtype;
      WriteRandomModel(folder / "model.gguf", c.options);
      Prompted model(folder / "model.gguf");
      const auto together = model.Together(prompts);
      double largest = 0;
      for (size_t i = 0; i < prompts.size(); ++i) {
        const Json& expected = golden.at(c.name).at(type.name).at(i);
        const double batched = LargestDifference(together[i], expected);
        EXPECT_LT(batched, type.tolerance) << prompts[i].size() << " tokens together";
        // Rows do not know their neighbours, bit for bit.
        EXPECT_EQ(model.InChunks(prompts[i], 1), together[i]) << prompts[i].size() << " one by one";
        EXPECT_EQ(model.InChunks(prompts[i], 37), together[i]);
        largest = std::max(largest, batched);
      }
      RecordProperty(c.name + "-" + type.name, fmt::format("{:.2e}", largest));
    }
  }
}

// Nothing is in the list of architectures that the goldens do not test.
TEST(ArchitecturesTest, EveryArchitectureIsTested) {
  std::set<std::string> tested = {"bert", "llama-embed", "nomic-bert"};  // in tests of their own
  for (const Case& c : AllCases()) tested.insert(c.options.architecture);
  for (const std::string& name : KnownArchitectures()) EXPECT_EQ(tested.count(name), 1u) << name;
}

}  // namespace
}  // namespace pioneer
