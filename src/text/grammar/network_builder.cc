#include "text/grammar/network_builder.h"

#include <algorithm>
#include <utility>

namespace pioneer::grammar {
namespace {

using Kind = Grammar::Kind;

constexpr int kMaxDepth = 1000;

void CheckDepth(int depth) {
  if (depth > kMaxDepth) {
    Fail(ErrorCode::kInvalidArgument, "the grammar's expressions are nested more than {} deep",
         kMaxDepth);
  }
}

}  // namespace

void NetworkBuilder::CheckRules() const {
  for (const Grammar::Rule& rule : grammar_.rules()) {
    if (rule.defined) continue;
    Fail(ErrorCode::kInvalidArgument, "the grammar uses the rule \"{}\", which it does not define",
         rule.name);
  }
}

// Which expressions may be empty, and which have any string at all: what changes is looked at again
// by those that are made of it.
void NetworkBuilder::FindEmptyAndProductive() {
  const int n = grammar_.n_nodes();
  nullable_.assign(static_cast<size_t>(n), 0);
  productive_.assign(static_cast<size_t>(n), 0);
  std::vector<std::vector<int32_t>> users(static_cast<size_t>(n));
  std::vector<int32_t> open;
  for (int32_t i = 0; i < n; ++i) {
    const Grammar::Node& node = grammar_.node({i});
    open.push_back(i);
    if (node.kind == Kind::kRef) users[grammar_.rules()[node.a].body.id].push_back(i);
    if (node.kind == Kind::kRepeat) users[node.a].push_back(i);
    if (node.kind != Kind::kSequence && node.kind != Kind::kChoice) continue;
    for (const Expr part : grammar_.children(node)) users[part.id].push_back(i);
  }
  while (!open.empty()) {
    const Expr expr{open.back()};
    open.pop_back();
    budget_.Spend(1);
    if (UpdateFacts(expr)) open.insert(open.end(), users[expr.id].begin(), users[expr.id].end());
  }
}

bool NetworkBuilder::UpdateFacts(Expr expr) {
  const Grammar::Node& node = grammar_.node(expr);
  bool nullable = false, productive = false;
  switch (node.kind) {
    case Kind::kEmpty:
      nullable = productive = true;
      break;
    case Kind::kTerminal:
      nullable = dfa_.store().Nullable({node.a});
      productive = productive_[expr.id] || dfa_.State({node.a}) != 0;
      break;
    case Kind::kRef: {
      const Expr body = grammar_.rules()[node.a].body;
      nullable = nullable_[body.id];
      productive = productive_[body.id];
      break;
    }
    case Kind::kRepeat:
      nullable = node.min == 0 || nullable_[node.a];
      productive = node.min == 0 || productive_[node.a];
      break;
    case Kind::kSequence:
      nullable = productive = true;
      for (const Expr part : grammar_.children(node)) {
        nullable = nullable && nullable_[part.id];
        productive = productive && productive_[part.id];
      }
      break;
    case Kind::kChoice:
      for (const Expr part : grammar_.children(node)) {
        nullable = nullable || nullable_[part.id];
        productive = productive || productive_[part.id];
      }
      break;
  }
  const bool changed = nullable != nullable_[expr.id] || productive != productive_[expr.id];
  nullable_[expr.id] = nullable;
  productive_[expr.id] = productive;
  return changed;
}

int32_t NetworkBuilder::Build() {
  CheckRules();
  FindEmptyAndProductive();
  automaton_of_rule_.assign(grammar_.rules().size(), -1);
  const int32_t first = AddAutomaton(grammar_.start());
  while (!pending_.empty()) {
    const Pending next = pending_.back();
    pending_.pop_back();
    Add(next.body, automata_[next.automaton].start, automata_[next.automaton].end, 0);
  }
  return first;
}

int32_t NetworkBuilder::NewState() {
  budget_.Spend(1);
  states_.emplace_back();
  return static_cast<int32_t>(states_.size()) - 1;
}

void NetworkBuilder::AddEdge(int32_t from, const Edge& edge) {
  budget_.Spend(1);
  states_[from].push_back(edge);
}

int32_t NetworkBuilder::AddAutomaton(Expr body) {
  const auto id = static_cast<int32_t>(automata_.size());
  const int32_t start = NewState(), end = NewState();
  automata_.push_back({start, end, nullable_[body.id] != 0});
  pending_.push_back({id, body});
  return id;
}

int32_t NetworkBuilder::AutomatonOf(int32_t rule) {
  if (automaton_of_rule_[rule] < 0) {
    automaton_of_rule_[rule] = AddAutomaton(grammar_.rules()[rule].body);
  }
  return automaton_of_rule_[rule];
}

void NetworkBuilder::AddCall(int32_t automaton, int32_t from, int32_t to) {
  AddEdge(from, {EdgeKind::kCall, automaton, to});
  if (automata_[automaton].nullable) AddEdge(from, {EdgeKind::kEmpty, 0, to});
}

void NetworkBuilder::Add(Expr expr, int32_t from, int32_t to, int depth) {
  CheckDepth(depth);
  if (!productive_[expr.id]) return;
  const Grammar::Node& node = grammar_.node(expr);
  switch (node.kind) {
    case Kind::kEmpty:
      AddEdge(from, {EdgeKind::kEmpty, 0, to});
      break;
    case Kind::kTerminal:
      AddEdge(from, {EdgeKind::kTerminal, dfa_.State({node.a}), to});
      if (nullable_[expr.id]) AddEdge(from, {EdgeKind::kEmpty, 0, to});
      break;
    case Kind::kRef:
      AddCall(AutomatonOf(node.a), from, to);
      break;
    case Kind::kSequence: {
      const auto parts = grammar_.children(node);
      for (size_t i = 0; i < parts.size(); ++i) {
        const int32_t next = i + 1 == parts.size() ? to : NewState();
        Add(parts[i], from, next, depth + 1);
        from = next;
      }
      break;
    }
    case Kind::kChoice:
      for (const Expr part : grammar_.children(node)) Add(part, from, to, depth + 1);
      break;
    case Kind::kRepeat:
      AddRepeat(node, from, to, depth);
      break;
  }
}

// Once written out where one copy is enough; else calls of an automaton of its own.
void NetworkBuilder::AddRepeat(const Grammar::Node& node, int32_t from, int32_t to, int depth) {
  const Expr body{node.a};
  if (!productive_[body.id]) return AddEdge(from, {EdgeKind::kEmpty, 0, to});
  const bool loops = node.max == kUnbounded;
  if (loops && node.min <= 1) {
    const int32_t before = NewState(), behind = NewState();
    AddEdge(from, {EdgeKind::kEmpty, 0, before});
    Add(body, before, behind, depth + 1);
    AddEdge(behind, {EdgeKind::kEmpty, 0, before});
    AddEdge(behind, {EdgeKind::kEmpty, 0, to});
    if (node.min == 0) AddEdge(from, {EdgeKind::kEmpty, 0, to});
    return;
  }
  if (node.max == 1) {
    AddEdge(from, {EdgeKind::kEmpty, 0, to});
    return Add(body, from, to, depth + 1);
  }
  const Kind kind = grammar_.node(body).kind;
  const bool simple = kind == Kind::kTerminal || kind == Kind::kRef;
  const int32_t automaton = simple ? -1 : AddAutomaton(body);
  const auto add_body = [&](int32_t source, int32_t target) {
    if (simple) return Add(body, source, target, depth + 1);
    AddCall(automaton, source, target);
  };
  const int n = loops ? node.min : node.max;
  for (int i = 0; i < n; ++i) {
    if (i >= node.min) AddEdge(from, {EdgeKind::kEmpty, 0, to});
    const int32_t next = i + 1 == n && !loops ? to : NewState();
    add_body(from, next);
    from = next;
  }
  if (!loops) return;
  add_body(from, from);
  AddEdge(from, {EdgeKind::kEmpty, 0, to});
}

std::vector<int32_t> NetworkBuilder::EmptyClosure(int32_t state) const {
  std::vector<int32_t> closure = {state};
  std::vector<int32_t> seen = {state};
  for (size_t i = 0; i < closure.size(); ++i) {
    for (const Edge& edge : states_[closure[i]]) {
      if (edge.kind != EdgeKind::kEmpty) continue;
      const auto place = std::lower_bound(seen.begin(), seen.end(), edge.target);
      if (place != seen.end() && *place == edge.target) continue;
      seen.insert(place, edge.target);
      closure.push_back(edge.target);
    }
    budget_.Spend(1 + static_cast<int64_t>(states_[closure[i]].size()));
  }
  return closure;
}

// Groups of automata that can call each other, or themselves, before anything is read (strongly
// connected components, Tarjan 1972, without recursion).
std::vector<std::vector<int32_t>> NetworkBuilder::LeftRecursiveGroups() const {
  const size_t n = automata_.size();
  std::vector<std::vector<int32_t>> calls(n);
  for (size_t i = 0; i < n; ++i) {
    for (const int32_t state : EmptyClosure(automata_[i].start)) {
      for (const Edge& edge : states_[state]) {
        if (edge.kind == EdgeKind::kCall) calls[i].push_back(edge.label);
      }
    }
  }
  std::vector<std::vector<int32_t>> groups;
  std::vector<int32_t> order(n, -1), low(n, 0), stack;
  std::vector<uint8_t> on_stack(n, 0);
  std::vector<std::pair<int32_t, size_t>> path;
  int32_t next_order = 0;
  const auto enter = [&](int32_t node) {
    order[node] = low[node] = next_order++;
    stack.push_back(node);
    on_stack[node] = 1;
    path.emplace_back(node, 0);
  };
  for (size_t root = 0; root < n; ++root) {
    if (order[root] >= 0) continue;
    enter(static_cast<int32_t>(root));
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next < calls[node].size()) {
        const int32_t called = calls[node][next++];
        if (order[called] < 0) {
          enter(called);
        } else if (on_stack[called]) {
          low[node] = std::min(low[node], order[called]);
        }
        continue;
      }
      const int32_t done = node;
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
      if (low[done] != order[done]) continue;
      std::vector<int32_t> group;
      do {
        group.push_back(stack.back());
        on_stack[stack.back()] = 0;
        stack.pop_back();
      } while (group.back() != done);
      const bool loops =
          std::find(calls[done].begin(), calls[done].end(), done) != calls[done].end();
      if (group.size() > 1 || loops) groups.push_back(std::move(group));
    }
  }
  return groups;
}

