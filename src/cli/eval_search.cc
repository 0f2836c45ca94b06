// Why: `pioneer eval search`: whether the search finds what answers questions, beside what SQLite's
// own finds.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "eval/search_eval.h"

namespace pioneer {
namespace {

struct EvalSearchOptions {
  std::vector<std::string> folders;
  bool peers = false, json = false;
};

// The indexes that are made to be judged.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pioneer-eval-XXXXXX").string();
    if (!mkdtemp(name.data())) FailErrno("cannot make a folder for the index");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

using MakeSearcher = std::function<std::unique_ptr<eval::Searcher>(const std::filesystem::path&)>;

eval::SearchResult JudgeSearcher(const eval::SearchSet& set, const MakeSearcher& make,
                                 const CancelToken& cancel) {
  const ScratchFolder folder;
  ProgressLine line;
  return eval::EvaluateSearch(
      set, [&] { return make(folder.path()); }, cancel,
      [&](size_t done) {
        line.Update(fmt::format("{}: {} of {} questions", set.name, done, set.questions.size()));
      });
}

Json EstimateJson(const eval::Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
}

Json ResultJson(const eval::SearchResult& result) {
  return {{"set", result.set},
          {"searcher", result.searcher},
          {"passages", result.passages},
          {"questions", result.scores.size()},
          {"ndcg@10", EstimateJson(result.ndcg10)},
          {"recall@5", EstimateJson(result.recall5)},
          {"mrr@10", EstimateJson(result.mrr10)},
          {"index_seconds", result.index_seconds},
          {"query_p50_ms", result.query_p50_ms},
          {"query_p99_ms", result.query_p99_ms}};
}

void PrintResult(const eval::SearchResult& result) {
  const auto score = [](const eval::Estimate& estimate) {
    return fmt::format("{:.4f} ±{:.4f}", estimate.value, estimate.standard_error);
  };
  fmt::print("{:<20} {:<10} {:>15} {:>15} {:>15} {:>9.2f} {:>9.2f}\n", result.set, result.searcher,
             score(result.ndcg10), score(result.recall5), score(result.mrr10), result.query_p50_ms,
             result.query_p99_ms);
}

void EvalSearch(const EvalSearchOptions& options) {
  const InterruptCancels interrupt;
  std::vector<eval::SearchSet> sets;
  for (const std::string& folder : options.folders) sets.push_back(eval::ReadSearchSet(folder));
  if (!options.json) {
    fmt::print("{:<20} {:<10} {:>14} {:>14} {:>14} {:>9} {:>9}\n", "set", "search", "nDCG@10",
               "recall@5", "MRR@10", "p50 ms", "p99 ms");
  }
  Json results = Json::array();
  for (const eval::SearchSet& set : sets) {
    const auto judge = [&](const MakeSearcher& make) {
      const eval::SearchResult result = JudgeSearcher(set, make, interrupt.token());
      results.push_back(ResultJson(result));
      if (!options.json) PrintResult(result);
    };
    judge([&](const auto& folder) {
      return eval::MakePioneerSearcher(set, folder, interrupt.token());
    });
    if (options.peers) {
      judge([&](const auto& folder) { return eval::MakePlainSearcher(set, folder); });
    }
  }
  if (options.json) fmt::print("{}\n", DumpJson(Json{{"results", results}}));
}

}  // namespace

void AddEvalSearchCommand(CLI::App& eval) {
  auto options = std::make_shared<EvalSearchOptions>();
  CLI::App* command =
      AddCommand(eval, "search", "Judge the search by questions whose passages are known",
                 "pioneer eval search ../shared/data/search/cranfield_en --peers");
  command
      ->add_option("folders", options->folders,
                   "Folders with passages.jsonl (id, title, text) and questions.jsonl (id, "
                   "question, relevant)")
      ->type_name("FOLDER")
      ->required();
  command->add_flag("--peers", options->peers, "Also judge SQLite's FTS5 as it comes");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { EvalSearch(*options); });
}

}  // namespace pioneer
