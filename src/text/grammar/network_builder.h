// Why: the steps by which network.h's form is made from a grammar.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "text/grammar/network.h"
#include "text/grammar/regex_dfa.h"

namespace pioneer::grammar {

// States and edges while they are made. A kCall edge's label is an automaton until Finish.
class NetworkBuilder {
 public:
  using Edge = Network::Edge;
  using EdgeKind = Network::EdgeKind;

  // One rule, or the body of a repetition. Its end state is where it accepts.
  struct Automaton {
    int32_t start = 0, end = 0;
    bool nullable = false;
  };

  NetworkBuilder(const Grammar& grammar, RegexDfa& dfa, WorkBudget& budget)
      : grammar_(grammar), dfa_(dfa), budget_(budget) {}

  // Makes all automata; returns that of the start expression.
  int32_t Build();
  // Turns left recursion around, see network.h.
  void RemoveLeftRecursion();

  const std::vector<Automaton>& automata() const { return automata_; }
  const std::vector<std::vector<Edge>>& states() const { return states_; }

 private:
  struct Pending {
    int32_t automaton;
    Expr body;
  };

  void CheckRules() const;
  void FindEmptyAndProductive();
  bool UpdateFacts(Expr expr);
  int32_t AutomatonOf(int32_t rule);
  int32_t AddAutomaton(Expr body);
  void Add(Expr expr, int32_t from, int32_t to, int depth);
  void AddRepeat(const Grammar::Node& node, int32_t from, int32_t to, int depth);
  void AddCall(int32_t automaton, int32_t from, int32_t to);
  int32_t NewState();
  void AddEdge(int32_t from, const Edge& edge);
  std::vector<int32_t> EmptyClosure(int32_t state) const;
  std::vector<std::vector<int32_t>> LeftRecursiveGroups() const;
  Automaton TurnAround(int32_t root, const std::vector<int32_t>& group,
                       const std::vector<uint8_t>& in_group);

  const Grammar& grammar_;
  RegexDfa& dfa_;
  WorkBudget& budget_;
  std::vector<uint8_t> nullable_, productive_;  // of expressions
  std::vector<int32_t> automaton_of_rule_;
  std::vector<Automaton> automata_;
  std::vector<std::vector<Edge>> states_;
  std::vector<Pending> pending_;
};

}  // namespace pioneer::grammar
