// Why: the gated delta rule over the columns of one head's state, up to kRuleVectors vectors of
// columns at a time, so that sums stay in registers.

constexpr int kRuleVectors = 4;

// A token: columns [column, column + 16 kV) of the state, the last vector with `lanes` of them.
template <int kV>
PIONEER_INLINE void RuleStep(const DeltaRule& rule, int64_t row, int head, int column, int lanes,
                             float* state) {
  const int dim = rule.key_dim, width = rule.value_dim;
  const int key_head = head % rule.n_key_heads;
  const float* q = rule.q + row * rule.qk_stride + int64_t{key_head} * dim;
  const float* k = rule.k + row * rule.qk_stride + int64_t{key_head} * dim;
  const float* v = rule.v + row * rule.v_stride + int64_t{head} * width + column;
  const int64_t gate = row * rule.n_value_heads + head;
  float* out = rule.out + gate * width + column;
  const F32 decay = Set1(std::exp(rule.log_decay[gate])), beta = Set1(rule.beta[gate]);

  F32 known[kV], read[kV];
  PIONEER_UNROLL for (int i = 0; i < kV; ++i) known[i] = read[i] = Set1(0);
  for (int d = 0; d < dim; ++d) {
    float* at = state + int64_t{d} * width + column;
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
      const F32 s = Mul(LoadPartial(at + 16 * i, lanes), decay);
      StorePartial(at + 16 * i, s, lanes);
      known[i] = Fma(Set1(k[d]), s, known[i]);
    }
  }
  F32 change[kV];
  PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
    change[i] = Mul(beta, Sub(LoadPartial(v + 16 * i, lanes), known[i]));
  }
  for (int d = 0; d < dim; ++d) {
    float* at = state + int64_t{d} * width + column;
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
      const F32 s = Fma(Set1(k[d]), change[i], LoadPartial(at + 16 * i, lanes));
      StorePartial(at + 16 * i, s, lanes);
      read[i] = Fma(Set1(q[d]), s, read[i]);
    }
  }
  PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
    StorePartial(out + 16 * i, Mul(read[i], Set1(rule.scale)), lanes);
  }
}

inline void RunDeltaRule(const DeltaRulePart& part) {
  const DeltaRule& rule = *part.rule;
  const DeltaRuleSequence& sequence = *part.sequence;
  float* state = sequence.state + int64_t{part.head} * rule.key_dim * rule.value_dim;
  for (int64_t t = 0; t < sequence.n_rows; ++t) {
    const int64_t row = sequence.first_row + t;
    int column = part.column_begin;
    for (; column + 16 * kRuleVectors <= part.column_end; column += 16 * kRuleVectors) {
      RuleStep<kRuleVectors>(rule, row, part.head, column, 16, state);
    }
    for (; column < part.column_end; column += 16) {
      RuleStep<1>(rule, row, part.head, column, std::min(16, part.column_end - column), state);
    }
  }
}
