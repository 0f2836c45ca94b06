#include "model/prefix_index.h"

#include <algorithm>
#include <iterator>

namespace pioneer {
namespace {

// One round of a multiply-and-fold hash: every bit of both reaches every bit of the result.
uint64_t Fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD1B54A32D192ED03u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t PrefixIndex::HashOf(int32_t parent, std::string_view domain, const int32_t* tokens) const {
  uint64_t hash = Fold(secret_, static_cast<uint32_t>(parent));
  if (parent == kNone) {
    for (const char c : domain) hash = Fold(hash, static_cast<uint8_t>(c) + secret_);
  }
  for (int i = 0; i < kKvPageTokens; i += 2) {
    const uint64_t two = static_cast<uint64_t>(static_cast<uint32_t>(tokens[i])) << 32 |
                         static_cast<uint32_t>(tokens[i + 1]);
    hash = Fold(hash, two + secret_);
  }
  return hash;
}

int32_t PrefixIndex::Find(int32_t parent, std::string_view domain, const int32_t* tokens) const {
  const auto [begin, end] = by_hash_.equal_range(HashOf(parent, domain, tokens));
  for (auto it = begin; it != end; ++it) {
    const Node& node = nodes_[it->second];
    if (node.parent == parent && (parent != kNone || node.domain == domain) &&
        std::equal(node.tokens.begin(), node.tokens.end(), tokens)) {
      return it->second;
    }
  }
  return kNone;
}

int32_t PrefixIndex::Insert(int32_t parent, std::string_view domain, const int32_t* tokens) {
  if (unused_.empty()) {
    unused_.push_back(static_cast<int32_t>(nodes_.size()));
    nodes_.emplace_back();
  }
  const int32_t id = unused_.back();
  Node node;
  node.parent = parent;
  node.hash = HashOf(parent, domain, tokens);
  std::copy_n(tokens, kKvPageTokens, node.tokens.begin());
  if (parent == kNone) node.domain = domain;
  by_hash_.emplace(node.hash, id);
  unused_.pop_back();
  nodes_[id] = std::move(node);
  if (parent != kNone) ++nodes_[parent].n_links;
  return id;
}

int32_t PrefixIndex::Add(int32_t parent, std::string_view domain, const int32_t* tokens,
                         int32_t page) {
  const int32_t id = Insert(parent, domain, tokens);
  SetPage(id, page);
  return id;
}

int32_t PrefixIndex::AddStored(int32_t parent, const int32_t* tokens, int32_t stored,
                               bool stored_state) {
  const int32_t id = Insert(parent, "", tokens);
  nodes_[id].stored = stored;
  nodes_[id].stored_state = stored_state;
  return id;
}

void PrefixIndex::SetPage(int32_t id, int32_t page) {
  Node& node = nodes_[id];
  node.page = page;
  node.n_held = 1;
  node.used = ++clock_;
  if (node.parent != kNone) ++nodes_[node.parent].n_children;
}

void PrefixIndex::ForgetStored(int32_t id) {
  nodes_[id].stored = kNone;
  nodes_[id].stored_state = false;
}

void PrefixIndex::Hold(int32_t id) {
  Node& node = nodes_[id];
  if (node.idle_leaf()) leaves_.erase({node.used, id});
  if (node.n_held++ == 0) --n_idle_pages_;
}

void PrefixIndex::Release(int32_t id) {
  Node& node = nodes_[id];
  node.used = ++clock_;
  if (--node.n_held > 0) return;
  ++n_idle_pages_;
  if (node.idle_leaf()) leaves_.insert({node.used, id});
}

void PrefixIndex::SetState(int32_t id, PrefixState state) {
  n_state_pages_ += std::ssize(state.pages);
  nodes_[id].state = std::make_unique<PrefixState>(std::move(state));
  nodes_[id].state_used = ++clock_;
  states_.insert({nodes_[id].state_used, id});
}

PrefixState PrefixIndex::TakeState(int32_t id) {
  Node& node = nodes_[id];
  states_.erase({node.state_used, id});
  PrefixState state = std::move(*node.state);
  node.state.reset();
  n_state_pages_ -= std::ssize(state.pages);
  return state;
}

void PrefixIndex::TouchState(int32_t id) {
  states_.erase({nodes_[id].state_used, id});
  nodes_[id].state_used = ++clock_;
  states_.insert({nodes_[id].state_used, id});
}

bool PrefixIndex::Evict(std::vector<int32_t>& freed) {
  if (leaves_.empty() && states_.empty()) return false;
  if (leaves_.empty() || (!states_.empty() && *states_.begin() < *leaves_.begin())) {
    const PrefixState state = TakeState(states_.begin()->second);
    freed.insert(freed.end(), state.pages.begin(), state.pages.end());
  } else {
    Remove(leaves_.begin()->second, freed);
  }
  return true;
}

void PrefixIndex::Remove(int32_t id, std::vector<int32_t>& freed) {
  if (nodes_[id].state) {
    const PrefixState state = TakeState(id);
    freed.insert(freed.end(), state.pages.begin(), state.pages.end());
  }
  Node& node = nodes_[id];
  freed.push_back(node.page);
  leaves_.erase({node.used, id});
  --n_idle_pages_;
  node.page = kNone;
  if (node.parent != kNone) {
    Node& parent = nodes_[node.parent];
    --parent.n_children;
    if (parent.idle_leaf()) leaves_.insert({parent.used, node.parent});
  }
  if (node.stored != kNone || node.n_links > 0) return;
  if (node.parent != kNone) --nodes_[node.parent].n_links;
  auto [it, end] = by_hash_.equal_range(node.hash);
  while (it != end && it->second != id) ++it;
  by_hash_.erase(it);
  unused_.push_back(id);
}

std::vector<PrefixIndex::Item> PrefixIndex::Items() const {
  std::vector<Age> ages;
  for (const auto& [hash, id] : by_hash_) ages.push_back({nodes_[id].used, id});
  std::sort(ages.begin(), ages.end(), [this](const Age& a, const Age& b) {
    // Those that were not used yet are in the order of their file.
    return a.first != b.first ? a.first > b.first
                              : nodes_[a.second].stored < nodes_[b.second].stored;
  });
  std::vector<Item> items;
  std::vector<bool> taken(nodes_.size());
  std::vector<int32_t> path;
  for (const auto& [used, id] : ages) {
    for (int32_t at = id; at != kNone && !taken[at]; at = nodes_[at].parent) path.push_back(at);
    for (; !path.empty(); path.pop_back()) {
      const Node& node = nodes_[path.back()];
      taken[path.back()] = true;
      items.push_back({path.back(), node.parent, &node.tokens, &node.domain});
    }
  }
  return items;
}

}  // namespace pioneer
