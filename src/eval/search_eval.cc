#include "eval/search_eval.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <unordered_set>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace pioneer::eval {
namespace {

template <typename Take>
void ForEachJsonLine(const std::filesystem::path& path, const Take& take) {
  std::ifstream file(path);
  if (!file) Fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) continue;
    try {
      take(ParseJson(line));
    } catch (const std::exception& error) {
      Fail(ErrorCode::kInvalidArgument, "{}, line {}: {}", path.string(), number, error.what());
    }
  }
}

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

template <typename Part>
Estimate MeanOf(const std::vector<SearchScore>& scores, Part part) {
  std::vector<double> values;
  for (const SearchScore& score : scores) values.push_back(score.*part);
  return EstimateMean(values);
}

}  // namespace

SearchSet ReadSearchSet(const std::filesystem::path& folder) {
  SearchSet set;
  set.folder = folder;
  set.name = folder.filename().empty() ? folder.parent_path().filename() : folder.filename();
  ForEachJsonLine(folder / "passages.jsonl", [&](const Json& line) {
    set.passages.push_back({line.at("id"), line.value("title", ""), line.at("text")});
  });
  ForEachJsonLine(folder / "questions.jsonl", [&](const Json& line) {
    set.questions.push_back({line.at("id"), line.at("question"), line.at("relevant"),
                             line.value("answers", std::vector<std::string>())});
  });
  return set;
}

SearchScore ScoreResults(const std::vector<std::string>& results,
                         const std::vector<std::string>& relevant) {
  constexpr size_t kRecallDepth = 5;
  const std::unordered_set<std::string> wanted(relevant.begin(), relevant.end());
  SearchScore score;
  double ideal = 0;
  for (size_t rank = 0; rank < std::min<size_t>(wanted.size(), kSearchDepth); ++rank) {
    ideal += 1 / std::log2(static_cast<double>(rank) + 2);
  }
  for (size_t rank = 0; rank < std::min<size_t>(results.size(), kSearchDepth); ++rank) {
    if (!wanted.contains(results[rank])) continue;
    const auto place = static_cast<double>(rank) + 1;
    score.ndcg10 += 1 / std::log2(place + 1) / ideal;
    if (score.mrr10 == 0) score.mrr10 = 1 / place;
    if (rank < kRecallDepth) {
      score.recall5 += 1 / static_cast<double>(std::min(wanted.size(), kRecallDepth));
    }
  }
  return score;
}

SearchResult EvaluateSearch(const SearchSet& set, Searcher& searcher, const CancelToken& cancel,
                            const std::function<void(size_t done)>& on_progress) {
  SearchResult result;
  result.set = set.name;
  result.searcher = searcher.name();
  result.passages = static_cast<int64_t>(set.passages.size());
  std::vector<double> times_ms;
  for (const SearchQuestion& question : set.questions) {
    if (question.relevant.empty()) continue;
    cancel.Check();
    const Stopwatch asking;
    const std::vector<std::string> found = searcher.Search(question.question);
    times_ms.push_back(asking.Seconds() * 1000);
    result.scores.push_back(ScoreResults(found, question.relevant));
    on_progress(result.scores.size());
  }
  result.ndcg10 = MeanOf(result.scores, &SearchScore::ndcg10);
  result.recall5 = MeanOf(result.scores, &SearchScore::recall5);
  result.mrr10 = MeanOf(result.scores, &SearchScore::mrr10);
  result.query_p50_ms = Percentile(times_ms, 0.5);
  result.query_p99_ms = Percentile(std::move(times_ms), 0.99);
  return result;
}

}  // namespace pioneer::eval
