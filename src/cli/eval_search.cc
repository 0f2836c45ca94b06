// Why: `pioneer eval search`: whether the search finds what answers questions, beside what others
// find.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/library_option.h"
#include "eval/answer_eval.h"
#include "eval/search_eval.h"

namespace pioneer {
namespace {

struct EvalSearchOptions {
  std::vector<std::string> folders, peer_commands;
  std::string embedder;
  bool peers = false, json = false;
  int64_t answers = 0;  // of how many questions; 0 = none
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

struct Judged {
  eval::SearchResult search;
  std::optional<eval::AnswerResult> answers;
};

Judged JudgeSearcher(const eval::SearchSet& set, const MakeSearcher& make, int64_t n_answers,
                     const CancelToken& cancel) {
  const ScratchFolder folder;
  ProgressLine line;
  const Stopwatch indexing;
  const std::unique_ptr<eval::Searcher> searcher = make(folder.path());
  const double index_seconds = indexing.Seconds();
  Judged judged;
  judged.search = eval::EvaluateSearch(set, *searcher, cancel, [&](size_t done) {
    line.Update(fmt::format("{}: {} of {} questions", set.name, done, set.questions.size()));
  });
  judged.search.index_seconds = index_seconds;
  if (n_answers > 0 && searcher->retriever() != nullptr) {
    judged.answers = eval::EvaluateAnswers(
        set, *searcher, {.limit = n_answers}, cancel,
        [&](int64_t done) { line.Update(fmt::format("{}: {} answers", set.name, done)); });
  }
  return judged;
}

Json EstimateJson(const eval::Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
}

Json AnswersJson(const eval::AnswerResult& answers) {
  return {{"questions", answers.questions},
          {"found", EstimateJson(answers.found)},
          {"holds", EstimateJson(answers.holds)},
          {"f1", EstimateJson(answers.f1)},
          {"citation_precision", EstimateJson(answers.citation_precision)},
          {"citation_recall", EstimateJson(answers.citation_recall)},
          {"silent", EstimateJson(answers.silent)}};
}

Json ResultJson(const Judged& judged) {
  const eval::SearchResult& result = judged.search;
  Json json = {{"set", result.set},
               {"searcher", result.searcher},
               {"passages", result.passages},
               {"questions", result.scores.size()},
               {"ndcg@10", EstimateJson(result.ndcg10)},
               {"recall@5", EstimateJson(result.recall5)},
               {"mrr@10", EstimateJson(result.mrr10)},
               {"index_seconds", result.index_seconds},
               {"query_p50_ms", result.query_p50_ms},
               {"query_p99_ms", result.query_p99_ms}};
  if (judged.answers) json["answers"] = AnswersJson(*judged.answers);
  return json;
}

std::string FormatScore(const eval::Estimate& estimate) {
  return estimate.n == 0 ? "-"
                         : fmt::format("{:.4f} ±{:.4f}", estimate.value, estimate.standard_error);
}

void PrintAnswers(const eval::AnswerResult& answers) {
  fmt::print("  {} answers: found {}, holds {}, F1 {}\n", answers.questions,
             FormatScore(answers.found), FormatScore(answers.holds), FormatScore(answers.f1));
  fmt::print("  citations: precision {}, recall {}; silent without the passages {}\n",
             FormatScore(answers.citation_precision), FormatScore(answers.citation_recall),
             FormatScore(answers.silent));
}

void PrintResult(const Judged& judged) {
  const eval::SearchResult& result = judged.search;
  fmt::print("{:<20} {:<12} {:>15} {:>15} {:>15} {:>9.2f} {:>9.2f}\n", result.set, result.searcher,
             FormatScore(result.ndcg10), FormatScore(result.recall5), FormatScore(result.mrr10),
             result.query_p50_ms, result.query_p99_ms);
  if (judged.answers) PrintAnswers(*judged.answers);
}

void EvalSearch(const EvalSearchOptions& options) {
  const InterruptCancels interrupt;
  std::vector<eval::SearchSet> sets;
  for (const std::string& folder : options.folders) sets.push_back(eval::ReadSearchSet(folder));
  if (!options.json) {
    fmt::print("{:<20} {:<12} {:>14} {:>14} {:>14} {:>9} {:>9}\n", "set", "search", "nDCG@10",
               "recall@5", "MRR@10", "p50 ms", "p99 ms");
  }
  const std::shared_ptr<search::Embedder> embedder = OpenEmbedder(options.embedder);
  Json results = Json::array();
  for (const eval::SearchSet& set : sets) {
    const auto judge = [&](const MakeSearcher& make) {
      const Judged judged = JudgeSearcher(set, make, options.answers, interrupt.token());
      results.push_back(ResultJson(judged));
      if (!options.json) PrintResult(judged);
    };
    judge([&](const auto& folder) {
      return eval::MakePioneerSearcher(set, folder, nullptr, interrupt.token());
    });
    if (embedder) {
      judge([&](const auto& folder) {
        return eval::MakePioneerSearcher(set, folder, embedder, interrupt.token());
      });
    }
    if (options.peers) {
      judge([&](const auto& folder) { return eval::MakePlainSearcher(set, folder); });
    }
    for (const std::string& command : options.peer_commands) {
      judge([&](const auto&) {
        return eval::MakePeerSearcher(command, set.folder, interrupt.token());
      });
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
  AddEmbedderOption(*command, options->embedder);
  command->get_option("--embedder")
      ->description("Judge the search with vectors of this model, too, by name or file, or none");
  command->add_flag("--peers", options->peers, "Also judge SQLite's FTS5 as it comes");
  command
      ->add_option("--peer", options->peer_commands,
                   "Also judge another program, which is asked through a pipe (bench/search/"
                   "xapian_peer.py); may be repeated")
      ->type_name("COMMAND")
      ->allow_extra_args(false);
  command
      ->add_option("--answers", options->answers,
                   "Also judge the answers to so many of the questions, and to the same without "
                   "the passages that answer them")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { EvalSearch(*options); });
}

}  // namespace pioneer
