#include "model/imatrix_recorder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "model/gguf.h"

namespace pioneer {
namespace {

constexpr size_t kRowsAStep = 256;

Tensor FloatTensor(std::string name, std::vector<int64_t> shape, const float* data) {
  return {
      std::move(name), DType::kF32, std::move(shape), reinterpret_cast<const std::byte*>(data), {}};
}

void RunWindow(Model& model, ThreadPool& pool, KvPagePool& pages, std::span<const int32_t> tokens,
               InputObserver& observer) {
  KvSequence kv(pages);
  if (!kv.Reserve(static_cast<int64_t>(tokens.size()))) {
    Fail(ErrorCode::kOutOfMemory, "too little KV memory for a window of {} tokens", tokens.size());
  }
  Matrix no_logits;
  for (size_t begin = 0; begin < tokens.size(); begin += kRowsAStep) {
    const auto step = tokens.subspan(begin, std::min(kRowsAStep, tokens.size() - begin));
    StepBatch batch;
    batch.observer = &observer;
    batch.tokens.assign(step.begin(), step.end());
    for (size_t i = 0; i < step.size(); ++i) {
      batch.positions.push_back(static_cast<int32_t>(begin + i));
    }
    batch.sequences.push_back({.kv = &kv,
                               .first_row = 0,
                               .n_rows = static_cast<int>(step.size()),
                               .position = static_cast<int>(begin)});
    model.Forward(pool, batch, no_logits);
  }
}

}  // namespace

ImatrixRecorder::ImatrixRecorder(const AdapterSites& sites) : sites_(sites) {
  for (const AdapterSite& site : sites) {
    Entry& entry = entries_[site.tensor];
    entry.n_in = site.n_in;
    entry.counts.resize(static_cast<size_t>(site.n_matrices));
    // Matrices that lie one behind the other in a tensor have one input.
    by_site_.push_back(site.first_row == 0 ? &entry : nullptr);
  }
}

void ImatrixRecorder::Observe(int site, const float* x, int64_t n, int64_t n_in) {
  Entry* const entry = site >= 0 ? by_site_.at(static_cast<size_t>(site)) : nullptr;
  if (entry == nullptr) return;
  if (entry->sums.empty()) entry->sums.resize(entry->counts.size() * static_cast<size_t>(n_in));
  const int64_t matrix = sites_[static_cast<size_t>(site)].matrix;
  float* const sums = entry->sums.data() + matrix * n_in;
  for (int64_t row = 0; row < n; ++row, x += n_in) {
    for (int64_t i = 0; i < n_in; ++i) sums[i] += x[i] * x[i];
  }
  entry->counts[static_cast<size_t>(matrix)] += n;
}

void ImatrixRecorder::Save(const fs::path& path, const Source& source) const {
  GgufWriter writer;
  writer.SetString("general.type", "imatrix");
  writer.SetStrings("imatrix.datasets", {source.text_name});
  writer.SetU32("imatrix.chunk_count", static_cast<uint32_t>(source.n_windows));
  writer.SetU32("imatrix.chunk_size", static_cast<uint32_t>(source.window_tokens));
  std::vector<std::vector<float>> all_counts;
  all_counts.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    if (entry.sums.empty()) continue;
    if (!std::all_of(entry.sums.begin(), entry.sums.end(),
                     [](float v) { return std::isfinite(v); })) {
      Fail(
          ErrorCode::kInvalidArgument,
          "what goes into \"{}\" has become infinite or no number: this model's weights are broken",
          name);
    }
    const auto n_matrices = static_cast<int64_t>(entry.counts.size());
    const auto& counts = all_counts.emplace_back(entry.counts.begin(), entry.counts.end());
    writer.AddTensor(FloatTensor(name + ".in_sum2", {n_matrices, entry.n_in}, entry.sums.data()));
    writer.AddTensor(FloatTensor(name + ".counts", {n_matrices, 1}, counts.data()));
  }
  writer.Finish(path);
}

size_t ImatrixRecorder::n_tensors() const {
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& named) {
    return !named.second.sums.empty();
  }));
}

int64_t ImatrixRecorder::n_unseen_matrices() const {
  int64_t n = 0;
  for (const auto& [name, entry] : entries_) {
    if (!entry.sums.empty()) n += std::count(entry.counts.begin(), entry.counts.end(), 0);
  }
  return n;
}

int RecordImportance(Model& model, ThreadPool& pool, std::span<const int32_t> tokens,
                     int window_tokens, ImatrixRecorder& recorder,
                     const std::function<void(size_t n_done)>& on_progress,
                     const CancelToken& cancel) {
  if (!model.can_generate()) {
    Fail(ErrorCode::kUnsupported,
         "{} only embeds texts; importance is recorded of models that "
         "generate",
         model.config().name);
  }
  KvPagePool pages(model.memory(), model.memory().BytesFor(window_tokens));
  const Vocabulary& vocabulary = model.tokenizer().vocabulary();
  std::vector<int32_t> window;
  int n_windows = 0;
  for (size_t done = 0; done < tokens.size(); ++n_windows) {
    cancel.Check();
    window.clear();
    if (vocabulary.add_bos) window.push_back(vocabulary.bos_id);
    const size_t n =
        std::min(static_cast<size_t>(window_tokens) - window.size(), tokens.size() - done);
    window.insert(window.end(), tokens.begin() + static_cast<long>(done),
                  tokens.begin() + static_cast<long>(done + n));
    RunWindow(model, pool, pages, window, recorder);
    done += n;
    if (on_progress) on_progress(done);
  }
  return n_windows;
}

}  // namespace pioneer
