#include "search/rank/folding.h"

#include <algorithm>
#include <unordered_map>

#include "search/rank/fusion.h"
#include "train/dedup_min_hash.h"
#include "train/dedup_words.h"

namespace pioneer::search {
namespace {

constexpr int kMostOfOneDocument = 3;

// Jaccard by MinHash is for long texts; of a few words a common shingle is no accident either.
MinHashSignature SignatureOf(const std::string& text) {
  return MinHash(ShingleHashes(FindWords(text), kShingleWords));
}

struct Kept {
  RankedPassage ranked;
  MinHashSignature signature;
  int folded = 0;
};

}  // namespace

std::vector<RankedPassage> FoldAndSpread(std::vector<RankedPassage> ranked, size_t limit) {
  std::vector<Kept> kept;
  std::vector<RankedPassage> crowded;
  std::unordered_map<int64_t, int> of_document;
  for (RankedPassage& passage : ranked) {
    if (kept.size() == limit) break;
    const MinHashSignature signature = SignatureOf(passage.passage.text);
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Kept& other) {
      return EstimateSimilarity(signature, other.signature) >= kNearDuplicateSimilarity;
    });
    if (same != kept.end()) {
      ++same->folded;
    } else if (++of_document[passage.passage.document_id] > kMostOfOneDocument) {
      crowded.push_back(std::move(passage));
    } else {
      kept.push_back({std::move(passage), signature, 0});
    }
  }
  std::vector<RankedPassage> out;
  for (Kept& passage : kept) {
    if (passage.folded > 0) {
      passage.ranked.reasons.push_back({"folded", static_cast<double>(passage.folded), 0,
                                        fmt::format("{} near-duplicates", passage.folded)});
    }
    out.push_back(std::move(passage.ranked));
  }
  for (RankedPassage& passage : crowded) {
    if (out.size() == limit) break;
    passage.score = std::min(passage.score, out.back().score);
    passage.reasons.push_back({"spread", 0, 0, "behind other documents"});
    out.push_back(std::move(passage));
  }
  return out;
}

}  // namespace pioneer::search
