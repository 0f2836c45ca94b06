#include "text/grammar/constraint.h"

#include <algorithm>
#include <utility>

#include "text/grammar/automaton.h"

namespace pioneer::grammar {
namespace {

// The tokens of a text that stands inside another one: SentencePiece puts no space in front.
std::vector<int32_t> EncodeInside(const Tokenizer& tokenizer, const std::string& text) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.kind == VocabularyKind::kByteLevelBpe) return tokenizer.Encode(text, {});
  static constexpr std::string_view kBefore = "\n";
  const std::vector<int32_t> before = tokenizer.Encode(kBefore, {});
  const std::vector<int32_t> all = tokenizer.Encode(std::string(kBefore) + text, {});
  if (all.size() < before.size() || !std::equal(before.begin(), before.end(), all.begin()))
    return {};
  return {all.begin() + static_cast<ptrdiff_t>(before.size()), all.end()};
}

}  // namespace

std::shared_ptr<const Constraint> Constraint::Compile(Grammar grammar,
                                                      std::shared_ptr<const TokenTrie> trie,
                                                      const ConstraintLimits& limits) {
  auto made = std::make_shared<Constraint>(Key{});
  made->trie_ = std::move(trie);
  made->automaton_ = std::make_unique<Automaton>(std::move(grammar), *made->trie_, limits);
  return made;
}

Constraint::Constraint(Key) {}
Constraint::~Constraint() = default;

ConstraintState::ConstraintState(std::shared_ptr<const Constraint> constraint)
    : constraint_(std::move(constraint)), place_(automaton().AddPlace()) {}

ConstraintState::ConstraintState(const ConstraintState& other)
    : constraint_(other.constraint_), place_(automaton().CopyPlace(other.place_)) {}

ConstraintState::ConstraintState(ConstraintState&& other) noexcept
    : constraint_(std::move(other.constraint_)), place_(other.place_) {}

ConstraintState& ConstraintState::operator=(ConstraintState other) noexcept {
  std::swap(constraint_, other.constraint_);
  std::swap(place_, other.place_);
  return *this;
}

ConstraintState::~ConstraintState() {
  if (constraint_ != nullptr) automaton().RemovePlace(place_);
}

Automaton& ConstraintState::automaton() const { return *constraint_->automaton_; }

void ConstraintState::ComputeMask(TokenMask& mask) const { automaton().ComputeMask(place_, mask); }

bool ConstraintState::Accept(int32_t token) {
  const TokenTrie& trie = constraint_->trie();
  if (token < 0 || token >= trie.n_tokens()) return false;
  if (trie.is_end_token(token)) return automaton().End(place_);
  const std::string_view bytes = trie.bytes(token);
  return !bytes.empty() && automaton().Accept(place_, bytes);
}

bool ConstraintState::AcceptBytes(std::string_view bytes) {
  return automaton().Accept(place_, bytes);
}

bool ConstraintState::CanEnd() const { return automaton().CanEnd(place_); }

bool ConstraintState::MustEnd() const { return automaton().MustEnd(place_); }

std::string ConstraintState::ForcedBytes(int max_bytes) const {
  return automaton().ForcedBytes(place_, max_bytes);
}

std::vector<int32_t> ConstraintState::ForcedTokens(const Tokenizer& tokenizer) const {
  const std::string forced = ForcedBytes();
  if (forced.empty() || forced.find(static_cast<char>(kSpecialTokenByte)) != std::string::npos) {
    return {};
  }
  const std::vector<int32_t> tokens = EncodeInside(tokenizer, forced);
  // A token may bridge the end of the forced text and what follows: from the first place where one
  // could begin, the choice is the model's.
  std::vector<int32_t> kept;
  ConstraintState state(*this);
  size_t at = 0;
  for (const int32_t token : tokens) {
    const std::string_view bytes = constraint_->trie().bytes(token);
    const std::string_view rest = std::string_view(forced).substr(at);
    if (!rest.starts_with(bytes) || state.automaton().MayGoBeyond(state.place_, rest)) break;
    if (!state.Accept(token)) break;
    kept.push_back(token);
    at += bytes.size();
  }
  return kept;
}

}  // namespace pioneer::grammar
