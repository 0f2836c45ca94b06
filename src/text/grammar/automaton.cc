#include "text/grammar/automaton.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "text/grammar/constraint.h"

namespace pioneer::grammar {
namespace {

constexpr int64_t kMaxTokenCacheBytes = int64_t{32} << 20;

}  // namespace

Automaton::Automaton(Grammar grammar, const TokenTrie& trie, const ConstraintLimits& limits)
    : trie_(trie),
      max_states_(limits.max_states),
      max_mask_work_(limits.max_mask_work),
      budget_(limits.max_compile_work),
      path_(static_cast<size_t>(trie.max_depth()) + 1) {
  dfa_ = std::make_unique<RegexDfa>(grammar.TakeRegexes(), budget_);
  network_ = std::make_unique<Network>(grammar, *dfa_, budget_);
  n_classes_ = dfa_->n_classes();
  residuals_ = std::make_unique<ResidualFinder>(trie_, *dfa_, budget_);
  ResetStates();
}

void Automaton::ResetStates() {
  stacks_ = std::make_unique<Stacks>(budget_);
  states_.clear();
  threads_.clear();
  rows_.clear();
  state_by_hash_.clear();
  closures_.clear();
  closure_threads_.clear();
  std::vector<Thread> none;
  Intern(none, false);          // kDead
  ended_ = Intern(none, true);  // after the end nothing comes, but it has ended
}

void Automaton::Begin() {
  budget_.Refill(max_mask_work_);
  if (static_cast<int64_t>(states_.size()) > max_states_ || stacks_->size() > max_states_) {
    DropUnreachable();
  }
}

int32_t Automaton::AddPlace() {
  const std::lock_guard lock(mutex_);
  Begin();
  std::vector<Thread> threads;
  open_.assign(1, {network_->start(), Stacks::kEnd, true});
  const Closure closure = MakeClosure();
  threads.assign(closure_threads_.begin() + closure.first,
                 closure_threads_.begin() + closure.first + closure.n);
  return NewPlace(Intern(threads, network_->start_nullable()));
}

int32_t Automaton::CopyPlace(int32_t place) {
  const std::lock_guard lock(mutex_);
  return NewPlace(places_[place]);
}

int32_t Automaton::NewPlace(int32_t state) {
  if (free_places_.empty()) {
    places_.push_back(state);
    return static_cast<int32_t>(places_.size()) - 1;
  }
  const int32_t place = free_places_.back();
  free_places_.pop_back();
  places_[place] = state;
  return place;
}

void Automaton::RemovePlace(int32_t place) {
  const std::lock_guard lock(mutex_);
  places_[place] = -1;
  free_places_.push_back(place);
}

// `threads` is used as scratch.
int32_t Automaton::Intern(std::vector<Thread>& threads, bool can_end) {
  std::sort(threads.begin(), threads.end(),
            [](const Thread& a, const Thread& b) { return a.rest < b.rest; });
  size_t n = 0;
  for (size_t i = 0; i < threads.size(); ++i) {
    if (n > 0 && threads[n - 1].rest == threads[i].rest) {
      threads[n - 1].stacks = stacks_->Union(threads[n - 1].stacks, threads[i].stacks);
    } else {
      threads[n++] = threads[i];
    }
  }
  threads.resize(n);
  uint64_t hash = can_end ? 1 : 2;
  for (const Thread& thread : threads) {
    hash = (hash ^ static_cast<uint32_t>(thread.rest)) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 31 ^ static_cast<uint32_t>(thread.stacks)) * 0xBF58476D1CE4E5B9u;
  }
  const auto [begin, end] = state_by_hash_.equal_range(hash);
  for (auto found = begin; found != end; ++found) {
    const State& state = states_[found->second];
    const auto known = this->threads(state);
    if (state.can_end == can_end &&
        std::equal(known.begin(), known.end(), threads.begin(), threads.end())) {
      return found->second;
    }
  }
  budget_.Spend(4 + static_cast<int64_t>(n));
  const auto id = static_cast<int32_t>(states_.size());
  states_.push_back({static_cast<uint32_t>(threads_.size()), static_cast<uint32_t>(n), can_end});
  threads_.insert(threads_.end(), threads.begin(), threads.end());
  state_by_hash_.emplace(hash, id);
  return id;
}

