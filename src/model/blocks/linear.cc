#include "model/blocks/linear.h"

#include <array>

#include "base/error.h"
#include "model/input_observer.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"

namespace pioneer {

Linear LoadLinear(WeightLoader& load, const std::string& name, int64_t n_out, int64_t n_in) {
  Linear linear = load.Matrix(name + ".weight", n_out, n_in);
  linear.bias = load.OptionalVector(name + ".bias", n_out);
  return linear;
}

std::vector<Linear> LoadStackedLinear(WeightLoader& load, const std::string& name,
                                      const std::vector<int64_t>& n_out, int64_t n_in) {
  int64_t n_all = 0;
  for (const int64_t n : n_out) n_all += n;
  const std::vector<float> bias = load.OptionalVector(name + ".bias", n_all);
  std::vector<Linear> parts = load.Stack(name + ".weight", n_out, n_in);
  if (bias.empty()) return parts;
  auto from = bias.begin();
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].bias.assign(from, from + n_out[i]);
    from += n_out[i];
  }
  return parts;
}

void RunLinear(ThreadPool& pool, std::initializer_list<LinearResult> results, const float* x,
               int64_t n, RowAdapters adapters) {
  std::array<Product, 4> products;
  size_t n_products = 0;
  for (const auto& [linear, y] : results) {
    y->Resize(n, linear->weight.n_out());
    products.at(n_products++) = {&linear->weight, y->data()};
  }
  MatMul(pool, std::span(products.data(), n_products), x, n);
  for (const auto& [linear, y] : results) {
    if (!linear->bias.empty()) AddBias(pool, y->data(), linear->bias.data(), n, y->cols());
    AddAdapters(pool, adapters, linear->site, x, n, linear->weight.n_in(), y->data(), y->cols());
  }
}

void RunLinear(const Pass& pass, std::initializer_list<LinearResult> results, const float* x,
               int64_t n, RowAdapters adapters) {
  if (pass.observer != nullptr) {
    for (const auto& [linear, y] : results) {
      pass.observer->Observe(linear->site, x, n, linear->weight.n_in());
    }
  }
  RunLinear(pass.pool, results, x, n, adapters);
}

void RunLinear(const Pass& pass, std::initializer_list<LinearResult> results, const Matrix& x) {
  RunLinear(pass, results, x.data(), pass.n, pass.adapters);
}

}  // namespace pioneer
