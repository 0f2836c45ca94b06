#include "search/rank/vector_index.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace pioneer::search {
namespace {

constexpr size_t kLoadedAtOnce = 4'000;
constexpr size_t kAddedAtOnce = 16;  // to the graph, while no question is answered
// Vectors that vanished are in the way: beyond this share, all is laid out anew.
constexpr size_t kMostGoneShare = 5;  // one of so many
constexpr size_t kFewGone = 1'000;
constexpr std::string_view kMagic = "pioneer vectors 1\n";

std::span<const int8_t> BytesOf(const PassageVector& vector) {
  return {reinterpret_cast<const int8_t*>(vector.bytes.data()), vector.bytes.size()};
}

}  // namespace

VectorIndex::VectorIndex(EmbedderInfo embedder, std::filesystem::path graph_file,
                         size_t most_compared)
    : embedder_(std::move(embedder)),
      graph_file_(std::move(graph_file)),
      most_compared_(most_compared) {
  Clear();
}

void VectorIndex::Clear() {
  graph_.reset();
  table_ = std::make_unique<VectorTable>(embedder_.dimensions);
  ids_.clear();
  is_there_.clear();
  n_gone_ = n_saved_ = 0;
  loaded_ = false;
}

void VectorIndex::Add(const PassageVector& vector) {
  const VectorSlot slot = table_->Add(BytesOf(vector));
  ids_.push_back(vector.passage_id);
  is_there_.push_back(table_->Row(slot).inverse_length > 0);
}

// The graph's node stays, as others are found by way of it, where the next that is there is.
void VectorIndex::Forget(VectorSlot slot) {
  is_there_[slot] = false;
  ++n_gone_;
  const bool is_node = graph_ && slot < graph_->size();
  const VectorSlot next =
      is_node ? graph_->NearestNeighbour(slot, [&](VectorSlot s) { return is_there_[s]; }) : slot;
  table_->Replace(slot, next == slot ? nullptr : &next);
}

std::string VectorIndex::GraphHead() const {
  return fmt::format("{}{}\n{}\n", kMagic, embedder_.fingerprint, embedder_.dimensions);
}

// Takes the ids of the graph's nodes off the file's bytes. False: the file is something else.
bool VectorIndex::CopyGraphIds(std::string_view& bytes, std::vector<int64_t>& ids) const {
  const std::string head = GraphHead();
  uint64_t n = 0;
  if (!bytes.starts_with(head) || bytes.size() < head.size() + sizeof(n)) return false;
  bytes.remove_prefix(head.size());
  std::memcpy(&n, bytes.data(), sizeof(n));
  bytes.remove_prefix(sizeof(n));
  if (n > bytes.size() / sizeof(int64_t)) return false;
  ids.resize(n);
  std::memcpy(ids.data(), bytes.data(), n * sizeof(int64_t));
  bytes.remove_prefix(n * sizeof(int64_t));
  return std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
}

// All vectors, and those places of the saved graph that have none any more.
void VectorIndex::Load(SearchStore& store) {
  Clear();
  std::string file;
  if (std::filesystem::exists(graph_file_)) file = ReadFile(graph_file_, size_t{1} << 34);
  std::string_view graph_bytes = file;
  std::vector<int64_t> nodes;
  if (!CopyGraphIds(graph_bytes, nodes)) nodes.clear();
  size_t next_node = 0;
  std::vector<VectorSlot> gone;
  const auto skip_gone_before = [&](int64_t id) {
    for (; next_node < nodes.size() && nodes[next_node] < id; ++next_node) {
      gone.push_back(static_cast<VectorSlot>(ids_.size()));
      Add({nodes[next_node], ""});
    }
  };
  bool fits = true;
  for (int64_t last = 0;;) {
    const std::vector<PassageVector> vectors = store.LoadVectors(last, kLoadedAtOnce);
    if (vectors.empty()) break;
    last = vectors.back().passage_id;
    for (const PassageVector& vector : vectors) {
      skip_gone_before(vector.passage_id);
      fits = fits && (next_node == nodes.size() || nodes[next_node] == vector.passage_id);
      next_node += next_node < nodes.size();
      Add(vector);
    }
  }
  skip_gone_before(std::numeric_limits<int64_t>::max());
  if (fits && !nodes.empty()) graph_ = VectorGraph::Parse(graph_bytes, *table_);
  if (graph_ && graph_->size() != nodes.size()) graph_.reset();
  n_saved_ = graph_ ? graph_->size() : 0;
  for (const VectorSlot slot : gone) Forget(slot);
  loaded_ = true;
}

bool VectorIndex::Refresh(SearchStore& store) {
  const VectorsState state = store.Vectors();
  if (state.embedder != embedder_.fingerprint) {
    const std::unique_lock lock(mutex_);
    if (loaded_) Clear();
    return false;
  }
  {
    const std::shared_lock lock(mutex_);
    const int64_t last = ids_.empty() ? 0 : ids_.back();
    if (loaded_ && resets_ == state.resets && state.last_passage_id <= last) return true;
  }
  const std::unique_lock lock(mutex_);
  if (!loaded_ || resets_ != state.resets) {
    Load(store);
    removals_ = state.removals;
    resets_ = state.resets;
  }
  while (true) {
    const int64_t last = ids_.empty() ? 0 : ids_.back();
    const std::vector<PassageVector> vectors = store.LoadVectors(last, kLoadedAtOnce);
    for (const PassageVector& vector : vectors) Add(vector);
    if (vectors.size() < kLoadedAtOnce) return true;
  }
}

