// Products, attention and the machine's own limits in one run, so that figures are ratios:
//   build/tensor_bench --benchmark_filter='Q4_K|Peak'
// GOP/s counts a multiply-add as two; GB/s counts the weight's bytes once a call.
#include <benchmark/benchmark.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "tensor/kernels/isa.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/weight.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

constexpr int64_t kSize = 2048;

std::vector<float> RandomFloats(int64_t n) {
  Random random(1);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

Tensor RandomWeight(DType dtype, int64_t rows, int64_t cols) {
  const std::vector<float> values = RandomFloats(cols);
  const size_t row_bytes = RowBytes(dtype, cols);
  auto bytes = std::make_shared<std::vector<std::byte>>(row_bytes * static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    QuantizeRow(dtype, values.data(), bytes->data() + r * row_bytes, cols);
  }
  return {"w", dtype, {rows, cols}, bytes->data(), bytes};
}

// Several weights in turn, together larger than the caches, as a model's layers are.
void BM_MatMul(benchmark::State& state, DType dtype, int threads, int64_t total_bytes) {
  const int64_t n_tokens = state.range(0);
  const Tensor tensor = RandomWeight(dtype, kSize, kSize);
  std::vector<Weight> weights;
  for (int64_t bytes = 0; bytes < total_bytes; bytes += static_cast<int64_t>(tensor.bytes())) {
    weights.emplace_back(tensor);
  }
  ThreadPool pool(threads);
  const std::vector<float> x = RandomFloats(n_tokens * kSize);
  std::vector<float> y(static_cast<size_t>(n_tokens * kSize));
  size_t next = 0;
  for (auto _ : state) {
    MatMul(pool, weights[next++ % weights.size()], x.data(), n_tokens, y.data());
    benchmark::DoNotOptimize(y.data());
  }
  const double calls = static_cast<double>(state.iterations());
  state.counters["GOP/s"] = benchmark::Counter(
      2e-9 * calls * static_cast<double>(n_tokens * kSize * kSize), benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(1e-9 * calls * static_cast<double>(tensor.bytes()),
                                              benchmark::Counter::kIsRate);
}

void BM_Attention(benchmark::State& state, int threads, KvType type) {
  AttentionShape shape{9, 3, 64, 0.125f};
  shape.k_type = shape.v_type = type;
  const int64_t context = state.range(0), rows = state.range(1);
  const int64_t page_bytes = KPageBytes(shape);  // V takes as much
  std::vector<std::byte> storage(
      static_cast<size_t>((context / kKvPageTokens + 1) * 2 * page_bytes), std::byte{0x2E});
  std::vector<std::byte*> k, v;
  for (int64_t p = 0; p <= context / kKvPageTokens; ++p) {
    k.push_back(storage.data() + 2 * p * page_bytes);
    v.push_back(storage.data() + (2 * p + 1) * page_bytes);
  }
  const std::vector<float> q = RandomFloats(rows * shape.n_heads * shape.head_dim);
  std::vector<float> out(q.size());
  const AttentionSequence sequence[] = {{k.data(), v.data(), 0, rows, context - rows}};
  ThreadPool pool(threads);
  for (auto _ : state) Attention(pool, shape, q.data(), sequence, out.data());
  const double pairs =
      static_cast<double>(rows) * (static_cast<double>(context) - static_cast<double>(rows) / 2);
  state.counters["GOP/s"] = benchmark::Counter(
      4e-9 * static_cast<double>(state.iterations()) * pairs * shape.n_heads * shape.head_dim,
      benchmark::Counter::kIsRate);
}

void BM_Pack(benchmark::State& state, DType dtype) {
  const Tensor tensor = RandomWeight(dtype, kSize, kSize);
  for (auto _ : state) benchmark::DoNotOptimize(Weight(tensor).panels());
  state.counters["GB/s"] = benchmark::Counter(
      1e-9 * static_cast<double>(state.iterations() * static_cast<int64_t>(tensor.bytes())),
      benchmark::Counter::kIsRate);
}

void BM_QuantizeRow(benchmark::State& state, DType dtype) {
  const std::vector<float> x = RandomFloats(kSize);
  std::vector<std::byte> out(RowBytes(dtype, kSize));
  for (auto _ : state) QuantizeRow(dtype, x.data(), out.data(), kSize);
  state.counters["Melements/s"] = benchmark::Counter(
      1e-6 * static_cast<double>(state.iterations() * kSize), benchmark::Counter::kIsRate);
}

// Reading memory that is in no cache, in large pages, as weights lie: the most that a product of
// one token can do. Each thread reads a part from front to back.
void BM_PeakRead(benchmark::State& state, int threads) {
  constexpr size_t kBytes = size_t{256} << 20, kWords = kBytes / sizeof(uint64_t);
  const std::shared_ptr<std::byte> memory = AllocatePacked(kBytes);
  std::memset(memory.get(), 1, kBytes);
  const auto* words = reinterpret_cast<const uint64_t*>(memory.get());
  ThreadPool pool(threads);
  for (auto _ : state) {
    pool.Run([&](int thread) {
      const size_t part = kWords / static_cast<size_t>(threads);
      const uint64_t* from = words + part * static_cast<size_t>(thread);
      uint64_t a = 0, b = 0, c = 0, d = 0;  // a word of each cache line: loads are no bound
      for (size_t i = 0; i < part; i += 32) {
        a += from[i];
        b += from[i + 8];
        c += from[i + 16];
        d += from[i + 24];
      }
      benchmark::DoNotOptimize(a + b + c + d);
    });
  }
  state.counters["GB/s"] = benchmark::Counter(
      1e-9 * static_cast<double>(state.iterations()) * static_cast<double>(kBytes),
      benchmark::Counter::kIsRate);
}

// Threads that meet and do nothing else.
void BM_Meet(benchmark::State& state, int threads) {
  ThreadPool pool(threads);
  for (auto _ : state) pool.Run([](int) {});
}

#if defined(__x86_64__)
// Independent accumulations and nothing else: what a core can do at most.
__attribute__((target("avx512f,avx512vnni"))) void RepeatDots(int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    asm volatile(
        "vpdpbusd %%zmm0, %%zmm0, %%zmm1\n vpdpbusd %%zmm0, %%zmm0, %%zmm2\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm3\n vpdpbusd %%zmm0, %%zmm0, %%zmm4\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm5\n vpdpbusd %%zmm0, %%zmm0, %%zmm6\n"
        "vpdpbusd %%zmm0, %%zmm0, %%zmm7\n vpdpbusd %%zmm0, %%zmm0, %%zmm8\n" ::
            : "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8");
  }
}
__attribute__((target("avx512f"))) void RepeatBf16Dots(int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    asm volatile(
        "vxorps %%xmm0, %%xmm0, %%xmm0\n"
        "vdpbf16ps %%zmm0, %%zmm0, %%zmm1\n vdpbf16ps %%zmm0, %%zmm0, %%zmm2\n"
        "vdpbf16ps %%zmm0, %%zmm0, %%zmm3\n vdpbf16ps %%zmm0, %%zmm0, %%zmm4\n"
        "vdpbf16ps %%zmm0, %%zmm0, %%zmm5\n vdpbf16ps %%zmm0, %%zmm0, %%zmm6\n"
        "vdpbf16ps %%zmm0, %%zmm0, %%zmm7\n vdpbf16ps %%zmm0, %%zmm0, %%zmm8\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8");
  }
}
bool HasBf16Dots() {
  constexpr unsigned kAvx512Bf16 = 1u << 5;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvx512Bf16) != 0;
}
__attribute__((target("avx512f"))) void RepeatFmas(int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    asm volatile(
        "vxorps %%xmm0, %%xmm0, %%xmm0\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm1\n vfmadd231ps %%zmm0, %%zmm0, %%zmm2\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm3\n vfmadd231ps %%zmm0, %%zmm0, %%zmm4\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm5\n vfmadd231ps %%zmm0, %%zmm0, %%zmm6\n"
        "vfmadd231ps %%zmm0, %%zmm0, %%zmm7\n vfmadd231ps %%zmm0, %%zmm0, %%zmm8\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8");
  }
}

