// Why: a product with what may be added to it. Products of one input go through one call, so that
// it is rounded once.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "model/blocks/pass.h"
#include "model/weight_loader.h"

namespace pioneer {

// NAME.weight and, where the file has it, NAME.bias.
Linear LoadLinear(WeightLoader& load, const std::string& name, int64_t n_out, int64_t n_in);
// Several of one input that may lie one after the other in NAME.weight and NAME.bias.
std::vector<Linear> LoadStackedLinear(WeightLoader& load, const std::string& name,
                                      const std::vector<int64_t>& n_out, int64_t n_in);

struct LinearResult {
  const Linear* linear;
  Matrix* y;  // resized to [n, n_out]
};
// x: [n, n_in], dense; `adapters` are those of its rows.
void RunLinear(ThreadPool& pool, std::initializer_list<LinearResult> results, const float* x,
               int64_t n, RowAdapters adapters);
// The same where a pass's observer sees x: other rows than the pass's, and all of them.
void RunLinear(const Pass& pass, std::initializer_list<LinearResult> results, const float* x,
               int64_t n, RowAdapters adapters);
void RunLinear(const Pass& pass, std::initializer_list<LinearResult> results, const Matrix& x);

}  // namespace pioneer
