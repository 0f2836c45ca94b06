// Why: `pioneer search`: a question and its proved answer in the terminal, once or as a
// conversation.
#include <editline/readline.h>
#include <fmt/format.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/interrupt.h"
#include "cli/library_option.h"
#include "cli/web_search_option.h"
#include "serve/search/search_json.h"

namespace pioneer {
namespace {

struct SearchOptions {
  std::string question, model, library, embedder, unsupported = "drop";
  std::vector<std::string> sources, languages;
  int max_passages = 8;
  bool passages_only = false, interactive = false, json = false, web = false;
  WebSearchFlags web_search;
  EngineFlags engine;
};

constexpr const char* kPlain = "\x1b[0m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kMark = "\x1b[36m";
constexpr const char* kDoubt = "\x1b[33m";

// Prints an answer while it comes.
class SearchPrinter {
 public:
  explicit SearchPrinter(bool terminal) : terminal_(terminal) {}

  void Take(const search::SearchEvent& event) {
    if (const auto* found = std::get_if<search::PassagesEvent>(&event)) {
      passages_ = found->passages;
      for (const search::RetrievalProblem& problem : found->problems) {
        fmt::print(stderr, "{}{}{}\n", problem.uri, problem.uri.empty() ? "" : ": ",
                   problem.message);
      }
    } else if (const auto* sentence = std::get_if<search::SentenceEvent>(&event)) {
      PrintSentence(sentence->sentence);
    } else if (const auto* done = std::get_if<search::DoneEvent>(&event)) {
      PrintEnd(*done);
    }
  }

  void PrintPassages() const {
    for (size_t i = 0; i < passages_.size(); ++i) {
      PrintSource(i, passages_[i].passage.uri);
      fmt::print("    {}\n", passages_[i].passage.text);
    }
  }

 private:
  std::string Coloured(const char* colour, const std::string& text) const {
    return terminal_ ? colour + text + kPlain : text;
  }

  void PrintSentence(const search::AnswerSentence& sentence) {
    const bool sure = sentence.support == search::Support::kSupported;
    fmt::print("{}", sure ? sentence.text : Coloured(kDoubt, sentence.text));
    if (!sure) {
      const bool partly = sentence.support == search::Support::kPartly;
      const char* why =
          partly && sentence.other_language ? ", the source is in another language" : "";
      fmt::print("{}",
                 Coloured(kDoubt, fmt::format(" ({}{})", SupportName(sentence.support), why)));
    }
    if (!sentence.citations.empty()) fmt::print(" ");
    for (const search::Citation& citation : sentence.citations) {
      fmt::print("{}", Coloured(kMark, fmt::format("[{}]", citation.passage + 1)));
      links_.emplace(static_cast<size_t>(citation.passage), citation.link);
    }
    std::fflush(stdout);
    written_ = true;
  }

  void PrintSource(size_t i, const std::string& link) const {
    const search::Passage& passage = passages_[i].passage;
    std::string place = passage.title;
    if (!passage.headings.empty() && passage.headings.back() != passage.title) {
      place += " — " + passage.headings.back();
    }
    fmt::print("{} {}\n    {}\n", Coloured(kMark, fmt::format("[{}]", i + 1)), place,
               Coloured(kDim, link));
  }

  void PrintEnd(const search::DoneEvent& done) {
    if (!written_) fmt::print("{}", done.answer);
    fmt::print("\n\n");
    // Nothing found: the nearest are shown.
    for (size_t i = 0; links_.empty() && i < std::min<size_t>(3, passages_.size()); ++i) {
      PrintSource(i, passages_[i].passage.uri);
    }
    for (const auto& [i, link] : links_) PrintSource(i, link);
    if (done.dropped > 0) {
      fmt::print("{}\n",
                 Coloured(kDim, fmt::format("{} sentences that no source carries were left out",
                                            done.dropped)));
    }
  }

  const bool terminal_;
  bool written_ = false;
  std::vector<search::RankedPassage> passages_;
  std::map<size_t, std::string> links_;  // of cited passages
};

// One conversation in the terminal.
class SearchSession {
 public:
  explicit SearchSession(const SearchOptions& options)
      : options_(options),
        library_(OpenNamedLibrary(options.library, OpenEmbedder(options.embedder))) {
    if (options.web) web_ = OpenWebSearch(options.web_search);
    if (options.web && !web_) {
      Fail(ErrorCode::kInvalidArgument,
           "name the web search: --web --web-search searxng=ADDRESS, or PIONEER_WEB_SEARCH");
    }
    if (!options.model.empty()) writer_ = OpenGenerator(options.model, options.engine);
    FindSources();
  }

  void Ask(const std::string& question) {
    const InterruptCancels interrupt;
    search::SearchRequest request;
    request.question = question;
    request.earlier = earlier_;
    request.filter.source_ids = source_ids_;
    request.filter.languages = options_.languages;
    request.max_passages = options_.max_passages;
    request.passages_only = options_.passages_only;
    if (options_.unsupported == "mark") request.unsupported = search::Unsupported::kMark;
    SearchPrinter printer(isatty(STDOUT_FILENO) != 0);
    serve::SearchRecord record;
    const bool text = !options_.json && !options_.passages_only;
    std::optional<search::WebRetriever> both;
    if (web_) both.emplace(*web_, library_->retriever());
    search::Retriever& retriever = both ? *both : library_->retriever();
    search::Answer(request, retriever, writer_.get(), interrupt.token(),
                   [&](const search::SearchEvent& event) {
                     record.Take(event);
                     const bool passages = std::holds_alternative<search::PassagesEvent>(event);
                     if (text || (passages && !options_.json)) printer.Take(event);
                     if (const auto* done = std::get_if<search::DoneEvent>(&event))
                       follow_ups_ = done->follow_ups;
                   });
    if (options_.json) {
      OrderedJson json = {{"answer", record.answer()}};
      json.update(record.ToJson());
      fmt::print("{}\n", DumpJson(json));
    } else if (options_.passages_only) {
      printer.PrintPassages();
    }
    earlier_.push_back({question, record.answer()});
  }

  // Reads questions until there are no more; a number asks one of the follow-ups.
  void Converse() {
    std::setlocale(LC_CTYPE, "");
    while (true) {
      for (size_t i = 0; i < follow_ups_.size(); ++i)
        fmt::print("  {}. {}\n", i + 1, follow_ups_[i]);
      const std::unique_ptr<char, decltype(&std::free)> line(::readline("? "), &std::free);
      if (!line) break;
      std::string question = line.get();
      if (question == "/exit") break;
      if (question == "/new") {
        earlier_.clear();
        follow_ups_.clear();
        continue;
      }
      if (question.empty()) continue;
      ::add_history(line.get());
      const bool chosen = question.size() == 1 && question[0] >= '1' &&
                          question[0] < static_cast<char>('1' + follow_ups_.size());
      if (chosen) question = std::string(follow_ups_[static_cast<size_t>(question[0] - '1')]);
      try {
        Ask(question);
      } catch (const Error& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
    }
    fmt::print("\n");
  }

 private:
  // Sources are named by id or name.
  void FindSources() {
    const search::LibraryState state = library_->State();
    for (const std::string& wanted : options_.sources) {
      const size_t before = source_ids_.size();
      for (const search::Source& source : state.sources) {
        if (source.id == wanted || source.name == wanted) source_ids_.push_back(source.id);
      }
      if (source_ids_.size() == before)
        Fail(ErrorCode::kNotFound, "there is no source {}; pioneer index list shows them", wanted);
    }
    if (state.passages == 0 && !web_) {
      fmt::print(stderr, "Nothing has been read yet: pioneer index add FOLDER\n");
    }
  }

  const SearchOptions& options_;
  const std::shared_ptr<search::Library> library_;
  std::shared_ptr<search::WebSearch> web_;  // null: the library is all
  std::shared_ptr<Generator> writer_;       // null: answers are the passages' own sentences
  std::vector<std::string> source_ids_, follow_ups_;
  std::vector<search::EarlierTurn> earlier_;
};

void RunSearch(const SearchOptions& options) {
  if (options.question.empty() && !options.interactive) {
    Fail(ErrorCode::kInvalidArgument, "ask something: pioneer search 'QUESTION', or --interactive");
  }
  SearchSession session(options);
  if (!options.question.empty()) session.Ask(options.question);
  if (options.interactive) session.Converse();
}

}  // namespace

void AddSearchCommand(CLI::App& root) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command =
      AddCommand(root, "search", "Ask your documents; every sentence of the answer is proved",
                 "pioneer search 'How long are backups kept?'");
  command->add_option("QUESTION", options->question, "In English, Korean or Japanese");
  command->add_option("--model", options->model,
                      "A model's name or file, of half a billion parameters at least, that writes "
                      "the answer; without it the answer is made of the sources' own sentences");
  command->add_option("--source", options->sources, "Only these, by id or name; may be repeated");
  command->add_option("--language", options->languages, "Only passages in en, ko, ja or code")
      ->check(CLI::IsMember({"en", "ko", "ja", "code"}));
  command->add_option("--max-passages", options->max_passages, "Passages that are read")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  command->add_option("--unsupported", options->unsupported, "drop or mark sentences without proof")
      ->check(CLI::IsMember({"drop", "mark"}))
      ->capture_default_str();
  command->add_flag("--passages", options->passages_only, "Show what is found, answer nothing");
  command->add_flag("--interactive", options->interactive, "Go on with follow-up questions");
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--web", options->web, "Search the web, too, by --web-search");
  AddLibraryOption(*command, options->library);
  AddEmbedderOption(*command, options->embedder);
  AddWebSearchOptions(*command, options->web_search);
  AddEngineOptions(*command, options->engine);
  command->callback([options] { RunSearch(*options); });
}

}  // namespace pioneer
