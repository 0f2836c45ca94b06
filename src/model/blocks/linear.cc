#include "model/blocks/linear.h"

#include <array>

#include "base/error.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"

namespace pioneer {

Linear LoadLinear(WeightLoader& load, const std::string& name, int64_t n_out, int64_t n_in) {
  return {load.Matrix(name + ".weight", n_out, n_in), load.OptionalVector(name + ".bias", n_out)};
}

std::vector<Linear> LoadStackedLinear(WeightLoader& load, const std::string& name,
                                      const std::vector<int64_t>& n_out, int64_t n_in) {
  int64_t n_all = 0;
  for (const int64_t n : n_out) n_all += n;
  const std::vector<float> bias = load.OptionalVector(name + ".bias", n_all);
  std::vector<Linear> parts;
  auto from = bias.begin();
  for (Weight& weight : load.Stack(name + ".weight", n_out, n_in)) {
    Linear& part = parts.emplace_back(Linear{std::move(weight), {}});
    if (bias.empty()) continue;
    part.bias.assign(from, from + n_out[parts.size() - 1]);
    from += n_out[parts.size() - 1];
  }
  return parts;
}

void RunLinear(ThreadPool& pool, std::initializer_list<LinearResult> results, const float* x,
               int64_t n) {
  std::array<Product, 4> products;
  size_t n_products = 0;
  for (const auto& [linear, y] : results) {
    y->Resize(n, linear->weight.n_out());
    products.at(n_products++) = {&linear->weight, y->data()};
  }
  MatMul(pool, std::span(products.data(), n_products), x, n);
  for (const auto& [linear, y] : results) {
    if (!linear->bias.empty()) AddBias(pool, y->data(), linear->bias.data(), n, y->cols());
  }
}

}  // namespace pioneer
