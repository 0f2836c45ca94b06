// Why: processes that train one model together share out the optimizer's work and its state (as
// ZeRO's first stage does: Rajbhandari et al. 2019, arXiv:1910.02054). This says who steps what.
#pragma once

#include <cstdint>
#include <vector>

#include "train/llama_parameters.h"

namespace pioneer {

enum class OptimizerKind { kAdamW, kMuon };

// A run of the flat array for one job, in which all numbers decay or none does. The moments lie in
// its owner's state, which holds the first moments (or momentum) of all that it owns and then the
// second moments of what AdamW steps, in the order of the array.
struct ShardRun {
  int64_t begin, size;
  int owner;
  bool muon, decays;
  int64_t first, second;  // second: -1 for Muon's
};

// A matrix that Muon steps, whole.
struct ShardMatrix {
  ParameterPart part;
  int owner;
  int64_t first;
};

// Neighbouring runs of one owner and one kind: what travels in one piece.
struct ShardRange {
  int64_t begin, size;
  int owner;
  int64_t first, second;
};

// A few megabytes of the array, over which the gradients of all processes are added up at a time.
struct ShardWindow {
  int64_t begin, size;
  int64_t first_run, end_run;
  int64_t first_range, end_range;
};

class Sharding {
 public:
  // Muon's matrices are balanced by their work, what AdamW steps by its size.
  Sharding(const ParameterLayout& layout, OptimizerKind kind, int n_processes);

  const std::vector<ShardRun>& runs() const { return runs_; }        // all of the array, in order
  const std::vector<ShardRange>& ranges() const { return ranges_; }  // the same
  const std::vector<ShardWindow>& windows() const { return windows_; }    // the same
  const std::vector<ShardMatrix>& matrices() const { return matrices_; }  // largest first

  int64_t state_size(int rank) const { return state_sizes_[rank]; }
  int64_t state_size() const;  // of all

 private:
  void AddRuns(const ParameterPart& part, int owner);
  void ShareMatrices(const ParameterLayout& layout, int n_processes);
  void PlaceState(int n_processes);
  void CutWindows();

  std::vector<ShardRun> runs_;
  std::vector<ShardRange> ranges_;
  std::vector<ShardWindow> windows_;
  std::vector<ShardMatrix> matrices_;
  std::vector<int64_t> state_sizes_;
};

}  // namespace pioneer
