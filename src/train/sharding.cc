#include "train/sharding.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace pioneer {
namespace {

// Numbers that one job handles; fits the second-level cache with moments and gradient.
constexpr int64_t kRunSize = 32768;
constexpr int64_t kWindowSize = 32 * kRunSize;

bool IsLayerMatrix(const ParameterPart& part) {
  return part.is_matrix && part.name.starts_with("blk.");
}

// Muon's products of one matrix grow with both sides and once more with the shorter one.
double MuonWork(const ParameterPart& part) {
  return static_cast<double>(part.size()) * static_cast<double>(std::min(part.rows, part.cols));
}

}  // namespace

Sharding::Sharding(const ParameterLayout& layout, OptimizerKind kind, int n_processes) {
  if (kind == OptimizerKind::kMuon) ShareMatrices(layout, n_processes);
  std::map<int64_t, int> matrix_owners;  // by offset
  for (const ShardMatrix& matrix : matrices_) matrix_owners[matrix.part.offset] = matrix.owner;
  constexpr int kAdamW = -1;
  int64_t n_adamw = 0;
  for (const ParameterPart& part : layout.parts()) {
    const auto found = matrix_owners.find(part.offset);
    AddRuns(part, found == matrix_owners.end() ? kAdamW : found->second);
    if (found == matrix_owners.end()) n_adamw += part.size();
  }
  int64_t before = 0;
  for (ShardRun& run : runs_) {
    if (run.muon) continue;
    run.owner = static_cast<int>(before * n_processes / n_adamw);
    before += run.size;
  }
  PlaceState(n_processes);
  CutWindows();
}

int64_t Sharding::state_size() const {
  return std::accumulate(state_sizes_.begin(), state_sizes_.end(), int64_t{0});
}

void Sharding::AddRuns(const ParameterPart& part, int owner) {
  for (int64_t begin = 0; begin < part.size(); begin += kRunSize) {
    const int64_t size = std::min(kRunSize, part.size() - begin);
    runs_.push_back({part.offset + begin, size, owner, owner >= 0, part.is_matrix, 0, -1});
  }
}

// The largest goes to whoever has least to do.
void Sharding::ShareMatrices(const ParameterLayout& layout, int n_processes) {
  for (const ParameterPart& part : layout.parts()) {
    if (IsLayerMatrix(part)) matrices_.push_back({part, 0, 0});
  }
  std::stable_sort(matrices_.begin(), matrices_.end(), [](const auto& a, const auto& b) {
    return MuonWork(a.part) > MuonWork(b.part);
  });
  std::vector<double> work(static_cast<size_t>(n_processes));
  for (ShardMatrix& matrix : matrices_) {
    const auto least = std::min_element(work.begin(), work.end());
    matrix.owner = static_cast<int>(least - work.begin());
    *least += MuonWork(matrix.part);
  }
}

void Sharding::PlaceState(int n_processes) {
  state_sizes_.assign(static_cast<size_t>(n_processes), 0);
  for (ShardRun& run : runs_) {
    run.first = state_sizes_[run.owner];
    state_sizes_[run.owner] += run.size;
  }
  std::map<int64_t, int64_t> firsts;  // by offset in the array
  for (ShardRun& run : runs_) {
    firsts[run.begin] = run.first;
    if (run.muon) continue;
    run.second = state_sizes_[run.owner];
    state_sizes_[run.owner] += run.size;
  }
  for (ShardMatrix& matrix : matrices_) matrix.first = firsts.at(matrix.part.offset);
}

void Sharding::CutWindows() {
  bool muon = false;
  for (int64_t i = 0; i < static_cast<int64_t>(runs_.size()); ++i) {
    const ShardRun& run = runs_[i];
    const bool new_window = windows_.empty() || windows_.back().size + run.size > kWindowSize;
    if (new_window) {
      const auto range = static_cast<int64_t>(ranges_.size());
      windows_.push_back({run.begin, 0, i, i, range, range});
    }
    if (new_window || run.owner != ranges_.back().owner || run.muon != muon) {
      ranges_.push_back({run.begin, 0, run.owner, run.first, run.second});
    }
    muon = run.muon;
    ranges_.back().size += run.size;
    ShardWindow& window = windows_.back();
    window.size += run.size;
    window.end_run = i + 1;
    window.end_range = static_cast<int64_t>(ranges_.size());
  }
}

}  // namespace pioneer