int32_t Automaton::ComputeNext(int32_t from, uint8_t byte_class) {
  if (states_[from].row < 0) {
    states_[from].row = static_cast<int32_t>(rows_.size() / n_classes_);
    rows_.resize(rows_.size() + n_classes_, -1);
  }
  std::vector<Thread> next;
  bool can_end = false;
  const uint32_t first = states_[from].first, n = states_[from].n;
  budget_.Spend(1 + n);
  for (uint32_t i = first; i < first + n; ++i) {
    const Thread thread = threads_[i];
    const int32_t rest = dfa_->Next(thread.rest, byte_class);
    if (rest == 0) continue;
    if (!dfa_->at_end(rest)) next.push_back({rest, thread.stacks});
    if (!dfa_->nullable(rest)) continue;
    const Closure closure = ClosureOf(thread.stacks);
    can_end |= closure.can_end;
    const auto begin = closure_threads_.begin() + closure.first;
    next.insert(next.end(), begin, begin + closure.n);
    budget_.Spend(closure.n);
  }
  const int32_t to = next.empty() && !can_end ? kDead : Intern(next, can_end);
  rows_[static_cast<size_t>(states_[from].row) * n_classes_ + byte_class] = to;
  return to;
}

Automaton::Closure Automaton::ClosureOf(int32_t stacks) {
  if (const auto known = closures_.find(stacks); known != closures_.end()) return known->second;
  open_.clear();
  for (const Stacks::Entry& entry : stacks_->entries(stacks)) {
    open_.push_back({entry.state, entry.below, false});
  }
  return closures_[stacks] = MakeClosure();
}

// From the places in open_: returns and calls as far as they go without reading anything.
Automaton::Closure Automaton::MakeClosure() {
  Closure closure{};
  found_.clear();
  std::unordered_map<uint64_t, uint8_t> seen;  // fresh or not: bits
  for (size_t i = 0; i < open_.size(); ++i) {
    const Entered at = open_[i];
    if (at.network_state == Stacks::kBottom) {
      closure.can_end = true;
      continue;
    }
    const uint64_t key =
        static_cast<uint64_t>(at.network_state) << 32 | static_cast<uint32_t>(at.stacks);
    const uint8_t bit = at.fresh ? 1 : 2;
    uint8_t& known = seen[key];
    if (known & bit) continue;
    known |= bit;
    budget_.Spend(1);
    Enter(at.network_state, at.stacks, at.fresh);
  }
  std::vector<Thread> threads = std::move(found_);
  closure.state = threads.empty() && !closure.can_end ? kDead : Intern(threads, closure.can_end);
  closure.first = static_cast<uint32_t>(closure_threads_.size());
  closure.n = static_cast<uint32_t>(threads.size());
  closure_threads_.insert(closure_threads_.end(), threads.begin(), threads.end());
  return closure;
}

// A rule that was called just now and has read nothing does not return: what it may leave out, its
// caller leaves out beside the call (network.h).
void Automaton::Enter(int32_t network_state, int32_t stacks, bool fresh) {
  if (network_->accepts(network_state) && !fresh) {
    for (const Stacks::Entry& entry : stacks_->entries(stacks)) {
      open_.push_back({entry.state, entry.below, false});
    }
  }
  for (const Network::Edge& edge : network_->edges(network_state)) {
    if (edge.kind == Network::EdgeKind::kEmpty) {
      open_.push_back({edge.target, stacks, fresh});
      continue;
    }
    const int32_t behind =
        network_->only_accepts(edge.target) ? stacks : stacks_->Push(edge.target, stacks);
    if (behind == Stacks::kNone) continue;  // nested too deep
    if (edge.kind == Network::EdgeKind::kCall) {
      open_.push_back({edge.label, behind, true});
    } else {
      found_.push_back({edge.label, behind});
    }
  }
}

int32_t Automaton::Advance(int32_t state, std::string_view bytes) {
  for (const char byte : bytes) {
    if (state == kDead) break;
    state = Next(state, dfa_->class_of(static_cast<uint8_t>(byte)));
  }
  return state;
}

