#include "search/answer/alignment.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>
#include <span>

namespace pioneer::search::answer {
namespace {

using Kind = Mismatch::Kind;

constexpr int kScrambledTurns = 2;  // back in the passage, as the claim is read
constexpr int kSeveral = 2;

bool Found(const AlignedWord& word) { return word.source >= 0 || word.in_context; }

// The nearest same word behind the last one found, else the nearest before it; exact ones first.
int FindSame(const Word& word, const std::vector<Word>& source, const std::vector<bool>& taken,
             int last) {
  int best = -1, best_cost = 1 << 30;
  for (int i = 0; i < std::ssize(source); ++i) {
    const Word& candidate = source[static_cast<size_t>(i)];
    if (!SaysSomething(candidate) || !SameWord(word, candidate)) continue;
    const int distance = i > last ? i - last : 2 * (last - i) + 2;
    const int cost =
        distance + (word.key == candidate.key ? 0 : 50) + (taken[static_cast<size_t>(i)] ? 100 : 0);
    if (cost < best_cost) {
      best_cost = cost;
      best = i;
    }
  }
  return best;
}

// A Japanese compound may be cut in two elsewhere: its parts' letters within the source's run.
bool WithinNeighbours(const Word& word, const std::vector<Word>& source) {
  if (word.script != WordScript::kJapanese || word.key.size() < 6) return false;
  std::string joined;
  size_t last_end = 0;
  for (const Word& part : source) {
    if (part.begin != last_end) joined += ' ';
    joined += part.text;
    last_end = part.end;
  }
  return joined.find(word.key) != std::string::npos;
}

Mismatch FindMissing(const Alignment& a) {
  for (const bool numbers : {true, false}) {
    for (size_t i = 0; i < a.claim.size(); ++i) {
      const Word& word = a.claim[i];
      if (Found(a.words[i])) continue;
      if (numbers && word.kind == WordKind::kNumber) return {Kind::kNumber, word.text};
      if (!numbers && word.kind == WordKind::kName) return {Kind::kName, word.text};
    }
  }
  return {};
}

Mismatch FindNegation(const Alignment& a) {
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (a.words[i].source < 0) {
      // "is not allowed" where the passage has nothing of it denied.
      if (a.claim[i].negated && !a.words[i].in_context) return {Kind::kNegation, a.claim[i].text};
      continue;
    }
    const Word& source = a.source[static_cast<size_t>(a.words[i].source)];
    if (a.claim[i].negated != source.negated) return {Kind::kNegation, a.claim[i].text};
  }
  return {};
}

Mismatch FindOpposite(const Alignment& a) {
  for (size_t i = 0; i < a.claim.size(); ++i) {
    const Word& word = a.claim[i];
    if (!SaysSomething(word) || a.words[i].source >= 0) continue;
    const bool opposite = std::any_of(a.source.begin(), a.source.end(), [&](const Word& other) {
      return SaysSomething(other) && OppositeWords(word, other);
    });
    if (opposite) return {Kind::kOpposite, word.text};
  }
  return {};
}

bool IsPassive(std::span<const Word> words) {
  return std::any_of(words.begin(), words.end(),
                     [](const Word& word) { return word.text == "by"; });
}

std::vector<size_t> FoundInSource(const Alignment& a) {
  std::vector<size_t> found;
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (a.words[i].source >= 0 && SaysSomething(a.claim[i])) found.push_back(i);
  }
  return found;
}

// "A bought B" against "B bought A": three words of which the outer ones stand the other way round.
Mismatch FindReversal(const Alignment& a) {
  if (IsPassive(a.claim) != IsPassive(a.source)) return {};
  const std::vector<size_t> found = FoundInSource(a);
  const auto at = [&](size_t i) { return a.words[found[i]].source; };
  for (size_t i = 0; i + 2 < found.size(); ++i) {
    if (a.claim[found[i]].script != WordScript::kLatin) continue;
    for (size_t j = i + 1; j + 1 < found.size(); ++j) {
      if (a.claim[found[j]].kind == WordKind::kName || a.claim[found[j]].kind == WordKind::kNumber)
        continue;
      for (size_t k = j + 1; k < found.size(); ++k) {
        const bool reversed = at(i) > at(j) && at(j) > at(k);
        const bool numbers = a.claim[found[i]].kind == WordKind::kNumber ||
                             a.claim[found[k]].kind == WordKind::kNumber;
        if (reversed && !numbers) return {Kind::kExchanged, a.claim[found[i]].text};
      }
    }
  }
  return {};
}

