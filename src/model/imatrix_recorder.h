// Why: an importance matrix (imatrix.h) is made by running a text through the model and adding up
// the squares of what goes into each matrix.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/adapter.h"
#include "model/input_observer.h"
#include "model/model.h"

namespace pioneer {

// Sums over all rows that were observed; those of experts by expert. One thread.
class ImatrixRecorder : public InputObserver {
 public:
  explicit ImatrixRecorder(const AdapterSites& sites);

  void Observe(int site, const float* x, int64_t n, int64_t n_in) override;

  // llama.cpp's form: NAME.in_sum2 [n_matrices, n_in] and NAME.counts [n_matrices, 1] of each
  // matrix that saw a row. Throws Error{kInvalidArgument} when the model made numbers that are
  // none.
  struct Source {
    std::string text_name;
    int n_windows = 0, window_tokens = 0;
  };
  void Save(const fs::path& path, const Source& source) const;

  size_t n_tensors() const;           // that saw a row
  int64_t n_unseen_matrices() const;  // experts of those tensors that saw none

 private:
  struct Entry {
    int64_t n_in = 0;
    std::vector<float> sums;      // [n_matrices, n_in]
    std::vector<int64_t> counts;  // [n_matrices]
  };
  const AdapterSites& sites_;
  std::vector<Entry*> by_site_;  // null: the same input as another site's
  std::map<std::string, Entry> entries_;
};

// Runs the text in windows that begin afresh, each with the token that begins a text where the
// model's vocabulary asks for one. `on_progress` is told the tokens done. Throws Error{kCancelled},
// Error{kOutOfMemory} when a window does not fit into memory, kUnsupported for a model that does
// not generate. Returns the number of windows.
int RecordImportance(Model& model, ThreadPool& pool, std::span<const int32_t> tokens,
                     int window_tokens, ImatrixRecorder& recorder,
                     const std::function<void(size_t n_done)>& on_progress = {},
                     const CancelToken& cancel = {});

}  // namespace pioneer