const ResidualTokens& Automaton::TokensOf(int32_t rest) {
  if (tokens_of_rest_.size() <= static_cast<size_t>(rest)) {
    tokens_of_rest_.resize(static_cast<size_t>(dfa_->n_states()) + 64);
  }
  if (tokens_of_rest_[rest] == nullptr) {
    if (token_bytes_ > kMaxTokenCacheBytes) {
      tokens_of_rest_.assign(tokens_of_rest_.size(), nullptr);
      token_bytes_ = 0;
    }
    auto found = residuals_->Find(rest);
    token_bytes_ += found->n_bytes();
    if (tokens_of_rest_.size() <= static_cast<size_t>(rest)) tokens_of_rest_.resize(rest + 1);
    tokens_of_rest_[rest] = std::move(found);
  }
  return *tokens_of_rest_[rest];
}

void Automaton::SetToken(int32_t token, TokenMask& mask) const {
  for (; token >= 0; token = trie_.twin(token)) mask.Set(token);
}

ByteSet Automaton::FirstBytes(const State& state) {
  ByteSet first;
  for (const Thread& thread : threads(state)) first |= dfa_->FirstBytes(thread.rest);
  return first;
}

void Automaton::ComputeMask(int32_t place, TokenMask& mask) {
  const std::lock_guard lock(mutex_);
  Begin();
  mask.Resize(trie_.n_tokens());
  const State state = states_[places_[place]];
  for (uint32_t i = state.first; i < state.first + state.n; ++i) {
    const Thread thread = threads_[i];
    const ResidualTokens& tokens = TokensOf(thread.rest);
    tokens.AddTo(trie_, mask);
    if (tokens.exits.empty()) continue;
    const Closure closure = ClosureOf(thread.stacks);
    if (closure.n > 0) WalkExits(tokens, closure.state, mask);
  }
  if (!state.can_end) return;
  for (const int32_t token : trie_.end_tokens()) mask.Set(token);
}

void Automaton::WalkExits(const ResidualTokens& tokens, int32_t state, TokenMask& mask) {
  const ByteSet first = FirstBytes(states_[state]);
  for (int byte = 0; byte < 256; ++byte) {
    const uint32_t begin = tokens.first_exit[byte], end = tokens.first_exit[byte + 1];
    if (begin == end || !first.Has(static_cast<uint8_t>(byte))) continue;
    const int32_t next = Next(state, dfa_->class_of(static_cast<uint8_t>(byte)));
    if (next == kDead) continue;
    for (uint32_t i = begin; i < end; ++i) WalkSubtree(tokens.level, tokens.exits[i], next, mask);
  }
}

// `state` is the one that the node's own byte has led to.
void Automaton::WalkSubtree(int level, uint32_t root, int32_t state, TokenMask& mask) {
  const auto nodes = trie_.nodes(level);
  SetToken(nodes[root].token, mask);
  path_[nodes[root].depth] = state;
  const uint32_t end = nodes[root].end;
  int64_t n_visited = 1;
  for (uint32_t i = root + 1; i < end; ++n_visited) {
    const TrieNode& node = nodes[i];
    const int32_t next = Next(path_[node.depth - 1], dfa_->class_of(node.byte));
    if (next == kDead) {
      i = node.end;
      continue;
    }
    path_[node.depth] = next;
    SetToken(node.token, mask);
    ++i;
  }
  budget_.Spend(n_visited / 4);
}

bool Automaton::Accept(int32_t place, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Begin();
  const int32_t next = Advance(places_[place], bytes);
  if (next == kDead) return false;
  places_[place] = next;
  return true;
}

bool Automaton::End(int32_t place) {
  const std::lock_guard lock(mutex_);
  if (!states_[places_[place]].can_end) return false;
  places_[place] = ended_;
  return true;
}

bool Automaton::CanEnd(int32_t place) {
  const std::lock_guard lock(mutex_);
  return states_[places_[place]].can_end;
}

bool Automaton::MustEnd(int32_t place) {
  const std::lock_guard lock(mutex_);
  Begin();
  const int32_t state = places_[place];
  if (!states_[state].can_end) return false;
  for (int c = 0; c < n_classes_; ++c) {
    if (Next(state, static_cast<uint8_t>(c)) != kDead) return false;
  }
  return true;
}

