// Why: texts that belong together are learned by telling each from all others of the batch.
//
// InfoNCE (van den Oord, Li, Vinyals 2018, arXiv:1807.03748), both ways: with the unit vectors a_i
// and b_i of n pairs, s_ij = scale * a_i . b_j, the loss is the mean over i of
//   -1/2 (log softmax_j(s_ij)[i] + log softmax_j(s_ji)[i]).
#pragma once

#include <cstdint>
#include <span>

namespace pioneer {

// The loss in nats a pair. a, b: [n, d]; d_a, d_b: [n, d], overwritten with its gradient, or null.
// Pairs that have a text in common are no counterexamples of each other: kinds_a, kinds_b [n] are
// alike where texts are, also of one side and the other. scale: 1 to 100. One thread.
double ContrastiveLoss(std::span<const float> a, std::span<const float> b, int64_t n, int64_t d,
                       std::span<const uint64_t> kinds_a, std::span<const uint64_t> kinds_b,
                       float scale, float* d_a, float* d_b);

}  // namespace pioneer
