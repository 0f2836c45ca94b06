#include "search/index/vector_work.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace pioneer::search {
namespace {

constexpr size_t kGroup = 16;  // passages; a question waits for two groups at most
// A lot of groups is saved by one write to the disk; what takes a second is worth one.
constexpr size_t kLargestLot = 32 * kGroup;
constexpr double kShortLotSeconds = 0.25, kLongLotSeconds = 1;
constexpr auto kIdle = std::chrono::seconds(1);  // between looks for new passages
constexpr auto kBehindProblem = std::chrono::seconds(5);
// Nodes of the graph that take minutes: what is lost when the process is killed.
constexpr size_t kSavedTogether = 50'000;

// Vectors of other texts of the same passages are other vectors.
EmbedderInfo WithTextVersion(EmbedderInfo info) {
  info.fingerprint += " text 1";
  return info;
}

PassageVector CodeOf(int64_t passage_id, const std::vector<float>& vector) {
  const std::vector<int8_t> bytes = ToByteVector(vector);
  return {passage_id, std::string(reinterpret_cast<const char*>(bytes.data()), vector.size())};
}

}  // namespace

std::string TextToEmbed(const PassageText& passage) {
  std::string text = passage.title;
  for (const std::string& heading : passage.headings) text += "\n" + heading;
  return text + "\n" + passage.text;
}

VectorWork::VectorWork(std::shared_ptr<Embedder> embedder, std::filesystem::path graph_file,
                       Surroundings surroundings, size_t most_compared)
    : embedder_(std::move(embedder)),
      info_(WithTextVersion(embedder_->info())),
      around_(std::move(surroundings)),
      index_(info_, std::move(graph_file), most_compared),
      finder_(*embedder_, index_),
      lot_(kGroup) {}

VectorWork::~VectorWork() { Stop(); }

void VectorWork::Start() {
  const std::lock_guard lock(mutex_);
  if (!stopping_) return;
  stopping_ = false;
  cancel_ = {};
  thread_ = std::thread([this, cancel = cancel_] { Work(cancel); });
}

void VectorWork::Stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancel_.Cancel();
    thread.swap(thread_);
    stop_.notify_all();
  }
  if (thread.joinable()) thread.join();
}

void VectorWork::SetProblem(std::string problem) {
  const std::lock_guard lock(mutex_);
  if (problem == problem_) return;
  problem_ = std::move(problem);
  if (!problem_.empty()) spdlog::error("search: no vectors of passages: {}", problem_);
}

VectorProgress VectorWork::Progress() {
  const VectorsState state = around_.stores.Take()->Vectors();
  const std::lock_guard lock(mutex_);
  VectorProgress progress;
  progress.embedder = info_.name;
  progress.done = state.embedder == info_.fingerprint ? state.vectors : 0;
  progress.total = state.passages;
  if (const int64_t in_graph = in_graph_; in_graph >= 0) progress.in_graph = in_graph;
  progress.problem = problem_;
  progress.here = around_.owns_work();
  return progress;
}

void VectorWork::Work(const CancelToken& cancel) {
  const StorePool::Lease store = around_.stores.Take();
  while (!cancel.cancelled()) {
    auto pause = kIdle;
    bool did = false;
    try {
      did = DoSomething(*store, cancel);
      SetProblem("");
    } catch (const Error& error) {
      if (!cancel.cancelled()) SetProblem(error.what());
      pause = kBehindProblem;
    }
    std::unique_lock lock(mutex_);
    if (!did) stop_.wait_for(lock, pause, [&] { return stopping_; });
  }
  SaveGraphAtTheEnd();
}

// The graph of a million takes half an hour to make.
void VectorWork::SaveGraphAtTheEnd() {
  try {
    if (around_.owns_work()) index_.SaveGraph();
  } catch (const Error& error) {
    spdlog::warn("search: {}; it is made again at the next start", error.what());
  }
}