// -1 when the answer may end, or none or several bytes may come.
int32_t Automaton::OnlyNextByte(int32_t state) {
  if (states_[state].can_end) return -1;
  const ByteSet first = FirstBytes(states_[state]);
  int32_t only = -1;
  for (int byte = 0; byte < 256; ++byte) {
    if (!first.Has(static_cast<uint8_t>(byte))) continue;
    if (Next(state, dfa_->class_of(static_cast<uint8_t>(byte))) == kDead) continue;
    if (only >= 0) return -1;
    only = byte;
  }
  return only;
}

std::string Automaton::ForcedBytes(int32_t place, int max_bytes) {
  const std::lock_guard lock(mutex_);
  Begin();
  std::string forced;
  int32_t state = places_[place];
  while (static_cast<int>(forced.size()) < max_bytes) {
    const int32_t byte = OnlyNextByte(state);
    if (byte < 0) break;
    forced += static_cast<char>(byte);
    state = Next(state, dfa_->class_of(static_cast<uint8_t>(byte)));
  }
  return forced;
}

bool Automaton::MayGoBeyond(int32_t place, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Begin();
  const auto nodes = trie_.nodes(0);
  int32_t state = places_[place];
  uint32_t at = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    uint32_t child = at == 0 ? trie_.child_of_root(0, byte) : at + 1;
    if (at == 0 && child == 0) return false;
    while (child < nodes[at].end && nodes[child].byte != byte) child = nodes[child].end;
    if (child >= nodes[at].end) return false;
    state = Next(state, dfa_->class_of(byte));
    if (state == kDead) return false;
    at = child;
  }
  TokenMask found(trie_.n_tokens());
  path_[nodes[at].depth] = state;
  for (uint32_t i = at + 1; i < nodes[at].end;) {
    const TrieNode& node = nodes[i];
    const int32_t next = Next(path_[node.depth - 1], dfa_->class_of(node.byte));
    if (next != kDead && node.token >= 0) return true;
    path_[node.depth] = next;
    i = next == kDead ? node.end : i + 1;
  }
  return false;
}

// Starts the automaton anew with the states of the places.
void Automaton::DropUnreachable() {
  const std::unique_ptr<Stacks> old_stacks = std::move(stacks_);
  const std::vector<State> old_states = std::move(states_);
  const std::vector<Thread> old_threads = std::move(threads_);
  const int32_t old_ended = ended_;
  ResetStates();
  // Nodes refer to older ones only, so increasing ids are bottom up.
  std::unordered_set<int32_t> needed;
  std::vector<int32_t> open;
  const auto need = [&](int32_t node) {
    if (node > Stacks::kEnd && needed.insert(node).second) open.push_back(node);
  };
  for (const int32_t state : places_) {
    if (state < 0) continue;
    const State& old = old_states[state];
    for (uint32_t i = old.first; i < old.first + old.n; ++i) need(old_threads[i].stacks);
  }
  while (!open.empty()) {
    const int32_t node = open.back();
    open.pop_back();
    for (const Stacks::Entry& entry : old_stacks->entries(node)) need(entry.below);
  }
  std::vector<int32_t> order(needed.begin(), needed.end());
  std::sort(order.begin(), order.end());
  std::unordered_map<int32_t, int32_t> moved = {{Stacks::kNone, Stacks::kNone},
                                                {Stacks::kEnd, Stacks::kEnd}};
  for (const int32_t node : order) {
    int32_t copy = Stacks::kNone;
    for (const Stacks::Entry& entry : old_stacks->entries(node)) {
      copy = stacks_->Union(copy, stacks_->Push(entry.state, moved.at(entry.below)));
    }
    moved[node] = copy;
  }
  for (int32_t& state : places_) {
    if (state < 0) continue;
    if (state == old_ended) {
      state = ended_;
      continue;
    }
    const State& old = old_states[state];
    std::vector<Thread> threads;
    for (uint32_t i = old.first; i < old.first + old.n; ++i) {
      threads.push_back({old_threads[i].rest, moved.at(old_threads[i].stacks)});
    }
    state = Intern(threads, old.can_end);
  }
}

}  // namespace pioneer::grammar
