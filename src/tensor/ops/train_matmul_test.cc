// Why: the dense products of training against their definition, and what else happens in a process
// that multiplies.
#include "tensor/ops/train_matmul.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "tensor/ops/train_buffer.h"

namespace pioneer {
namespace {

TrainBuffer<float> Randoms(int64_t n, uint64_t seed) {
  Random random(seed);
  TrainBuffer<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

double Product(const MatrixView<const float>& a, const MatrixView<const float>& b, int64_t row,
               int64_t col) {
  double sum = 0;
  for (int64_t k = 0; k < a.cols; ++k) {
    sum += static_cast<double>(a.data[row * a.row_stride + k * a.col_stride]) *
           static_cast<double>(b.data[k * b.row_stride + col * b.col_stride]);
  }
  return sum;
}

// Views of one array: plain, transposed, and a part of a wider matrix.
TEST(TrainMatMul, MatchesItsDefinition) {
  const auto values = Randoms(4096, 1);
  for (const int64_t m : {1, 5, 32}) {
    for (const int64_t k : {1, 7, 16}) {
      for (const int64_t n : {1, 9, 24}) {
        const MatrixView<const float> a = {values.data(), m, k, 40, 1};
        const auto b = View(values.data() + 2048, n, k).Transposed();
        TrainBuffer<float> c(static_cast<size_t>(m * 30), 0.5f);
        const MatrixView<float> out = {c.data(), m, n, 30, 1};
        TrainMatMul<float, float>(a, b, out, GemmMode::kAccumulate);
        for (int64_t i = 0; i < m * 30; ++i) {
          const double add = i % 30 < n ? Product(a, b, i / 30, i % 30) : 0;
          ASSERT_NEAR(c[i], 0.5 + add, 1e-4) << m << " " << k << " " << n << " at " << i;
        }
      }
    }
  }
}

TEST(TrainMatMul, ShapesMustAgree) {
  auto values = Randoms(64, 2);
  const auto multiply = [&](int64_t rows) {
    TrainMatMul<float, float>(View<const float>(values.data(), 4, 4),
                              View<const float>(values.data(), rows, 4),
                              View(values.data() + 32, 4, 4));
  };
  EXPECT_NO_THROW(multiply(4));
  EXPECT_THROW(multiply(5), Error);
}

// Interrupts the thread that made it ten thousand times a second while it lives.
class Interrupter {
 public:
  Interrupter() : thread_([this, target = pthread_self()] { Run(target); }) {}
  ~Interrupter() {
    done_ = true;
    thread_.join();
  }
  static int Count() { return n_handled; }

 private:
  void Run(pthread_t target) {
    struct sigaction action = {};
    action.sa_handler = [](int) { ++n_handled; };
    sigaction(SIGUSR2, &action, nullptr);  // for good: one may still be on its way
    while (!done_) {
      pthread_kill(target, SIGUSR2);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  static inline std::atomic<int> n_handled = 0;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// oneDNN's kernels may keep their stack pointer in the heap, where a handler's frame overwrites
// what lies below it. The shapes are those of attention.
TEST(TrainMatMul, ASignalLeavesTheHeapWhole) {
  constexpr int64_t kRows = 128, kDim = 64, kWidth = 384;
  const auto probabilities = Randoms(kRows * 512, 3), qkv = Randoms(512 * kWidth, 4);
  TrainBuffer<float> scores(static_cast<size_t>(kRows * 512)), d_values(qkv.size());
  const Interrupter interrupter;
  for (int round = 0; round < 600; ++round) {
    const int64_t n_keys = kRows + 1 + round % 384;
    const auto p = View(probabilities.data(), kRows, n_keys);
    const MatrixView<const float> queries = {qkv.data(), kRows, kDim, kWidth, 1};
    const MatrixView<const float> values = {qkv.data(), n_keys, kDim, kWidth, 1};
    TrainBuffer<float> out(static_cast<size_t>(kRows * kDim)), again = out;
    for (auto* to : {&out, &again}) {
      TrainMatMul<float, float>(p, values, View(to->data(), kRows, kDim));
      TrainMatMul<float, float>(queries, values.Transposed(), View(scores.data(), kRows, n_keys));
      TrainMatMul<float, float>(p.Transposed(), queries,
                                MatrixView<float>{d_values.data(), n_keys, kDim, kWidth, 1},
                                GemmMode::kAccumulate);
    }
    ASSERT_EQ(out, again) << n_keys;
  }
  EXPECT_GT(Interrupter::Count(), 0);
}

}  // namespace
}  // namespace pioneer
