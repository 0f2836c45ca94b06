#include "search/rank/query_terms.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "search/index/analyzer.h"

namespace pioneer::search {
namespace {

// A word counts about as much as any other, whether it is found whole or by its pairs.
constexpr double kWholeShare = 0.5;   // of a word that has pairs, too
constexpr double kJoinedShare = 0.5;  // of the whole beside its parts, which are words themselves
constexpr double kPairExponent = 0.5;

void AddWord(std::span<const Term> word, std::string_view question, std::vector<QueryTerm>& out) {
  const auto count = [&](TermKind kind) {
    return std::count_if(word.begin(), word.end(), [&](const Term& t) { return t.kind == kind; });
  };
  const auto n_pairs = static_cast<double>(count(TermKind::kPair));
  const bool has_whole = count(TermKind::kWord) > 0, has_parts = count(TermKind::kPart) > 0;
  for (const Term& term : word) {
    double weight = 1;
    if (term.kind == TermKind::kFunction || term.kind == TermKind::kSingle) continue;
    if (term.kind == TermKind::kWord)
      weight = n_pairs > 0 ? kWholeShare : has_parts ? kJoinedShare : 1;
    if (term.kind == TermKind::kPair) {
      weight = (has_whole ? 1 - kWholeShare : 1) / std::pow(n_pairs, has_whole ? 1 : kPairExponent);
    }
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const QueryTerm& t) { return t.text == term.text; });
    if (same != out.end()) {
      same->weight = std::max(same->weight, weight);
      continue;
    }
    const bool is_anchor =
        has_whole ? term.kind == TermKind::kPart || (term.kind == TermKind::kWord && !has_parts)
                  : true;
    out.push_back({term.text, std::string(question.substr(term.begin, term.end - term.begin)),
                   weight, term.position, term.word, is_anchor});
  }
}

}  // namespace

std::vector<QueryTerm> FindQueryTerms(std::string_view question) {
  const std::vector<Term> terms = Analyze(question);
  std::vector<QueryTerm> out;
  for (size_t begin = 0; begin < terms.size();) {
    size_t end = begin;
    while (end < terms.size() && terms[end].word == terms[begin].word) ++end;
    AddWord(std::span(terms).subspan(begin, end - begin), question, out);
    begin = end;
  }
  return out;
}

}  // namespace pioneer::search
