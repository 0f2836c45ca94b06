// Why: the half of Runner that gives sequences their place in the KV pool, and lets them share what
// they begin with.
#include <algorithm>
#include <span>

#include "engine/runner.h"

namespace pioneer {
namespace {

// A recurrent state is kept now and then inside a prompt: not closer than this, and so seldom that
// states take at most a quarter of what the pages between them take.
constexpr int kLeastStateInterval = 512;
constexpr int64_t kPagesPerStatePage = 4;

int FullPages(int64_t n_tokens) {
  return static_cast<int>(n_tokens / kKvPageTokens * kKvPageTokens);
}

}  // namespace

bool Runner::SharesPages(const Sequence& sequence) const {
  return prefix_cache_ && sequence.shareable() > 0;
}

bool Runner::MustWait(int64_t id) {
  Sequence& sequence = *sequences_.at(id);
  if (!SharesPages(sequence)) return false;
  const auto awaited = sequences_.find(sequence.awaited);
  if (awaited != sequences_.end() && awaited->second->kv &&
      awaited->second->n_stored < sequence.awaited_tokens) {
    return true;
  }
  sequence.awaited = 0;
  sequence.awaited_tokens = 0;
  for (const auto& [other_id, other] : sequences_) {
    const int n_common = WillStore(*other, sequence);
    if (n_common <= sequence.awaited_tokens) continue;
    sequence.awaited = other_id;
    sequence.awaited_tokens = n_common;
  }
  if (sequence.awaited == 0) return false;
  const auto known = KvSequence::FindKnown(pool_, sequence.domain, sequence.tokens);
  if (known.n_tokens < sequence.awaited_tokens) return true;
  sequence.awaited = 0;
  return false;
}

// How much of what it is going to store the waiting one can share; 0 when that is nothing, or is
// stored already.
int Runner::WillStore(const Sequence& running, const Sequence& waiting) const {
  const bool in_prompt = running.kv && running.n_stored + 1 < std::ssize(running.tokens);
  if (!in_prompt || running.options.priority > waiting.options.priority ||
      running.domain != waiting.domain) {
    return 0;
  }
  const auto end = std::mismatch(running.tokens.begin(), running.tokens.end(),
                                 waiting.tokens.begin(),
                                 waiting.tokens.begin() + waiting.shareable());
  int n_common = FullPages(end.first - running.tokens.begin());
  if (model_.memory().state_floats > 0) {
    const auto cut = std::upper_bound(running.cuts.begin(), running.cuts.end(), n_common);
    n_common = cut == running.cuts.begin() ? 0 : *std::prev(cut);
  }
  return n_common > running.n_stored ? n_common : 0;
}

std::optional<KvSpace::Place> Runner::Enter(int64_t id, int64_t n_tokens) {
  Sequence& sequence = *sequences_.at(id);
  auto kv = std::make_unique<KvSequence>(pool_, sequence.domain);
  KvSequence::Known known;
  if (SharesPages(sequence)) {
    known = kv->Adopt(std::span<const int32_t>(sequence.tokens).first(sequence.shareable()));
  }
  if (!kv->Reserve(n_tokens)) return std::nullopt;
  sequence.kv = std::move(kv);
  sequence.n_stored = static_cast<int>(known.n_tokens);
  sequence.cuts = StateCuts(sequence, sequence.n_stored, static_cast<int>(known.n_matched));
  return Place{sequence.n_stored, sequence.cuts};
}

// Where the state of a recurrent model is kept while its prompt is run: at its end, for those that
// go on from it; where it leaves a known text, since others may leave it there, too; and at
// intervals.
std::vector<int> Runner::StateCuts(const Sequence& sequence, int n_done, int n_matched) const {
  const MemoryPlan& memory = model_.memory();
  if (!prefix_cache_ || memory.state_floats == 0) return {};
  const int last = FullPages(std::ssize(sequence.tokens) - 1);
  const auto interval = static_cast<int>(std::max<int64_t>(
      kLeastStateInterval, memory.StatePages() * kPagesPerStatePage * kKvPageTokens));
  std::vector<int> cuts;
  for (int cut = n_done / interval * interval + interval; cut < last; cut += interval) {
    cuts.push_back(cut);
  }
  if (n_matched > n_done) cuts.push_back(n_matched);
  if (last > n_done) cuts.push_back(last);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

// After a step: what is full can be found by others, from now on.
void Runner::StorePages(Sequence& sequence, int n_stored) {
  sequence.n_stored = n_stored;
  if (!prefix_cache_) return;
  sequence.kv->Publish(std::span<const int32_t>(sequence.tokens).first(n_stored));
  if (n_stored % kKvPageTokens != 0) return;
  const bool cut = std::binary_search(sequence.cuts.begin(), sequence.cuts.end(), n_stored);
  if (cut || n_stored > sequence.n_prompt) sequence.kv->KeepState(!cut);
}

bool Runner::Reserve(int64_t id, int64_t n_tokens) {
  return sequences_.at(id)->kv->Reserve(n_tokens);
}

void Runner::Release(int64_t id) { sequences_.at(id)->kv.reset(); }

}  // namespace pioneer
