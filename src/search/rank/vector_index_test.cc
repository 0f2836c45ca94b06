#include "search/rank/vector_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace pioneer::search {
namespace {

constexpr int kDimensions = 24;
constexpr size_t kFew = 100;  // are compared one by one

// Only what an index reads.
class VectorsInMemory : public SearchStore {
 public:
  VectorsState Vectors() override {
    VectorsState state{"e", std::ssize(vectors), std::ssize(vectors), 0, removals, 0};
    if (!vectors.empty()) state.last_passage_id = vectors.rbegin()->first;
    return state;
  }
  std::vector<PassageVector> LoadVectors(int64_t behind_id, size_t limit) override {
    std::vector<PassageVector> loaded;
    for (auto it = vectors.upper_bound(behind_id); it != vectors.end() && loaded.size() < limit;
         ++it) {
      const std::vector<int8_t> bytes = ToByteVector(it->second);
      loaded.push_back(
          {it->first, std::string(reinterpret_cast<const char*>(bytes.data()), it->second.size())});
    }
    return loaded;
  }
  std::vector<int64_t> VectorIds() override {
    std::vector<int64_t> ids;
    for (const auto& [id, vector] : vectors) ids.push_back(id);
    return ids;
  }
  void Remove(int64_t id) { removals += static_cast<int64_t>(vectors.erase(id)); }

  std::map<int64_t, std::vector<float>> vectors;
  int64_t removals = 0;

  void AddSource(const Source&) override {}
  std::vector<Source> Sources() override { return {}; }
  std::optional<Source> FindSource(std::string_view) override { return {}; }
  void AddJob(const Job&) override {}
  void SaveJob(const Job&) override {}
  std::optional<Job> FindJob(std::string_view) override { return {}; }
  std::optional<Job> NextWaitingJob() override { return {}; }
  std::vector<ItemFailure> Failures(std::string_view, int) override { return {}; }
  void RequeueJobs() override {}
  std::optional<std::string> KnownStamp(std::string_view, std::string_view) override { return {}; }
  void Apply(Job&, const Batch&) override {}
  bool RemoveUnseen(Job&) override { return false; }
  void FinishJob(const Job&) override {}
  bool MarkRemoved(std::string_view) override { return false; }
  bool Sweep() override { return false; }
  IndexTotals Totals() override { return {}; }
  std::vector<int64_t> DocumentFrequencies(const std::vector<std::string>& terms) override {
    return std::vector<int64_t>(terms.size());
  }
  std::vector<Candidate> FindCandidates(const std::vector<std::string>&, const TermGroups&,
                                        const RetrievalFilter&, size_t) override {
    return {};
  }
  std::vector<Passage> LoadPassages(const std::vector<int64_t>&, const RetrievalFilter&) override {
    return {};
  }
  bool Reread() override { return false; }
  std::optional<RereadProgress> Rereading() override { return {}; }
  std::optional<std::vector<PassageRange>> FindPassages(const RetrievalFilter&) override {
    return {};
  }
  void ResetVectors(std::string_view) override {}
  std::vector<PassageText> PassagesWithoutVectors(size_t) override { return {}; }
  void SaveVectors(const std::vector<PassageVector>&) override {}
  int64_t StoredBytes() override { return 0; }
  std::optional<std::string> DocumentText(int64_t) override { return {}; }
  std::optional<StoredDocument> LoadDocument(int64_t) override { return {}; }
  std::string Around(const Passage&, size_t) override { return ""; }
  int64_t DataVersion() override { return 0; }
};

class VectorIndexTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pioneer-XXXXXX").string();
    if (!mkdtemp(name.data())) FailErrno("cannot make a folder for the test");
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<VectorIndex> MakeIndex() {
    auto index = std::make_unique<VectorIndex>(EmbedderInfo{"e", "e", kDimensions},
                                               folder_ / "vectors.graph", kFew);
    EXPECT_TRUE(index->Refresh(store_));
    return index;
  }
  // In groups, as texts are.
  void AddVectors(int64_t from, int64_t n) {
    for (int64_t id = from; id < from + n; ++id) {
      std::vector<float> vector(kDimensions);
      Random group(static_cast<uint64_t>(id % 20));
      for (float& x : vector) x = static_cast<float>(group.Normal() + random_.Normal());
      store_.vectors[id] = std::move(vector);
    }
  }
  static void BuildGraph(VectorIndex& index) {
    while (index.ExtendGraph()) continue;
  }
  // The nearest by plain arithmetic, with those that are allowed.
  std::vector<int64_t> Exact(const std::vector<float>& question,
                             const std::function<bool(int64_t)>& allowed, size_t limit) const {
    std::vector<std::pair<double, int64_t>> all;
    for (const auto& [id, vector] : store_.vectors) {
      if (!allowed(id)) continue;
      double dot = 0, square = 0;
      for (size_t i = 0; i < vector.size(); ++i) {
        dot += double{vector[i]} * question[i];
        square += double{vector[i]} * vector[i];
      }
      all.emplace_back(-dot / std::sqrt(square), id);
    }
    std::sort(all.begin(), all.end());
    std::vector<int64_t> ids;
    for (size_t i = 0; i < std::min(limit, all.size()); ++i) ids.push_back(all[i].second);
    return ids;
  }
  // The share of the nearest ten that are found, over some questions; checks that what is found is
  // allowed.
  double Recall(const VectorIndex& index, const std::vector<PassageRange>* ranges) {
    constexpr size_t kLimit = 10;
    const auto allowed = [&](int64_t id) {
      return !ranges || std::any_of(ranges->begin(), ranges->end(), [&](const PassageRange& range) {
        return id >= range.begin && id < range.end;
      });
    };
    double n_found = 0, n_wanted = 0;
    for (int i = 0; i < 30; ++i) {
      const auto any = std::next(store_.vectors.begin(), i * 7 % std::ssize(store_.vectors));
      std::vector<float> question = any->second;
      for (float& x : question) x += static_cast<float>(0.5 * random_.Normal());
      const std::vector<int64_t> wanted = Exact(question, allowed, kLimit);
      n_wanted += static_cast<double>(wanted.size());
      for (const VectorHit& hit : index.Find(question, ranges, kLimit)) {
        EXPECT_TRUE(allowed(hit.passage_id));
        EXPECT_TRUE(store_.vectors.contains(hit.passage_id));
        n_found += std::find(wanted.begin(), wanted.end(), hit.passage_id) != wanted.end();
      }
    }
    return n_found / n_wanted;
  }