void NetworkBuilder::RemoveLeftRecursion() {
  for (const std::vector<int32_t>& group : LeftRecursiveGroups()) {
    std::vector<uint8_t> in_group(automata_.size(), 0);
    for (const int32_t member : group) in_group[member] = 1;
    std::vector<Automaton> turned;
    for (const int32_t root : group) turned.push_back(TurnAround(root, group, in_group));
    for (size_t i = 0; i < group.size(); ++i) automata_[group[i]] = turned[i];
  }
}

// An automaton for `root` that begins with what the group's members begin with other than each
// other, and goes on, whenever a member is complete, with what may follow it on the left edge.
NetworkBuilder::Automaton NetworkBuilder::TurnAround(int32_t root,
                                                     const std::vector<int32_t>& group,
                                                     const std::vector<uint8_t>& in_group) {
  Automaton result;
  result.start = NewState();
  result.end = NewState();
  result.nullable = automata_[root].nullable;
  std::unordered_map<int32_t, int32_t> copies;
  std::vector<int32_t> open;
  const auto copy_of = [&](int32_t state) {
    const auto [found, is_new] = copies.try_emplace(state, -1);
    if (is_new) {
      found->second = NewState();
      open.push_back(state);
    }
    return found->second;
  };
  std::unordered_map<int32_t, int32_t> complete;  // by end state of the member
  for (const int32_t member : group) complete[automata_[member].end] = NewState();
  for (const int32_t member : group) {
    for (const int32_t state : EmptyClosure(automata_[member].start)) {
      const std::vector<Edge> edges = states_[state];
      for (const Edge& edge : edges) {
        if (edge.kind == EdgeKind::kEmpty) continue;
        const int32_t target = copy_of(edge.target);
        if (edge.kind == EdgeKind::kCall && in_group[edge.label]) {
          AddEdge(complete[automata_[edge.label].end], {EdgeKind::kEmpty, 0, target});
        } else {
          AddEdge(result.start, {edge.kind, edge.label, target});
        }
      }
    }
  }
  while (!open.empty()) {
    const int32_t state = open.back();
    open.pop_back();
    const int32_t copy = copies.at(state);
    if (const auto end = complete.find(state); end != complete.end()) {
      AddEdge(copy, {EdgeKind::kEmpty, 0, end->second});
    }
    const std::vector<Edge> edges = states_[state];
    for (Edge edge : edges) {
      edge.target = copy_of(edge.target);
      AddEdge(copy, edge);
    }
  }
  AddEdge(complete.at(automata_[root].end), {EdgeKind::kEmpty, 0, result.end});
  return result;
}

}  // namespace pioneer::grammar
