// Why: packed bytes are a function of their place, whoever packs them in whatever pieces.
#include "tensor/ops/weight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "tensor/kernels/panels.h"

namespace pioneer {
namespace {

// Any bytes are codes; no scale is infinite.
Tensor MakeTensor(const std::string& name, DType dtype, int64_t rows, int64_t cols, uint64_t seed) {
  Random random(seed);
  auto bytes =
      std::make_shared<std::vector<std::byte>>(RowBytes(dtype, cols) * static_cast<size_t>(rows));
  for (std::byte& b : *bytes) b = static_cast<std::byte>(random.Next() & 0xBF);
  return {name, dtype, {rows, cols}, bytes->data(), bytes};
}

std::vector<std::byte> PackAll(const WeightPack& pack) {
  std::vector<std::byte> bytes(pack.bytes());
  pack.Pack(0, bytes.size(), bytes.data());
  return bytes;
}

TEST(WeightTest, IsPackedAloneAsAmongOthersInAnyPieces) {
  WeightPack pack;
  std::vector<Tensor> tensors;
  std::vector<Weight> weights;
  for (const DTypeInfo& info : AllDTypes()) {
    const int64_t rows = 3 + 17 * std::ssize(tensors) % 50;
    tensors.push_back(MakeTensor(std::string(info.name), info.dtype, rows, 512, tensors.size()));
    weights.push_back(pack.Add(tensors.back()));
    EXPECT_EQ(weights.back().panels(), nullptr);
  }
  const std::vector<std::byte> whole = PackAll(pack);
  std::vector<std::byte> pieces(whole.size(), std::byte{0xEE});
  for (size_t begin = 0, step = 1; begin < whole.size(); begin += step, step = step * 3 % 40961) {
    const size_t end = std::min(whole.size(), begin + step);
    pack.Pack(begin, end, pieces.data() + begin);
  }
  EXPECT_TRUE(pieces == whole);

  const std::shared_ptr<std::byte> memory = AllocatePacked(whole.size());
  std::ranges::copy(whole, memory.get());
  pack.Place({memory.get(), memory});
  for (size_t i = 0; i < weights.size(); ++i) {
    const Weight alone(tensors[i]);
    ASSERT_EQ(alone.bytes(), weights[i].bytes());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weights[i].panels()) % 64, 0u);
    EXPECT_TRUE(std::equal(alone.panels(), alone.panels() + alone.bytes(), weights[i].panels()))
        << weights[i].name();
  }
}

TEST(WeightTest, TheSameRowsArePackedOnce) {
  const Tensor table = MakeTensor("table", DType::kQ8_0, 40, 64, 1);
  Tensor half = table;
  half.shape = {20, 64};
  WeightPack pack;
  const Weight first = pack.Add(table), again = pack.Add(table), part = pack.Add(half);
  EXPECT_GE(pack.bytes(), first.bytes() + part.bytes());
  EXPECT_LT(pack.bytes(), first.bytes() + part.bytes() + 128);
  const std::vector<std::byte> bytes = PackAll(pack);
  pack.Place({bytes.data(), nullptr});
  EXPECT_EQ(first.panels(), again.panels());
  EXPECT_NE(first.panels(), part.panels());
}

TEST(WeightTest, SourcesAreTheRowsOfThePanels) {
  const Tensor tensor = MakeTensor("t", DType::kF32, 40, 8, 1);
  WeightPack pack;
  const size_t panel = 16 * 8 * 4;
  EXPECT_EQ(pack.Add(tensor).bytes(), 3 * panel);
  const auto sources = [&](size_t begin, size_t end) {
    std::vector<std::pair<int64_t, size_t>> rows;
    pack.VisitSources(begin, end, [&](const std::byte* data, size_t bytes) {
      rows.emplace_back((data - tensor.data) / 32, bytes / 32);
    });
    return rows;
  };
  using Rows = std::vector<std::pair<int64_t, size_t>>;
  EXPECT_EQ(sources(0, 3 * panel), (Rows{{0, 40}}));
  EXPECT_EQ(sources(panel, 2 * panel), (Rows{{16, 16}}));
  EXPECT_EQ(sources(panel - 1, 2 * panel + 1), (Rows{{0, 40}}));
}

TEST(WeightTest, DirectoriesDifferWherePackedBytesDo) {
  std::set<std::string> directories;
  const auto add = [&](std::vector<Tensor> tensors) {
    WeightPack pack;
    for (const Tensor& tensor : tensors) pack.Add(tensor);
    directories.insert(pack.Directory());
  };
  const Tensor a = MakeTensor("a", DType::kQ4_K, 32, 256, 1);
  Tensor b = MakeTensor("b", DType::kQ4_K, 32, 256, 2);
  add({a, b});
  add({a, b});
  EXPECT_EQ(directories.size(), 1u);
  add({b, a});
  add({a});
  add({MakeTensor("a", DType::kQ4_K, 32, 256, 3), b});
  add({MakeTensor("a", DType::kQ4_K, 16, 512, 1), b});
  add({MakeTensor("a", DType::kQ5_K, 32, 256, 1), b});
  b.name = "c";
  add({a, b});
  EXPECT_EQ(directories.size(), 7u);
}

TEST(WeightTest, FingerprintsTellLayoutsApart) {
  std::set<uint64_t> fingerprints;
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_K,
                            DType::kQ5_K, DType::kQ6_K}) {
    EXPECT_EQ(PanelFingerprint(dtype), PanelFingerprint(dtype));
    EXPECT_TRUE(fingerprints.insert(PanelFingerprint(dtype)).second) << InfoOf(dtype).name;
  }
}

TEST(WeightTest, RefusesEmptyTensors) {
  EXPECT_THROW(Weight(Tensor{"none", DType::kF32, {4, 4}, nullptr, nullptr}), Error);
  const float value = 0;
  const auto* data = reinterpret_cast<const std::byte*>(&value);
  EXPECT_THROW(Weight(Tensor{"none", DType::kF32, {0, 4}, data, nullptr}), Error);
}

}  // namespace
}  // namespace pioneer
