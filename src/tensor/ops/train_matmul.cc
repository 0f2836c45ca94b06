#include "tensor/ops/train_matmul.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <type_traits>

#include "base/error.h"
#include "tensor/ops/train_buffer.h"

extern "C" void omp_set_num_threads(int n_threads);  // libgomp, which oneDNN runs on

namespace pioneer {
namespace {

using dnnl::memory;

template <typename T>
constexpr memory::data_type DnnlType() {
  return std::is_same_v<std::remove_const_t<T>, float> ? memory::data_type::f32
                                                       : memory::data_type::bf16;
}

template <typename T>
memory::desc Describe(const MatrixView<T>& view) {
  return memory::desc({view.rows, view.cols}, DnnlType<T>(), {view.row_stride, view.col_stride});
}

// Everything that decides which machine code oneDNN generates.
using ProductKey = std::array<int64_t, 12>;

struct Product {
  dnnl::matmul primitive;
  memory a, b, c, scratchpad;
};

// While it lives, the thread takes no signals. Kernels of oneDNN before 3.11.2 keep their stack
// pointer in a heap buffer, and a handler's frame would overwrite what lies below that
// (uxlfoundation/oneDNN#4845). Costs less than a hundredth of attention's smallest product.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

// oneDNN objects of one thread: primitives are made once a shape and reused. Nothing is shared, so
// products of different threads never wait for each other.
class ProductCache {
 public:
  ProductCache() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    omp_set_num_threads(1);  // per calling thread: each trainer thread works on its own sequences
  }

  template <typename Element, typename Out>
  void Multiply(const MatrixView<const Element>& a, const MatrixView<const Element>& b,
                const MatrixView<Out>& c, GemmMode mode) {
    const ProductKey key = {a.rows,          a.cols,
                            b.cols,          a.row_stride,
                            a.col_stride,    b.row_stride,
                            b.col_stride,    c.row_stride,
                            c.col_stride,    int64_t{mode == GemmMode::kAccumulate},
                            sizeof(Element), sizeof(Out)};
    auto found = products_.find(key);
    if (found == products_.end()) {
      found = products_.emplace(key, Make(Describe(a), Describe(b), Describe(c), mode)).first;
    }
    Product& product = found->second;
    product.a.set_data_handle(const_cast<Element*>(a.data));
    product.b.set_data_handle(const_cast<Element*>(b.data));
    product.c.set_data_handle(c.data);
    product.scratchpad.set_data_handle(scratchpad_.data());
    const SignalsHeld held;
    product.primitive.execute(stream_, {{DNNL_ARG_SRC, product.a},
                                        {DNNL_ARG_WEIGHTS, product.b},
                                        {DNNL_ARG_DST, product.c},
                                        {DNNL_ARG_SCRATCHPAD, product.scratchpad}});
  }

 private:
  Product Make(const memory::desc& a, const memory::desc& b, const memory::desc& c, GemmMode mode) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (mode == GemmMode::kAccumulate) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc plan(dnnl::matmul::desc(a, b, c), attributes, engine_);
    const size_t needed = plan.scratchpad_desc().get_size();
    if (scratchpad_.size() < needed) scratchpad_.resize(needed);
    return {dnnl::matmul(plan), memory(a, engine_, nullptr), memory(b, engine_, nullptr),
            memory(c, engine_, nullptr), memory(plan.scratchpad_desc(), engine_, nullptr)};
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<ProductKey, Product> products_;
  TrainBuffer<std::byte> scratchpad_;
};

}  // namespace

template <typename Element, typename Out>
void TrainMatMul(MatrixView<const Element> a, MatrixView<const Element> b, MatrixView<Out> c,
                 GemmMode mode) {
  if (a.cols != b.rows || a.rows != c.rows || b.cols != c.cols) {
    Fail(ErrorCode::kInvalidArgument, "a product of [{}, {}] and [{}, {}] does not give [{}, {}]",
         a.rows, a.cols, b.rows, b.cols, c.rows, c.cols);
  }
  thread_local ProductCache cache;
  try {
    cache.Multiply(a, b, c, mode);
  } catch (const dnnl::error& error) {
    Fail(ErrorCode::kInternal, "oneDNN cannot multiply [{}, {}] by [{}, {}]: {}", a.rows, a.cols,
         b.rows, b.cols, error.what());
  }
}

template void TrainMatMul<float, float>(MatrixView<const float>, MatrixView<const float>,
                                        MatrixView<float>, GemmMode);
template void TrainMatMul<Bf16, float>(MatrixView<const Bf16>, MatrixView<const Bf16>,
                                       MatrixView<float>, GemmMode);
template void TrainMatMul<Bf16, Bf16>(MatrixView<const Bf16>, MatrixView<const Bf16>,
                                      MatrixView<Bf16>, GemmMode);

bool HasFastBf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

}  // namespace pioneer