bool VectorWork::DoSomething(SearchStore& store, const CancelToken& cancel) {
  const bool owns = around_.owns_work();
  const bool embedded = owns && EmbedSome(store, cancel);
  index_.Refresh(store);
  const bool extended = ExtendGraph(cancel);
  const int64_t in_graph = index_.needs_graph() ? static_cast<int64_t>(index_.graph_size()) : -1;
  if (in_graph_.exchange(in_graph) != in_graph) around_.on_progress();
  const bool did = embedded || extended;
  if (!did) index_.ForgetRemoved(store);
  if (owns) index_.SaveGraph(did ? kSavedTogether : 1);
  return did;
}

// The graph keeps up with the vectors, and new passages do not wait for all of it.
bool VectorWork::ExtendGraph(const CancelToken& cancel) {
  const Stopwatch extending;
  while (index_.ExtendGraph()) {
    if (cancel.cancelled() || extending.Seconds() > kLongLotSeconds) return true;
  }
  return false;
}

bool VectorWork::EmbedSome(SearchStore& store, const CancelToken& cancel) {
  if (store.Vectors().embedder != info_.fingerprint) {
    const std::lock_guard write(around_.writing);
    store.ResetVectors(info_.fingerprint);
  }
  const std::vector<PassageText> passages = store.PassagesWithoutVectors(lot_);
  if (passages.empty()) return false;
  const Stopwatch embedding;
  const std::vector<PassageVector> vectors = Embed(passages, cancel);
  {
    const std::lock_guard write(around_.writing);
    store.SaveVectors(vectors);
  }
  if (embedding.Seconds() < kShortLotSeconds) lot_ = std::min(lot_ * 2, kLargestLot);
  if (embedding.Seconds() > kLongLotSeconds) lot_ = std::max(lot_ / 2, kGroup);
  around_.on_progress();
  return true;
}

// A group's texts are cut into tokens while the model is busy with the group before.
std::vector<PassageVector> VectorWork::Embed(const std::vector<PassageText>& passages,
                                             const CancelToken& cancel) {
  const auto begin = [&](size_t first) {
    const auto group = std::span(passages).subspan(first);
    return std::async(std::launch::async, [this, group, &cancel] {
      return EmbedGroup(group.first(std::min(group.size(), kGroup)), cancel);
    });
  };
  std::vector<PassageVector> vectors;
  auto next = begin(0);
  for (size_t first = 0; first < passages.size(); first += kGroup) {
    auto now = std::move(next);
    if (first + kGroup < passages.size()) next = begin(first + kGroup);
    for (PassageVector& vector : now.get()) vectors.push_back(std::move(vector));
  }
  return vectors;
}

// A text of which no vector can be made keeps the others from none. Where none of several can be
// made, the model is to blame.
std::vector<PassageVector> VectorWork::EmbedGroup(std::span<const PassageText> passages,
                                                  const CancelToken& cancel) {
  std::vector<std::string> texts;
  for (const PassageText& passage : passages) texts.push_back(TextToEmbed(passage));
  std::vector<PassageVector> vectors;
  const auto take = [&](const std::vector<std::vector<float>>& made) {
    for (const std::vector<float>& vector : made) {
      if (std::ssize(vector) != info_.dimensions) {
        Fail(ErrorCode::kInternal, "{} made a vector of {} numbers, not {}", info_.name,
             vector.size(), info_.dimensions);
      }
      vectors.push_back(CodeOf(passages[vectors.size()].id, vector));
    }
  };
  try {
    take(embedder_->Embed(texts, cancel));
    return vectors;
  } catch (const Error&) {
    cancel.Check();
    if (texts.size() == 1) throw;
  }
  vectors.clear();
  size_t n_failed = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    try {
      take(embedder_->Embed({texts[i]}, cancel));
    } catch (const Error& error) {
      cancel.Check();
      if (++n_failed == texts.size()) throw;
      spdlog::warn("search: no vector of passage {}: {}", passages[i].id, error.what());
      vectors.push_back({passages[i].id, ""});
    }
  }
  return vectors;
}

}  // namespace pioneer::search
