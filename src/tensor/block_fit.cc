// Why: see the header. Loops run over vectors of 4 numbers, so that they need no order of their
// own.
#include "tensor/block_fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace pioneer {
namespace {

constexpr int kLanes = 4;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));

Floats LoadFloats(const float* p) {
  Floats v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

float Sum(Floats v) { return (v[0] + v[2]) + (v[1] + v[3]); }

float InverseOrZero(float v) { return v != 0 && std::isfinite(1 / v) ? 1 / v : 0; }

// Levels low..high in steps of 1.
struct LinearGrid {
  float low, high;

  Floats Nearest(Floats v) const {
    // A float of about 2^23 has its last bit at 1: adding 1.5 * 2^23 rounds.
    constexpr float kMagic = 0x1.8p23f;
    v = v < low ? Floats{} + low : v;
    v = v > high ? Floats{} + high : v;
    return (v + kMagic) - kMagic;
  }
};

// 16 levels from a table. Midpoints between them are multiples of 1/2, so that a step of 1/2 has
// one nearest level.
class TableGrid {
 public:
  explicit constexpr TableGrid(const std::array<int8_t, 16>& levels) {
    for (int i = 0; i < kSteps; ++i) {
      const float v = (static_cast<float>(i) + 0.5f) / 2 - kOffset;
      for (int code = 0; code < 16; ++code) {
        if (Distance(levels[code], v) < Distance(levels[code_[i]], v)) {
          code_[i] = static_cast<uint8_t>(code);
        }
      }
      level_[i] = levels[code_[i]];
    }
    low = static_cast<float>(level_[0]);
    high = static_cast<float>(level_[kSteps - 1]);
  }
  Floats Nearest(Floats v) const {
    Floats levels;
    for (int i = 0; i < kLanes; ++i) levels[i] = static_cast<float>(level_[StepOf(v[i])]);
    return levels;
  }
  uint8_t CodeOf(float level) const { return code_[StepOf(level)]; }

  float low = 0, high = 0;

 private:
  static constexpr int kSteps = 512;
  static constexpr float kOffset = 128;
  static constexpr float Distance(int level, float v) {
    return v < static_cast<float>(level) ? static_cast<float>(level) - v
                                         : v - static_cast<float>(level);
  }
  static int StepOf(float v) {
    const float clamped = std::clamp(v, -kOffset, kOffset - 0.5f);
    return static_cast<int>(2 * (clamped + kOffset));
  }

  int8_t level_[kSteps] = {};
  uint8_t code_[kSteps] = {};
};

constexpr TableGrid kIq4Grid(kIq4Levels);
constexpr TableGrid kFp4Grid(kFp4Levels);

// Numbers and their weights.
struct Data {
  const float* x;
  const float* weights;
  int n;  // a multiple of kLanes
};

// x is approximated by scale * level - min.
struct Fit {
  float scale = 0, min = 0;
};

float ErrorOf(const auto& grid, const Data& data, const Fit& fit) {
  const float inverse = InverseOrZero(fit.scale);
  Floats error{};
  for (int i = 0; i < data.n; i += kLanes) {
    const Floats x = LoadFloats(data.x + i) + fit.min;
    const Floats off = x - fit.scale * grid.Nearest(x * inverse);
    error += LoadFloats(data.weights + i) * off * off;
  }
  return Sum(error);
}

// Weighted sums over numbers x, their levels q and the factor m of the min (1, or a group's
// integer), from which the best scale and min for these levels follow.
struct Sums {
  Floats qq{}, qx{}, q{}, x{}, w{};

  void Add(Floats weight, Floats level, Floats value) {
    const Floats weighted = weight * level;
    qq += weighted * level;
    qx += weighted * value;
    q += weighted;
    x += weight * value;
    w += weight;
  }
};

Sums SumsOf(const auto& grid, const Data& data, float inverse, float min) {
  Sums sums;
  for (int i = 0; i < data.n; i += kLanes) {
    const Floats x = LoadFloats(data.x + i);
    sums.Add(LoadFloats(data.weights + i), grid.Nearest((x + min) * inverse), x);
  }
  return sums;
}

constexpr int kMaxRepeats = 4;

// How far from the plain scaling (extreme number on extreme level) the search goes, as a part of
// it: fewer levels gain more from moving.
struct Search {
  float spread;
  int steps;  // on either side
};

// Without a min.
float FitScale(const auto& grid, const Data& data, const Search& search) {
  float extreme = 0;
  for (int i = 0; i < data.n; ++i) {
    if (std::fabs(data.x[i]) > std::fabs(extreme)) extreme = data.x[i];
  }
  const float inverse_extreme = InverseOrZero(extreme);
  if (inverse_extreme == 0) return 0;
  float best = 0, best_gain = 0;
  // With the best scale qx / qq for some levels, the squared error falls by qx^2 / qq.
  const auto improve = [&](float inverse) {
    Floats qq{}, qx{};
    for (int i = 0; i < data.n; i += kLanes) {
      const Floats x = LoadFloats(data.x + i), level = grid.Nearest(x * inverse);
      const Floats weighted = LoadFloats(data.weights + i) * level;
      qq += weighted * level;
      qx += weighted * x;
    }
    const float size = Sum(qq), along = Sum(qx);
    if (!(size > 0) || along * along <= best_gain * size) return false;
    best = along / size;
    best_gain = best * along;
    return true;
  };
  for (const float level : {grid.low, grid.high}) {
    if (level == 0 || (level < 0 && level == -grid.high)) continue;  // nothing new
    for (int step = -search.steps; step <= search.steps; ++step) {
      const float moved =
          search.spread * static_cast<float>(step) / static_cast<float>(search.steps);
      improve(level * (1 + moved) * inverse_extreme);
    }
  }
  for (int i = 0; i < kMaxRepeats && improve(InverseOrZero(best)); ++i) {
  }
  return best;
}

// The best scale and min for the levels in `sums`; min >= 0 unless it is free.
Fit Solve(const Sums& sums, bool free_min) {
  const double w = Sum(sums.w), q = Sum(sums.q), qq = Sum(sums.qq), x = Sum(sums.x),
               qx = Sum(sums.qx);
  const double determinant = w * qq - q * q;
  if (determinant > 1e-9 * w * qq) {
    const double scale = (w * qx - q * x) / determinant, min = (q * qx - qq * x) / determinant;
    if (min >= 0 || free_min) return {static_cast<float>(scale), static_cast<float>(min)};
  }
  return {qq > 0 ? static_cast<float>(qx / qq) : 0.0f, 0.0f};
}

// With a min.
Fit FitAffine(const LinearGrid& grid, const Data& data, const Search& search, bool free_min) {
  const auto [low_at, high_at] = std::minmax_element(data.x, data.x + data.n);
  const float low = free_min ? *low_at : std::min(*low_at, 0.0f);
  const float inverse_range = InverseOrZero(*high_at - low);
  Fit best{0, -low};
  if (inverse_range == 0) return best;
  float best_error = ErrorOf(grid, data, best);
  const auto improve = [&](float inverse, float min) {
    const Fit fit = Solve(SumsOf(grid, data, inverse, min), free_min);
    const float error = fit.scale >= 0 ? ErrorOf(grid, data, fit) : INFINITY;
    if (!(error < best_error)) return false;
    best_error = error;
    best = fit;
    return true;
  };
  for (int step = -search.steps; step <= search.steps; ++step) {
    const float moved = search.spread * static_cast<float>(step) / static_cast<float>(search.steps);
    improve(grid.high * (1 + moved) * inverse_range, -low);
  }
  for (int i = 0; i < kMaxRepeats && improve(InverseOrZero(best.scale), best.min); ++i) {
  }
  return best;
}

// One block's search. Grid says which levels there are.
template <typename Grid>
class BlockFitter {
 public:
  BlockFitter(const BlockFormat& format, const Grid& grid, const float* x, const float* weights)
      : format_(format), grid_(grid), x_(x), weights_(weights) {}

  void Run(BlockCodes& out) {
    FitGroups();
    if (format_.scales == BlockScales::kNone) {
      StartFromOneGroup();
    } else {
      RoundScales();
    }
    Improve();
    Assign(out);
  }

 private:
  // What step 3 works on.
  struct State {
    float d = 0, dmin = 0;
    int16_t scale[kMaxBlockGroups], min[kMaxBlockGroups];
  };

  Data Group(int g) const {
    return {x_ + g * format_.group, weights_ + g * format_.group, format_.group};
  }
  Fit FitOf(const State& state, int g) const {
    return {state.d * state.scale[g], state.dmin * state.min[g]};
  }
  Search GroupSearch() const {
    const int bits = format_.code_bits();
    return {std::ldexp(2.0f, -bits), bits <= 4 ? 12 : 8};
  }

  void FitGroups() {
    for (int g = 0; g < format_.n_groups(); ++g) {
      if constexpr (std::is_same_v<Grid, LinearGrid>) {
        if (format_.has_min()) {
          const bool free_min = format_.scales == BlockScales::kNone;
          fits_[g] = FitAffine(grid_, Group(g), GroupSearch(), free_min);
          continue;
        }
      }
      fits_[g] = {FitScale(grid_, Group(g), GroupSearch()), 0};
    }
  }

  void StartFromOneGroup() {
    best_.scale[0] = best_.min[0] = 1;
    // Exponents have no sign, and need none: their levels are symmetric.
    const float scale = fits_[0].scale;
    best_.d = StoredScale(format_, format_.d_is_exponent ? std::fabs(scale) : scale);
    best_.dmin = StoredScale(format_, fits_[0].min);
  }

  // d (or dmin) and the integers from the groups' scales (or mins).
  float RoundOne(float Fit::*part, int low, int high, int16_t* integers) {
    float values[kMaxBlockGroups] = {}, weights[kMaxBlockGroups] = {};
    const int n = format_.n_groups();
    for (int g = 0; g < n; ++g) {
      values[g] = fits_[g].*part;
      const Data group = Group(g);
      for (int i = 0; i < group.n; ++i) weights[g] += group.weights[i];
    }
    const LinearGrid grid{static_cast<float>(low), static_cast<float>(high)};
    const float d = StoredScale(format_, FitScale(grid, {values, weights, n}, {0.1f, 8}));
    const float inverse = InverseOrZero(d);
    for (int g = 0; g < n; g += kLanes) {
      const Floats rounded = grid.Nearest(LoadFloats(values + g) * inverse);
      for (int i = 0; i < kLanes; ++i) integers[g + i] = static_cast<int16_t>(rounded[i]);
    }
    return d;
  }

  void RoundScales() {
    best_.d = RoundOne(&Fit::scale, format_.scale_low, format_.scale_high, best_.scale);
    if (format_.has_min()) {
      best_.dmin = RoundOne(&Fit::min, 0, format_.min_high, best_.min);
    } else {
      std::fill(best_.min, best_.min + kMaxBlockGroups, int16_t{0});
    }
  }

  // Chooses the integers of a group among those around.
  float ChooseIntegers(State& state, int g) const {
    const Data group = Group(g);
    const int scale = state.scale[g], min = state.min[g];
    const int reach = format_.scales == BlockScales::kNone ? 0 : 1;
    const int min_reach = format_.has_min() ? reach : 0;
    float least = INFINITY;
    for (int s = std::max(scale - reach, format_.scale_low);
         s <= std::min(scale + reach, format_.scale_high); ++s) {
      for (int m = std::max(min - min_reach, 0); m <= std::min(min + min_reach, format_.min_high);
           ++m) {
        const Fit fit{state.d * static_cast<float>(s), state.dmin * static_cast<float>(m)};
        const float error = ErrorOf(grid_, group, fit);
        if (error < least) {
          least = error;
          state.scale[g] = static_cast<int16_t>(s);
          state.min[g] = static_cast<int16_t>(m);
        }
      }
    }
    return least;
  }

  float ChooseAllIntegers(State& state) const {
    float error = 0;
    for (int g = 0; g < format_.n_groups(); ++g) error += ChooseIntegers(state, g);
    return error;
  }

  // The best d and dmin for the levels that the state gives.
  State Resolve(const State& state) const {
    Sums all;
    for (int g = 0; g < format_.n_groups(); ++g) {
      const Fit fit = FitOf(state, g);
      const Sums sums = SumsOf(grid_, Group(g), InverseOrZero(fit.scale), fit.min);
      const float scale = state.scale[g], min = state.min[g];
      all.qq += sums.qq * (scale * scale);
      all.qx += sums.qx * scale;
      all.q += sums.q * (scale * min);
      all.x += sums.x * min;
      all.w += sums.w * (min * min);
    }
    State solved = state;
    if (format_.has_min()) {
      const Fit fit = Solve(all, format_.scales == BlockScales::kNone);
      solved.d = StoredScale(format_, fit.scale);
      solved.dmin = StoredScale(format_, fit.min);
    } else {
      solved.d = StoredScale(format_, Sum(all.qx) * InverseOrZero(Sum(all.qq)));
    }
    return solved;
  }

  void Improve() {
    float least = ChooseAllIntegers(best_);
    const auto try_state = [&](State state) {
      const float error = ChooseAllIntegers(state);
      if (!(error < least)) return false;
      least = error;
      best_ = state;
      return true;
    };
    if (format_.d_is_exponent) {
      for (const float factor : {0.5f, 2.0f}) {
        State moved = best_;
        moved.d *= factor;
        if (try_state(moved)) return;
      }
      return;
    }
    for (int i = 0; i < kMaxRepeats && try_state(Resolve(best_)); ++i) {
    }
  }

  uint8_t CodeOf(float level) const {
    if constexpr (std::is_same_v<Grid, TableGrid>) {
      return grid_.CodeOf(level);
    } else {
      return static_cast<uint8_t>(static_cast<int>(level) + format_.zero_point);
    }
  }

  void Assign(BlockCodes& out) const {
    out.d = best_.d;
    out.dmin = best_.dmin;
    for (int g = 0; g < format_.n_groups(); ++g) {
      out.scale[g] = best_.scale[g];
      out.min[g] = best_.min[g];
      const Fit fit = FitOf(best_, g);
      const float inverse = InverseOrZero(fit.scale);
      for (int i = g * format_.group; i < (g + 1) * format_.group; i += kLanes) {
        const Floats levels = grid_.Nearest((LoadFloats(x_ + i) + fit.min) * inverse);
        for (int j = 0; j < kLanes; ++j) out.code[i + j] = CodeOf(levels[j]);
      }
    }
  }

  const BlockFormat& format_;
  const Grid& grid_;
  const float* x_;
  const float* weights_;
  Fit fits_[kMaxBlockGroups];
  State best_;
};

}  // namespace

void FitBlock(const BlockFormat& format, const float* x, const float* weights, BlockCodes& out) {
  if (format.levels != BlockLevels::kLinear) {
    const TableGrid& grid = format.levels == BlockLevels::kIq4 ? kIq4Grid : kFp4Grid;
    return BlockFitter<TableGrid>(format, grid, x, weights).Run(out);
  }
  const LinearGrid grid{static_cast<float>(-format.zero_point),
                        static_cast<float>((1 << format.code_bits()) - 1 - format.zero_point)};
  BlockFitter<LinearGrid>(format, grid, x, weights).Run(out);
}

}  // namespace pioneer