  fs::path folder_;
  VectorsInMemory store_;
  Random random_{5};
};

// By bytes the order of near neighbours is not always that of the numbers.
constexpr double kLeastRecall = 0.95;

TEST_F(VectorIndexTest, FewAreCompared) {
  AddVectors(1, 80);
  const auto index = MakeIndex();
  BuildGraph(*index);
  EXPECT_EQ(index->graph_size(), 0u);
  EXPECT_EQ(index->size(), 80u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
  const auto best = index->Find(store_.vectors[7], nullptr, 3);
  ASSERT_EQ(best.size(), 3u);
  EXPECT_EQ(best[0].passage_id, 7);
  EXPECT_NEAR(best[0].cosine, 1, 0.001);
  EXPECT_GE(best[0].cosine, best[1].cosine);
  EXPECT_TRUE(index->Find(std::vector<float>(kDimensions), nullptr, 3).size() == 3);
}

TEST_F(VectorIndexTest, ManyAreFoundByTheGraph) {
  AddVectors(1, 3000);
  const auto index = MakeIndex();
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);  // no graph yet
  BuildGraph(*index);
  EXPECT_EQ(index->graph_size(), 3000u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
  // What came after is compared.
  AddVectors(3001, 50);
  index->Refresh(store_);
  EXPECT_EQ(index->graph_size(), 3000u);
  EXPECT_EQ(index->Find(store_.vectors[3040], nullptr, 1).at(0).passage_id, 3040);
}

TEST_F(VectorIndexTest, FiltersLeaveOutProperly) {
  AddVectors(1, 3000);
  const auto index = MakeIndex();
  BuildGraph(*index);
  const std::vector<PassageRange> half = {{1, 700}, {1500, 2300}}, few = {{100, 130}, {2000, 2010}},
                                  none = {{5000, 6000}};
  EXPECT_GE(Recall(*index, &half), kLeastRecall);
  EXPECT_GE(Recall(*index, &few), kLeastRecall);
  EXPECT_EQ(index->Find(store_.vectors[1], &few, 100).size(), 40u);
  EXPECT_TRUE(index->Find(store_.vectors[1], &none, 10).empty());
}

TEST_F(VectorIndexTest, ForgetsWhatWasRemoved) {
  AddVectors(1, 3000);
  const auto index = MakeIndex();
  BuildGraph(*index);
  for (int64_t id = 1; id <= 3000; id += 4) store_.Remove(id);
  index->ForgetRemoved(store_);
  EXPECT_EQ(index->size(), 2250u);
  EXPECT_EQ(index->graph_size(), 3000u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
  // Too many gone: laid out anew.
  for (int64_t id = 1; id <= 1500; ++id) store_.Remove(id);
  index->ForgetRemoved(store_);
  EXPECT_EQ(index->size(), store_.vectors.size());
  EXPECT_EQ(index->graph_size(), 0u);
  BuildGraph(*index);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
}

TEST_F(VectorIndexTest, TheGraphSurvivesAndIsBroughtUpToDate) {
  AddVectors(1, 3000);
  {
    const auto index = MakeIndex();
    BuildGraph(*index);
    index->SaveGraph();
  }
  for (int64_t id = 3; id <= 3000; id += 10) store_.Remove(id);
  AddVectors(3001, 100);
  const auto index = MakeIndex();
  EXPECT_EQ(index->graph_size(), 3000u);
  EXPECT_EQ(index->size(), 2800u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
  BuildGraph(*index);
  EXPECT_EQ(index->graph_size(), 3100u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
}

TEST_F(VectorIndexTest, AHalfMadeGraphGoesOn) {
  AddVectors(1, 500);
  {
    const auto index = MakeIndex();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(index->ExtendGraph());
    ASSERT_LT(index->graph_size(), 500u);
    index->SaveGraph(index->graph_size() + 1);
    EXPECT_FALSE(fs::exists(folder_ / "vectors.graph"));
    index->SaveGraph(index->graph_size());
    EXPECT_TRUE(fs::exists(folder_ / "vectors.graph"));
    fs::remove(folder_ / "vectors.graph");
    index->SaveGraph();  // nothing is new
    EXPECT_FALSE(fs::exists(folder_ / "vectors.graph"));
    index->ExtendGraph();
    index->SaveGraph();
  }
  const auto index = MakeIndex();
  const size_t half = index->graph_size();
  EXPECT_GT(half, 0u);
  EXPECT_LT(half, 500u);
  index->SaveGraph();
  BuildGraph(*index);
  EXPECT_EQ(index->graph_size(), 500u);
  EXPECT_GE(Recall(*index, nullptr), kLeastRecall);
}

TEST_F(VectorIndexTest, ADamagedFileIsMadeAnew) {
  AddVectors(1, 500);
  {
    const auto index = MakeIndex();
    BuildGraph(*index);
    index->SaveGraph();
  }
  const std::string whole = ReadFile(folder_ / "vectors.graph");
  Random random(11);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = whole;
    if (i % 2 == 0) {
      damaged.resize(random.Next() % damaged.size());
    } else {
      for (int n = 0; n < 4; ++n) {
        damaged[random.Next() % damaged.size()] = static_cast<char>(random.Next());
      }
    }
    WriteFileAtomically(folder_ / "vectors.graph", damaged);
    const auto index = MakeIndex();  // ends the test where a link leads out of the graph
    EXPECT_EQ(index->Find(store_.vectors[250], nullptr, 5).size(), 5u);
    EXPECT_TRUE(i % 2 != 0 || index->graph_size() == 0);
  }
}

}  // namespace
}  // namespace pioneer::search
