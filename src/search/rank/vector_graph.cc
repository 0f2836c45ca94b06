#include "search/rank/vector_graph.h"

#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cstring>
#include <queue>

namespace pioneer::search {
namespace {

constexpr size_t kLinks = 16;            // M: of a node in each layer but the lowest, which has 2M
constexpr size_t kBuildWidth = 100;      // ef while the graph is built
constexpr size_t kLeastFindWidth = 200;  // ef while it is searched
constexpr size_t kFirstCapacity = 1024;
constexpr int kMostLevels = 32;

using Nearest = hnswlib::HierarchicalNSW<float>;
using NodeId = hnswlib::tableint;

// A node's data is its slot; distances are those of the table's rows.
class SlotSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit SlotSpace(const VectorTable& table) : table_(table) {}
  size_t get_data_size() override { return sizeof(VectorSlot); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return Distance; }
  void* get_dist_func_param() override { return const_cast<VectorTable*>(&table_); }

 private:
  static float Distance(const void* a, const void* b, const void* table) {
    const auto* rows = static_cast<const VectorTable*>(table);
    VectorSlot first = 0, second = 0;
    std::memcpy(&first, a, sizeof(first));
    std::memcpy(&second, b, sizeof(second));
    return 1 - rows->Cosine(rows->Row(first), rows->Row(second));
  }
  const VectorTable& table_;
};

// Numbers of 32 bits, one behind the other.
class NumberWriter {
 public:
  void Put(uint32_t number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void PutLinks(const hnswlib::linklistsizeint* list, size_t n) {
    Put(static_cast<uint32_t>(n));
    bytes_.append(reinterpret_cast<const char*>(list + 1), n * sizeof(NodeId));
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class NumberReader {
 public:
  explicit NumberReader(std::string_view bytes) : bytes_(bytes) {}
  // False, and 0, at the end of the bytes.
  bool Get(uint32_t& number) {
    number = 0;
    if (bytes_.size() < sizeof(number)) return false;
    std::memcpy(&number, bytes_.data(), sizeof(number));
    bytes_.remove_prefix(sizeof(number));
    return true;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

struct VectorGraph::Impl {
  Impl(const VectorTable& rows, size_t capacity)
      : table(rows), space(rows), nearest(&space, capacity, kLinks, kBuildWidth) {}

  float Cosine(const ByteVector& query, NodeId node) const {
    return table.Cosine(query, table.Row(node));
  }
  NodeId Descend(const ByteVector& query) const;
  bool ReadNode(NumberReader& reader, NodeId node, size_t n);
  bool ReadLinks(NumberReader& reader, hnswlib::linklistsizeint* list, size_t most, size_t n);
  bool LinksFit() const;

  const VectorTable& table;
  SlotSpace space;
  Nearest nearest;
};

VectorGraph::VectorGraph(const VectorTable& table)
    : impl_(std::make_unique<Impl>(table, kFirstCapacity)) {}
VectorGraph::~VectorGraph() = default;

size_t VectorGraph::size() const { return impl_->nearest.cur_element_count; }

void VectorGraph::AddNext() {
  Nearest& nearest = impl_->nearest;
  if (size() == nearest.max_elements_) nearest.resizeIndex(size() + size() / 2);
  const auto slot = static_cast<VectorSlot>(size());
  nearest.addPoint(&slot, slot, -1);
}

// Down to the lowest layer, always to the nearest.
NodeId VectorGraph::Impl::Descend(const ByteVector& query) const {
  NodeId at = nearest.enterpoint_node_;
  float best = Cosine(query, at);
  for (int level = nearest.maxlevel_; level > 0; --level) {
    for (bool changed = true; changed;) {
      changed = false;
      const hnswlib::linklistsizeint* links = nearest.get_linklist(at, level);
      const size_t n = *links & 0xFFFF;
      for (size_t i = 1; i <= n; ++i) {
        const float cosine = Cosine(query, links[i]);
        if (cosine <= best) continue;
        best = cosine;
        at = links[i];
        changed = true;
      }
    }
  }
  return at;
}

std::vector<SlotHit> VectorGraph::Find(const ByteVector& query, size_t limit,
                                       const std::function<bool(VectorSlot)>& accept) const {
  const Nearest& nearest = impl_->nearest;
  if (size() == 0 || limit == 0) return {};
  const size_t width = std::max(kLeastFindWidth, 2 * limit);
  const auto worse = [](const SlotHit& a, const SlotHit& b) { return IsBetter(b, a); };
  std::priority_queue<SlotHit, std::vector<SlotHit>, decltype(&IsBetter)> found(IsBetter);
  std::priority_queue<SlotHit, std::vector<SlotHit>, decltype(worse)> to_visit(worse);
  hnswlib::VisitedList* const visited = nearest.visited_list_pool_->getFreeVisitedList();
  const auto visit = [&](NodeId node) {
    if (visited->mass[node] == visited->curV) return;
    visited->mass[node] = visited->curV;
    const SlotHit hit{impl_->Cosine(query, node), node};
    if (found.size() >= width && !IsBetter(hit, found.top())) return;
    to_visit.push(hit);
    // What is left out still leads to others.
    if (!accept(node)) return;
    found.push(hit);
    if (found.size() > width) found.pop();
  };
  visit(impl_->Descend(query));
  while (!to_visit.empty()) {
    const SlotHit from = to_visit.top();
    if (found.size() >= width && from.cosine < found.top().cosine) break;
    to_visit.pop();
    const hnswlib::linklistsizeint* links = nearest.get_linklist0(from.slot);
    const size_t n = *links & 0xFFFF;
    for (size_t i = 1; i <= n; ++i) visit(links[i]);
  }
  nearest.visited_list_pool_->releaseVisitedList(visited);
  while (found.size() > limit) found.pop();
  std::vector<SlotHit> hits(found.size());
  for (size_t i = hits.size(); i-- > 0; found.pop()) hits[i] = found.top();
  return hits;
}

VectorSlot VectorGraph::NearestNeighbour(VectorSlot slot,
                                         const std::function<bool(VectorSlot)>& accept) const {
  SlotHit best{-2, slot};
  const hnswlib::linklistsizeint* links = impl_->nearest.get_linklist0(slot);
  const size_t n = *links & 0xFFFF;
  for (size_t i = 1; i <= n; ++i) {
    if (!accept(links[i])) continue;
    const SlotHit hit{impl_->Cosine(impl_->table.Row(slot), links[i]), links[i]};
    if (IsBetter(hit, best)) best = hit;
  }
  return best.slot;
}

std::string VectorGraph::Serialize() const {
  const Nearest& nearest = impl_->nearest;
  NumberWriter out;
  out.Put(static_cast<uint32_t>(size()));
  out.Put(nearest.enterpoint_node_);
  for (NodeId node = 0; node < size(); ++node) {
    const int levels = nearest.element_levels_[node];
    out.Put(static_cast<uint32_t>(levels));
    for (int level = 0; level <= levels; ++level) {
      const hnswlib::linklistsizeint* links = nearest.get_linklist_at_level(node, level);
      out.PutLinks(links, *links & 0xFFFF);
    }
  }
  return out.Take();
}

bool VectorGraph::Impl::ReadLinks(NumberReader& reader, hnswlib::linklistsizeint* list, size_t most,
                                  size_t n) {
  uint32_t count = 0;
  if (!reader.Get(count) || count > most) return false;
  *list = count;
  for (uint32_t i = 1; i <= count; ++i) {
    if (!reader.Get(list[i]) || list[i] >= n) return false;
  }
  return true;
}

bool VectorGraph::Impl::ReadNode(NumberReader& reader, NodeId node, size_t n) {
  uint32_t levels = 0;
  if (!reader.Get(levels) || levels > kMostLevels) return false;
  std::memset(nearest.get_linklist0(node), 0, nearest.size_data_per_element_);
  std::memcpy(nearest.getDataByInternalId(node), &node, sizeof(node));
  nearest.setExternalLabel(node, node);
  if (levels > 0) {
    nearest.linkLists_[node] =
        static_cast<char*>(std::calloc(levels, nearest.size_links_per_element_));
    if (!nearest.linkLists_[node]) throw std::bad_alloc();
  }
  nearest.element_levels_[node] = static_cast<int>(levels);
  nearest.cur_element_count = node + 1;  // from now on the destructor knows of it
  nearest.label_lookup_[node] = node;
  nearest.maxlevel_ = std::max(nearest.maxlevel_, static_cast<int>(levels));
  if (!ReadLinks(reader, nearest.get_linklist0(node), 2 * kLinks, n)) return false;
  for (int level = 1; level <= static_cast<int>(levels); ++level) {
    if (!ReadLinks(reader, nearest.get_linklist(node, level), kLinks, n)) return false;
  }
  return true;
}

// Who is linked in a layer is there.
bool VectorGraph::Impl::LinksFit() const {
  for (NodeId node = 0; node < nearest.cur_element_count; ++node) {
    for (int level = 1; level <= nearest.element_levels_[node]; ++level) {
      const hnswlib::linklistsizeint* links = nearest.get_linklist(node, level);
      for (size_t i = 1; i <= *links; ++i) {
        if (nearest.element_levels_[links[i]] < level) return false;
      }
    }
  }
  return nearest.element_levels_[nearest.enterpoint_node_] == nearest.maxlevel_;
}

std::unique_ptr<VectorGraph> VectorGraph::Parse(std::string_view bytes, const VectorTable& table) {
  NumberReader reader(bytes);
  uint32_t n = 0, enter = 0;
  if (!reader.Get(n) || !reader.Get(enter) || n == 0 || n > table.size() || enter >= n) {
    return nullptr;
  }
  auto graph = std::make_unique<VectorGraph>(table);
  graph->impl_ = std::make_unique<Impl>(table, n + n / 4 + kFirstCapacity);
  Impl& impl = *graph->impl_;
  for (NodeId node = 0; node < n; ++node) {
    if (!impl.ReadNode(reader, node, n)) return nullptr;
  }
  impl.nearest.enterpoint_node_ = enter;
  return reader.done() && impl.LinksFit() ? std::move(graph) : nullptr;
}

}  // namespace pioneer::search