void BM_Peak(benchmark::State& state, void (*repeat)(int64_t), double operations) {
  constexpr int64_t kRepeats = 10000;
  for (auto _ : state) repeat(kRepeats);
  state.counters["GOP/s"] =
      benchmark::Counter(1e-9 * static_cast<double>(state.iterations() * kRepeats) * operations,
                         benchmark::Counter::kIsRate);
}
#endif

void Register() {
  constexpr int64_t kBeyondCaches = int64_t{96} << 20;
  for (const DTypeInfo& info : AllDTypes()) {
    const DType dtype = info.dtype;
    const std::string name(info.name);
    for (const int threads : {1, 2}) {
      auto* run = benchmark::RegisterBenchmark(
          ("MatMul/" + name + "/threads:" + std::to_string(threads)).c_str(), BM_MatMul, dtype,
          threads, kBeyondCaches);
      for (const int64_t n_tokens : {1, 4, 16, 512}) run->Arg(n_tokens);
      run->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond)->UseRealTime();
    }
    benchmark::RegisterBenchmark(("Pack/" + name).c_str(), BM_Pack, dtype);
    benchmark::RegisterBenchmark(("QuantizeRow/" + name).c_str(), BM_QuantizeRow, dtype);
  }
  for (int type = 0; type < kKvTypes; ++type) {
    const auto kv = static_cast<KvType>(type);
    auto* attention = benchmark::RegisterBenchmark(
        (std::string("Attention/threads:1/") + KvTypeName(kv)).c_str(), BM_Attention, 1, kv);
    for (const int64_t context : {512, 2048, 8192}) {
      attention->Args({context, 1})->Args({context, 512});
    }
  }
  for (const int threads : {1, 2}) {
    const std::string name = "threads:" + std::to_string(threads);
    benchmark::RegisterBenchmark(("Peak/read/" + name).c_str(), BM_PeakRead, threads)
        ->UseRealTime();
    benchmark::RegisterBenchmark(("Meet/" + name).c_str(), BM_Meet, threads)->UseRealTime();
  }
#if defined(__x86_64__)
  if (ActiveIsa() == Isa::kAvx512) {
    benchmark::RegisterBenchmark("Peak/int8", BM_Peak, RepeatDots, 8 * 128.0);
    benchmark::RegisterBenchmark("Peak/f32", BM_Peak, RepeatFmas, 8 * 32.0);
    if (HasBf16Dots()) {
      benchmark::RegisterBenchmark("Peak/bf16", BM_Peak, RepeatBf16Dots, 8 * 64.0);
    }
  }
#endif
}

}  // namespace
}  // namespace pioneer

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  pioneer::Register();
  benchmark::RunSpecifiedBenchmarks();
}
