#include "search/rank/meaning.h"

#include "base/error.h"
#include "base/log.h"

namespace pioneer::search {
namespace {

constexpr size_t kMostNearest = 100;  // of a question

}  // namespace

std::vector<std::vector<RankedPassage>> MeaningFinder::Find(
    SearchStore& store, const std::vector<std::string>& questions, const RetrievalFilter& filter,
    const CancelToken& cancel) {
  std::vector<std::vector<RankedPassage>> lists(questions.size());
  if (!index_.Refresh(store) || index_.size() == 0) return lists;
  std::vector<std::vector<float>> vectors;
  try {
    vectors = embedder_.Embed(questions, cancel);
  } catch (const Error& error) {
    cancel.Check();
    spdlog::warn("search: no vector of the question: {}", error.what());
    return lists;
  }
  const std::optional<std::vector<PassageRange>> allowed = store.FindPassages(filter);
  for (size_t i = 0; i < lists.size() && i < vectors.size(); ++i) {
    cancel.Check();
    lists[i] = Load(store, index_.Find(vectors[i], allowed ? &*allowed : nullptr, kMostNearest),
                    filter, cancel);
  }
  return lists;
}

std::vector<RankedPassage> MeaningFinder::Load(SearchStore& store,
                                               const std::vector<VectorHit>& hits,
                                               const RetrievalFilter& filter,
                                               const CancelToken& cancel) const {
  std::vector<int64_t> ids;
  for (const VectorHit& hit : hits) ids.push_back(hit.passage_id);
  std::vector<RankedPassage> found;
  auto hit = hits.begin();
  for (Passage& passage : store.LoadPassages(ids, filter)) {
    cancel.Check();
    while (hit->passage_id != passage.id) ++hit;  // that one vanished meanwhile
    RankedPassage ranked{std::move(passage), double{hit->cosine}, {}, 0};
    ranked.reasons.push_back(
        {"dense", double{hit->cosine}, static_cast<int>(found.size()) + 1,
         fmt::format("cosine {:.3f} by {}", hit->cosine, embedder_.info().name)});
    found.push_back(std::move(ranked));
  }
  return found;
}

}  // namespace pioneer::search