bool IsTopicOrSubject(WordRole role) {
  return role == WordRole::kTopic || role == WordRole::kSubject;
}

// What is the subject here may be the topic there, unless there are both.
bool SameRole(WordRole a, WordRole b, bool both) {
  return a == b || (!both && IsTopicOrSubject(a) && IsTopicOrSubject(b));
}

// Korean and Japanese: two nouns have each other's particles.
Mismatch FindExchangedRoles(const Alignment& a) {
  const std::vector<size_t> found = FoundInSource(a);
  const auto source = [&](size_t i) -> const Word& {
    return a.source[static_cast<size_t>(a.words[i].source)];
  };
  for (const size_t i : found) {
    for (const size_t j : found) {
      const WordRole role_i = a.claim[i].role, role_j = a.claim[j].role;
      if (i >= j || role_i == role_j || role_i == WordRole::kNone || role_j == WordRole::kNone) {
        continue;
      }
      if (a.words[i].source == a.words[j].source) continue;
      const bool both = IsTopicOrSubject(role_i) && IsTopicOrSubject(role_j);
      const bool exchanged =
          SameRole(source(i).role, role_j, both) && SameRole(source(j).role, role_i, both);
      if (exchanged) return {Kind::kExchanged, a.claim[i].text};
    }
  }
  return {};
}

// Korean and Japanese: between the claim's topic and what is said of it stands another topic, which
// it is said of.
Mismatch FindOtherTopic(const Alignment& a) {
  const std::vector<size_t> found = FoundInSource(a);
  for (size_t n = 0; n + 1 < found.size(); ++n) {
    const size_t i = found[n];
    if (!IsTopicOrSubject(a.claim[i].role)) continue;
    for (int at = a.words[i].source + 1; at < a.words[found[n + 1]].source; ++at) {
      const Word& between = a.source[static_cast<size_t>(at)];
      if (SaysSomething(between) && between.role == WordRole::kTopic) {
        return {Kind::kExchanged, a.claim[i].text};
      }
    }
  }
  return {};
}

// English: what the claim is about is only what the passage compares with, or its doer: "The Orva
// carries more" against "is shorter than the Orva but carries more".
Mismatch FindForeignSubject(const Alignment& a) {
  static constexpr std::string_view kBefore[] = {"than", "by", "with", "from", "to", "unlike"};
  const std::vector<size_t> found = FoundInSource(a);
  if (found.empty() || a.claim[found[0]].script != WordScript::kLatin) return {};
  if (IsPassive(a.claim) != IsPassive(a.source)) return {};
  const auto preposition = [&](const std::vector<Word>& words, size_t at) {
    while (at > 0 && !SaysSomething(words[at - 1])) {
      --at;
      if (std::find(std::begin(kBefore), std::end(kBefore), words[at].text) != std::end(kBefore)) {
        return true;
      }
    }
    return false;
  };
  const bool foreign = preposition(a.source, static_cast<size_t>(a.words[found[0]].source)) &&
                       !preposition(a.claim, found[0]);
  return foreign ? Mismatch{Kind::kExchanged, a.claim[found[0]].text} : Mismatch{};
}

// "The water is free" against "the water has a price, the tea is free": the opposite of what is
// claimed stands nearer.
Mismatch FindNearerOpposite(const Alignment& a) {
  const std::vector<size_t> found = FoundInSource(a);
  for (size_t n = 1; n < found.size(); ++n) {
    const int from = a.words[found[n - 1]].source, to = a.words[found[n]].source;
    for (int at = from + 1; at < to; ++at) {
      if (OppositeWords(a.claim[found[n]], a.source[static_cast<size_t>(at)])) {
        return {Kind::kOpposite, a.claim[found[n]].text};
      }
    }
  }
  return {};
}

