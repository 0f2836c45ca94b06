// Why: passages get their vectors in the background, some at a time, whatever reads them and
// whenever the process ends: the store tells which have none.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "base/cancel.h"
#include "search/embedder.h"
#include "search/library.h"
#include "search/rank/meaning.h"
#include "search/rank/store_pool.h"
#include "search/rank/vector_index.h"

namespace pioneer::search {

// What a passage's vector is made from: where it stands, and what it says.
std::string TextToEmbed(const PassageText& passage);

// Thread-safe.
class VectorWork {
 public:
  struct Surroundings {
    StorePool& stores;
    std::mutex& writing;              // one connection of this process writes at a time
    std::function<bool()> owns_work;  // only then are vectors made here
    std::function<void()> on_progress;
  };
  VectorWork(std::shared_ptr<Embedder> embedder, std::filesystem::path graph_file,
             Surroundings surroundings, size_t most_compared = kMostCompared);
  ~VectorWork();

  void Start();
  void Stop();
  VectorProgress Progress();
  MeaningFinder& finder() { return finder_; }
  VectorIndex& index() { return index_; }

 private:
  void Work(const CancelToken& cancel);
  bool DoSomething(SearchStore& store, const CancelToken& cancel);
  void SaveGraphAtTheEnd();
  bool ExtendGraph(const CancelToken& cancel);
  bool EmbedSome(SearchStore& store, const CancelToken& cancel);
  std::vector<PassageVector> Embed(const std::vector<PassageText>& passages,
                                   const CancelToken& cancel);
  std::vector<PassageVector> EmbedGroup(std::span<const PassageText> passages,
                                        const CancelToken& cancel);
  void SetProblem(std::string problem);

  const std::shared_ptr<Embedder> embedder_;
  const EmbedderInfo info_;
  const Surroundings around_;
  VectorIndex index_;
  MeaningFinder finder_;
  std::atomic<int64_t> in_graph_ = -1;  // as the worker last saw it; -1 = no graph
  size_t lot_;  // passages that get vectors before these are saved

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = true;
  CancelToken cancel_;
  std::string problem_;
  std::thread thread_;
};

}  // namespace pioneer::search
