#include "text/grammar/network.h"

#include <utility>

#include "text/grammar/network_builder.h"

namespace pioneer::grammar {
namespace {

using Edge = Network::Edge;
using EdgeKind = Network::EdgeKind;

// States from which the end of their rule can be reached.
std::vector<uint8_t> CoReachable(const NetworkBuilder& builder) {
  const auto& states = builder.states();
  std::vector<std::vector<int32_t>> sources(states.size());
  for (size_t state = 0; state < states.size(); ++state) {
    for (const Edge& edge : states[state]) {
      sources[edge.target].push_back(static_cast<int32_t>(state));
    }
  }
  std::vector<uint8_t> reached(states.size(), 0);
  std::vector<int32_t> open;
  for (const auto& automaton : builder.automata()) open.push_back(automaton.end);
  for (const int32_t end : open) reached[end] = 1;
  while (!open.empty()) {
    const int32_t state = open.back();
    open.pop_back();
    for (const int32_t source : sources[state]) {
      if (std::exchange(reached[source], 1) == 0) open.push_back(source);
    }
  }
  return reached;
}

}  // namespace

Network::Network(const Grammar& grammar, RegexDfa& dfa, WorkBudget& budget) {
  NetworkBuilder builder(grammar, dfa, budget);
  const int32_t first = builder.Build();
  builder.RemoveLeftRecursion();
  start_ = builder.automata()[first].start;
  start_nullable_ = builder.automata()[first].nullable;

  const std::vector<uint8_t> useful = CoReachable(builder);
  const size_t n = builder.states().size();
  accepts_.assign(n, 0);
  only_accepts_.assign(n, 0);
  for (const auto& automaton : builder.automata()) accepts_[automaton.end] = 1;
  for (size_t state = 0; state < n; ++state) {
    offsets_.push_back(static_cast<uint32_t>(edges_.size()));
    for (Edge edge : builder.states()[state]) {
      if (!useful[edge.target]) continue;
      if (edge.kind == EdgeKind::kCall) edge.label = builder.automata()[edge.label].start;
      edges_.push_back(edge);
    }
  }
  offsets_.push_back(static_cast<uint32_t>(edges_.size()));
  for (size_t state = 0; state < n; ++state) {
    only_accepts_[state] = accepts_[state] && offsets_[state] == offsets_[state + 1] ? 1 : 0;
  }
  // A state with one empty edge to such a state is as good as that.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t state = 0; state < n; ++state) {
      if (only_accepts_[state] || offsets_[state + 1] != offsets_[state] + 1) continue;
      const Edge& edge = edges_[offsets_[state]];
      if (edge.kind == EdgeKind::kEmpty && only_accepts_[edge.target]) {
        only_accepts_[state] = accepts_[state] = 1;
        changed = true;
      }
    }
    budget.Spend(static_cast<int64_t>(n / 8));
  }
  if (start_nullable_) return;
  if (!useful[start_]) {
    Fail(ErrorCode::kInvalidArgument, "the grammar matches nothing: no answer can satisfy it");
  }
}

}  // namespace pioneer::grammar