// A word stands where the passage has another one, or is added at the end; of Korean and Japanese
// nouns every one must be there.
Mismatch FindReplaced(const Alignment& a) {
  std::vector<size_t> telling;
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (SaysSomething(a.claim[i])) telling.push_back(i);
  }
  for (size_t n = 0; n < telling.size(); ++n) {
    const Word& word = a.claim[telling[n]];
    if (Found(a.words[telling[n]])) continue;
    if (word.script != WordScript::kLatin && !word.predicate) return {Kind::kWords, word.text};
    if (n + 1 == telling.size() && word.script == WordScript::kLatin)
      return {Kind::kWords, word.text};
    if (n == 0 || n + 1 == telling.size()) continue;
    const int before = a.words[telling[n - 1]].source, after = a.words[telling[n + 1]].source;
    if (before < 0 || after <= before + 1) continue;
    const bool other =
        std::any_of(a.source.begin() + before + 1, a.source.begin() + after, SaysSomething);
    if (other) return {Kind::kWords, word.text};
  }
  return {};
}

bool IsMatched(const Alignment& a, int source) {
  return std::any_of(a.words.begin(), a.words.end(),
                     [&](const AlignedWord& word) { return word.source == source; });
}

// Between two neighbours the passage has another word, which the claim has nowhere; the claim's
// word stands elsewhere: "for times small compared with" against "for times large compared with ...
// these are small".
Mismatch FindSubstituted(const Alignment& a) {
  const std::vector<size_t> found = FoundInSource(a);
  const auto at = [&](size_t n) { return a.words[found[n]].source; };
  for (size_t n = 1; n + 1 < found.size(); ++n) {
    const int before = at(n - 1), after = at(n + 1);
    if (before >= after || (at(n) > before && at(n) < after)) continue;
    std::vector<int> between;
    for (int i = before + 1; i < after; ++i) {
      if (SaysSomething(a.source[static_cast<size_t>(i)])) between.push_back(i);
    }
    if (between.size() == 1 && !IsMatched(a, between[0]))
      return {Kind::kWords, a.claim[found[n]].text};
  }
  return {};
}

// From the first to the last word of the source that the claim has.
std::span<const Word> FoundPart(const Alignment& a) {
  int first = INT_MAX, last = -1;
  for (const AlignedWord& word : a.words) {
    if (word.source < 0) continue;
    first = std::min(first, word.source);
    last = std::max(last, word.source);
  }
  if (last < 0) return {};
  return std::span(a.source).subspan(static_cast<size_t>(first),
                                     static_cast<size_t>(last - first + 1));
}

// What is moved once goes on in the passage's order; words that are taken from here and there say
// something else: "qualitatively fair and quantitatively good" against "qualitatively good and
// quantitatively fair".
Mismatch FindScrambled(const Alignment& a) {
  if (IsPassive(a.claim) != IsPassive(FoundPart(a))) return {};
  const std::vector<size_t> found = FoundInSource(a);
  int turns = 0;
  for (size_t n = 1; n < found.size(); ++n) {
    if (a.words[found[n]].source >= a.words[found[n - 1]].source) continue;
    if (++turns == kScrambledTurns) return {Kind::kWords, a.claim[found[n]].text};
  }
  return {};
}

// One word may be a synonym that nobody listed; several are something else.
Mismatch FindSeveralMissing(const Alignment& a) {
  int missing = 0;
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (!SaysSomething(a.claim[i]) || Found(a.words[i])) continue;
    if (++missing == kSeveral) return {Kind::kWords, a.claim[i].text};
  }
  return {};
}

// The word that a number counts, or that stands at once before it where nothing follows.
std::optional<size_t> Counted(const std::vector<Word>& words, size_t number) {
  if (number + 1 < words.size() && words[number + 1].kind == WordKind::kContent) return number + 1;
  return std::nullopt;
}

