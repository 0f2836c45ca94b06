#include "model/adapter.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "model/adapter_file.h"
#include "model/model.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

constexpr const char* kEmbedding = "token_embd.weight";

// Matrix `index` of [n, rows, columns], its rows [first, first + n_rows).
Tensor PartOf(const Tensor& tensor, int64_t index, int64_t first, int64_t n_rows) {
  Tensor part = tensor;
  const int64_t rows = tensor.shape.at(tensor.shape.size() - 2);
  part.shape = {n_rows, tensor.cols()};
  part.data = tensor.row(index * rows + first);
  return part;
}

// The rows of one mix, their inputs brought together.
struct Group {
  const AdapterMix* mix = nullptr;
  std::vector<int64_t> rows;
};

std::vector<Group> GroupRows(RowAdapters adapters) {
  std::vector<Group> groups;
  for (size_t row = 0; row < adapters.size(); ++row) {
    if (adapters[row] == nullptr) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& known) { return known.mix == adapters[row]; });
    if (group == groups.end()) group = groups.insert(groups.end(), {adapters[row], {}});
    group->rows.push_back(static_cast<int64_t>(row));
  }
  return groups;
}

// y[row] += scale * b low, for the rows of a group; low: [n rows of the group, rank].
void AddRaised(ThreadPool& pool, const Weight& b, float scale, const Matrix& low,
               const std::vector<int64_t>& rows, float* y, int64_t n_out) {
  Matrix raised(low.rows(), n_out);
  MatMul(pool, b, low.data(), low.rows(), raised.data());
  for (int64_t i = 0; i < low.rows(); ++i) {
    AddScaledInPlace(pool, y + rows[i] * n_out, scale, raised.row(i), n_out);
  }
}

}  // namespace

// Makes an adapter of a file's tensors and a model's sites.
class AdapterBinder {
 public:
  AdapterBinder(const AdapterFile& file, const Model& model) : file_(file), model_(model) {}

  std::shared_ptr<const Adapter> Bind() {
    if (file_.tensors.empty()) {
      Fail(ErrorCode::kCorruptFile, "{}: this adapter has no tensors", file_.name);
    }
    for (const auto& [name, change] : file_.tensors) {
      if (name == kEmbedding) {
        BindEmbedding(change);
      } else {
        BindMatrices(name, change);
      }
    }
    return adapter_;
  }

 private:
  void BindMatrices(const std::string& name, const AdapterTensor& change) {
    const AdapterSites& sites = model_.adapter_sites();
    adapter_->changes_.resize(sites.size());
    bool found = false;
    for (size_t i = 0; i < sites.size(); ++i) {
      const AdapterSite& site = sites[i];
      if (site.tensor != name) continue;
      found = true;
      CheckShapes(name, change, site);
      adapter_->changes_[i] = Adapter::Change{
          Weight(PartOf(change.a, site.matrix, 0, Rank(change))),
          Weight(PartOf(change.b, site.matrix, site.first_row, site.n_out)), change.scale};
    }
    if (!found) {
      Fail(ErrorCode::kUnsupported,
           "{}: it changes \"{}\", which is no matrix of {}: it was made for another model",
           file_.name, name, model_.config().name);
    }
  }

  void BindEmbedding(const AdapterTensor& change) {
    const ModelConfig& config = model_.config();
    const int64_t rank = change.a.shape.size() == 2 ? change.a.cols() : 0;
    Check(kEmbedding, change, {config.vocab_size, rank}, {config.d_model, rank});
    adapter_->embedding_ = Adapter::TableChange{change.a, Weight(change.b), change.scale};
  }

  static int64_t Rank(const AdapterTensor& change) {
    return change.a.shape.size() < 2 ? 0 : change.a.shape[change.a.shape.size() - 2];
  }

  void CheckShapes(const std::string& name, const AdapterTensor& change,
                   const AdapterSite& site) const {
    const int64_t rank = Rank(change);
    std::vector<int64_t> a = {rank, site.n_in}, b = {site.n_rows, rank};
    if (change.a.shape.size() == 3 || site.n_matrices > 1) {
      a.insert(a.begin(), site.n_matrices);
      b.insert(b.begin(), site.n_matrices);
    }
    Check(name, change, a, b);
  }

  void Check(const std::string& name, const AdapterTensor& change, const std::vector<int64_t>& a,
             const std::vector<int64_t>& b) const {
    if (change.a.shape == a && change.b.shape == b && a[a.size() - 1] > 0 && a[a.size() - 2] > 0) {
      return;
    }
    Fail(ErrorCode::kUnsupported,
         "{}: its halves for \"{}\" are [{}] and [{}], but {} needs [{}] and [{}]: it was made for "
         "another model",
         file_.name, name, fmt::join(change.a.shape, ", "), fmt::join(change.b.shape, ", "),
         model_.config().name, fmt::join(a, ", "), fmt::join(b, ", "));
  }

  const AdapterFile& file_;
  const Model& model_;
  std::shared_ptr<Adapter> adapter_ = std::make_shared<Adapter>();
};

std::shared_ptr<const Adapter> LoadAdapter(const Model& model, const fs::path& path) {
  const fs::path folder = AdapterFolderOf(path);
  const AdapterFile file = folder.empty() ? ReadGgufAdapter(path, model.config())
                                          : ReadAdapterFolder(folder, model.config());
  return BindAdapter(file, model);
}

std::shared_ptr<const Adapter> BindAdapter(const AdapterFile& file, const Model& model) {
  return AdapterBinder(file, model).Bind();
}

void AddAdapters(ThreadPool& pool, RowAdapters adapters, int site, const float* x, int64_t n,
                 int64_t n_in, float* y, int64_t n_out) {
  if (adapters.empty()) return;
  Matrix inputs, low;
  for (const Group& group : GroupRows(adapters.first(static_cast<size_t>(n)))) {
    const auto n_rows = static_cast<int64_t>(group.rows.size());
    const float* from = x;
    for (const AdapterMix::Part& part : group.mix->parts) {
      const Adapter::Change* change = part.adapter->Find(site);
      if (change == nullptr) continue;
      if (n_rows < n && from == x) {
        inputs.Resize(n_rows, n_in);
        for (int64_t i = 0; i < n_rows; ++i) {
          std::memcpy(inputs.row(i), x + group.rows[i] * n_in, sizeof(float) * n_in);
        }
        from = inputs.data();
      }
      low.Resize(n_rows, change->a.n_out());
      MatMul(pool, change->a, from, n_rows, low.data());
      AddRaised(pool, change->b, part.scale * change->scale, low, group.rows, y, n_out);
    }
  }
}

void AddEmbeddingAdapters(ThreadPool& pool, RowAdapters adapters, const int32_t* tokens, int64_t n,
                          float* y, int64_t d_model) {
  if (adapters.empty()) return;
  for (const Group& group : GroupRows(adapters.first(static_cast<size_t>(n)))) {
    std::vector<int32_t> ids;
    for (const int64_t row : group.rows) ids.push_back(tokens[row]);
    for (const AdapterMix::Part& part : group.mix->parts) {
      const Adapter::TableChange* change = part.adapter->embedding();
      if (change == nullptr) continue;
      Matrix low(static_cast<int64_t>(ids.size()), change->a.cols());
      EmbedRows(pool, change->a, ids.data(), low.rows(), low.data());
      AddRaised(pool, change->b, part.scale * change->scale, low, group.rows, y, d_model);
    }
  }
}

}  // namespace pioneer