void VectorIndex::ForgetRemoved(SearchStore& store) {
  const VectorsState state = store.Vectors();
  if (state.embedder != embedder_.fingerprint) return;
  {
    const std::shared_lock lock(mutex_);
    if (!loaded_ || removals_ == state.removals || resets_ != state.resets) return;
  }
  const std::vector<int64_t> there = store.VectorIds();
  const std::unique_lock lock(mutex_);
  removals_ = state.removals;
  for (size_t slot = 0; slot < ids_.size(); ++slot) {
    if (!is_there_[slot] || std::binary_search(there.begin(), there.end(), ids_[slot])) continue;
    Forget(static_cast<VectorSlot>(slot));
  }
  if (n_gone_ <= std::max(kFewGone, ids_.size() / kMostGoneShare)) return;
  std::error_code ignored;
  std::filesystem::remove(graph_file_, ignored);
  Load(store);
}

bool VectorIndex::ExtendGraph() {
  const std::unique_lock lock(mutex_);
  if (table_->size() <= most_compared_) return false;
  if (!graph_) graph_ = std::make_unique<VectorGraph>(*table_);
  for (size_t i = 0; i < kAddedAtOnce && graph_->size() < table_->size(); ++i) {
    graph_->AddNext();
  }
  return graph_->size() < table_->size();
}

void VectorIndex::SaveGraph(size_t least_new) {
  if (graph_file_.empty()) return;
  std::string ids, graph;
  uint64_t n = 0;
  {
    const std::shared_lock lock(mutex_);
    if (!graph_ || graph_->size() < n_saved_ + least_new) return;
    n = graph_->size();
    ids.append(reinterpret_cast<const char*>(&n), sizeof(n));
    ids.append(reinterpret_cast<const char*>(ids_.data()), n * sizeof(int64_t));
    graph = graph_->Serialize();
  }
  const std::string head = GraphHead();
  AtomicFile file(graph_file_);
  file.Write(head.data(), head.size());
  file.Write(ids.data(), ids.size());
  file.Write(graph.data(), graph.size());
  file.Commit();
  const std::unique_lock lock(mutex_);
  n_saved_ = n;
}

// Runs of slots whose passages are allowed.
std::vector<std::pair<VectorSlot, VectorSlot>> VectorIndex::SlotsOf(
    const std::vector<PassageRange>* allowed) const {
  const auto slot_of = [&](int64_t id) {
    return static_cast<VectorSlot>(std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin());
  };
  if (!allowed) return {{0, static_cast<VectorSlot>(ids_.size())}};
  std::vector<std::pair<VectorSlot, VectorSlot>> slots;
  for (const PassageRange& range : *allowed) {
    const auto run = std::pair(slot_of(range.begin), slot_of(range.end));
    if (run.first < run.second) slots.push_back(run);
  }
  return slots;
}

std::vector<VectorHit> VectorIndex::Find(const std::vector<float>& question,
                                         const std::vector<PassageRange>* allowed,
                                         size_t limit) const {
  std::vector<int8_t> bytes = ToByteVector(question);
  const std::shared_lock lock(mutex_);
  bytes.resize(static_cast<size_t>(table_->row_bytes()));
  const ByteVector query{bytes.data(), InverseLength(bytes.data(), table_->row_bytes())};
  const auto runs = SlotsOf(allowed);
  size_t n_allowed = 0;
  for (const auto& [begin, end] : runs) n_allowed += end - begin;
  const bool by_graph = graph_ && n_allowed > most_compared_;
  const size_t n_nodes = by_graph ? graph_->size() : 0;
  std::vector<SlotHit> hits;
  if (by_graph) {
    hits = graph_->Find(query, limit, [&](VectorSlot slot) {
      if (!is_there_[slot]) return false;
      const auto behind =
          std::upper_bound(runs.begin(), runs.end(), std::pair(slot, ~VectorSlot{}));
      return behind != runs.begin() && slot < std::prev(behind)->second;
    });
  }
  for (const auto& [begin, end] : runs) {
    for (VectorSlot slot = std::max<VectorSlot>(begin, n_nodes); slot < end; ++slot) {
      if (is_there_[slot]) hits.push_back({table_->Cosine(query, table_->Row(slot)), slot});
    }
  }
  const size_t n = std::min(limit, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(n), hits.end(),
                    IsBetter);
  hits.resize(n);
  std::vector<VectorHit> found;
  for (const SlotHit& hit : hits) found.push_back({ids_[hit.slot], hit.cosine});
  return found;
}

size_t VectorIndex::size() const {
  const std::shared_lock lock(mutex_);
  return ids_.size() - n_gone_;
}

size_t VectorIndex::graph_size() const {
  const std::shared_lock lock(mutex_);
  return graph_ ? graph_->size() : 0;
}

bool VectorIndex::needs_graph() const {
  const std::shared_lock lock(mutex_);
  return table_->size() > most_compared_;
}

}  // namespace pioneer::search