// "30 hours" against "30 days ... 12 hours".
Mismatch FindOtherUnit(const Alignment& a) {
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (a.claim[i].kind != WordKind::kNumber || a.words[i].source < 0) continue;
    const auto counted = Counted(a.claim, i);
    const auto there = Counted(a.source, static_cast<size_t>(a.words[i].source));
    if (!counted || !there || SameWord(a.claim[*counted], a.source[*there])) continue;
    const int elsewhere = a.words[*counted].source;
    if (elsewhere > 0 && a.source[static_cast<size_t>(elsewhere) - 1].kind == WordKind::kNumber) {
      return {Kind::kExchanged, a.claim[i].text};
    }
  }
  return {};
}

// Two numbers that are both there, but in the other order: "from 5 to 10", "10 to 5".
Mismatch FindExchangedNumbers(const Alignment& a) {
  int last = -1;
  size_t last_claim = 0;
  for (size_t i = 0; i < a.claim.size(); ++i) {
    if (a.claim[i].kind != WordKind::kNumber || a.words[i].source < 0) continue;
    const int at = a.words[i].source;
    const bool same_kind = last >= 0 && a.claim[i].unit == a.claim[last_claim].unit;
    if (same_kind && at < last && a.claim[i].key != a.claim[last_claim].key) {
      return {Kind::kExchanged, a.claim[i].text};
    }
    last = at;
    last_claim = i;
  }
  return {};
}

}  // namespace

Alignment Align(const std::vector<Word>& claim, const std::vector<Word>& source,
                const std::vector<Word>& context) {
  Alignment alignment{claim, source, std::vector<AlignedWord>(claim.size())};
  std::vector<bool> taken(source.size(), false);
  int last = -1;
  for (size_t i = 0; i < claim.size(); ++i) {
    if (!SaysSomething(claim[i])) continue;
    AlignedWord& aligned = alignment.words[i];
    aligned.source = FindSame(claim[i], source, taken, last);
    // A number that is claimed twice must be there twice.
    const bool twice = claim[i].kind == WordKind::kNumber && aligned.source >= 0 &&
                       taken[static_cast<size_t>(aligned.source)];
    if (twice) aligned.source = -1;
    if (aligned.source >= 0) {
      taken[static_cast<size_t>(aligned.source)] = true;
      last = aligned.source;
      continue;
    }
    const bool known = std::any_of(context.begin(), context.end(), [&](const Word& word) {
      return SaysSomething(word) && word.kind != WordKind::kNumber && SameWord(claim[i], word);
    });
    aligned.in_context = known || WithinNeighbours(claim[i], source);
  }
  return alignment;
}

double WordWeight(const Word& word) {
  switch (word.kind) {
    case WordKind::kFunction:
      return 0;
    case WordKind::kNumber:
      return 2;
    case WordKind::kName:
      return 1.5;
    case WordKind::kContent:
      return 1;
  }
  return 1;
}

double Covered(const Alignment& a) {
  double found = 0, all = 0;
  for (size_t i = 0; i < a.claim.size(); ++i) {
    const double weight = WordWeight(a.claim[i]);
    all += weight;
    if (Found(a.words[i])) found += weight;
  }
  return all == 0 ? 0 : found / all;
}

Mismatch FindMismatch(const Alignment& alignment) {
  using Rule = Mismatch (*)(const Alignment&);
  static constexpr Rule kRules[] = {FindMissing,        FindOpposite,       FindNegation,
                                    FindReversal,       FindExchangedRoles, FindOtherTopic,
                                    FindForeignSubject, FindOtherUnit,      FindExchangedNumbers,
                                    FindNearerOpposite, FindSubstituted,    FindScrambled,
                                    FindSeveralMissing, FindReplaced};
  for (const Rule rule : kRules) {
    Mismatch mismatch = rule(alignment);
    if (mismatch.kind != Kind::kNone) return mismatch;
  }
  return {};
}

}  // namespace pioneer::search::answer
