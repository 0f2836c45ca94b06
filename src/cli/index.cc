// Why: `pioneer index`: the sources that are searched, from a terminal. What is begun here goes on
// in a service that runs, or here as long as this program does.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/library_option.h"
#include "search/failure_text.h"
#include "serve/search/search_json.h"

namespace pioneer {
namespace {

constexpr int64_t kLookAgainMs = 300;

struct IndexOptions {
  std::string library, embedder;
  std::string location, kind, name;
  std::vector<std::string> sources, include, exclude;
  int64_t every_seconds = 0;
  int max_documents = 100'000;
  int limit = 100;
  bool allow_private = false, no_wait = false, json = false;
};

bool IsWebAddress(const std::string& location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

search::SourceKind KindOf(const IndexOptions& options) {
  using search::SourceKind;
  for (const SourceKind kind :
       {SourceKind::kFiles, SourceKind::kSite, SourceKind::kFeed, SourceKind::kPage}) {
    if (options.kind == search::SourceKindName(kind)) return kind;
  }
  const std::string& location = options.location;
  if (!IsWebAddress(location)) return SourceKind::kFiles;
  for (const char* ending : {".xml", ".rss", ".atom", "/feed", "/feed/", "/rss"}) {
    if (location.ends_with(ending)) return SourceKind::kFeed;
  }
  const size_t path = location.find('/', location.find("//") + 2);
  return path == std::string::npos || location.ends_with('/') ? SourceKind::kSite
                                                              : SourceKind::kPage;
}

// By id or by name; a name must be the only one.
search::Source FindSource(search::Library& library, const std::string& wanted) {
  std::vector<search::Source> found;
  for (const search::Source& source : library.State().sources) {
    if (source.id == wanted) return source;
    if (source.name == wanted) found.push_back(source);
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    Fail(ErrorCode::kNotFound, "there is no source {}; pioneer index list shows them", wanted);
  }
  Fail(ErrorCode::kInvalidArgument, "{} sources are called {}: name one by its id", found.size(),
       wanted);
}

bool IsRunning(const search::Source& source) {
  return source.job && (source.job->state == search::JobState::kWaiting ||
                        source.job->state == search::JobState::kRunning);
}

std::string ProgressText(const search::Source& source) {
  const search::Job& job = *source.job;
  if (job.state == search::JobState::kWaiting) return source.name + ": waiting";
  constexpr int kBarWidth = 24;
  const int64_t total = std::max(job.items_total, job.items_done);
  const int filled = total == 0 ? 0 : static_cast<int>(kBarWidth * job.items_done / total);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < filled ? '#' : '.';
  std::string text = fmt::format("{}: [{}] {}/{}, {}", source.name, bar, job.items_done, total,
                                 FormatBytes(static_cast<double>(job.bytes_read)));
  if (job.failed > 0) text += fmt::format(", {} failed", job.failed);
  return text;
}

void PrintResult(const search::Source& source, bool json) {
  if (json) {
    fmt::print("{}\n", DumpJson(serve::SourceJson(source, true)));
    return;
  }
  if (!source.job) return;
  const search::Job& job = *source.job;
  fmt::print("{}: {}, {} added, {} changed, {} unchanged, {} removed, {} failed\n", source.name,
             search::JobStateName(job.state), job.added, job.changed, job.unchanged, job.removed,
             job.failed);
  if (job.failed > 0) fmt::print("  pioneer index failures {} tells why\n", source.id);
  if (job.state == search::JobState::kFailed)
    Fail(ErrorCode::kIo, "{}", search::SplitFailure(job.error).message);
}

// Until all that was read has its vectors, or another process that should be making them makes
// none: words find what was read without them.
void AwaitVectors(search::Library& library, const CancelToken& cancel) {
  constexpr double kPatienceSeconds = 20;
  ProgressLine line;
  int64_t seen = -1, done = -1;
  Stopwatch without_progress;
  while (!cancel.cancelled()) {
    const search::VectorProgress now = library.State().vectors.value_or(search::VectorProgress{});
    if (now.done >= now.total) break;
    if (!now.problem.empty()) {
      Fail(ErrorCode::kIo, "{} of {} passages have vectors: {}", now.done, now.total, now.problem);
    }
    if (std::exchange(done, now.done) != now.done || now.here) without_progress = {};
    if (without_progress.Seconds() > kPatienceSeconds) {
      line.Update("");
      fmt::print(stderr,
                 "What was read is found by its words; {} of {} passages have vectors. The process "
                 "that has this library open makes the others when it is started with --embedder "
                 "{}\n",
                 now.done, now.total, now.embedder);
      return;
    }
    line.Update(fmt::format("vectors by {}: {}/{}", now.embedder, now.done, now.total));
    seen = library.AwaitChange(seen, kLookAgainMs);
  }
  line.Update("");
}

// Reads, or lets a service read, until all these are done.
void AwaitJobs(search::Library& library, const std::vector<std::string>& ids, bool json) {
  const InterruptCancels interrupt;
  library.Start();
  for (const std::string& id : ids) {
    ProgressLine line;
    int64_t seen = -1;
    auto source = library.Find(id);
    while (source && IsRunning(*source) && !interrupt.token().cancelled()) {
      line.Update(ProgressText(*source));
      seen = library.AwaitChange(seen, kLookAgainMs);
      source = library.Find(id);
    }
    if (interrupt.token().cancelled()) break;
    if (!source) Fail(ErrorCode::kNotFound, "the source {} has been removed meanwhile", id);
    line.Update("");
    PrintResult(*source, json);
  }
  AwaitVectors(library, interrupt.token());
  library.Stop();
  if (interrupt.token().cancelled()) {
    Fail(ErrorCode::kCancelled,
         "stopped; what was read stays, and pioneer index sync (or the service) goes on");
  }
}

void AddToIndex(const IndexOptions& options) {
  const auto library = OpenNamedLibrary(options.library, OpenEmbedder(options.embedder));
  search::NewSource source;
  source.name = options.name;
  source.sync_every_seconds = options.every_seconds;
  source.settings.kind = KindOf(options);
  source.settings.location = options.location;
  if (source.settings.kind == search::SourceKind::kFiles) {
    fs::path path = fs::absolute(options.location).lexically_normal();
    if (!path.has_filename() && path.has_parent_path() && path != path.root_path()) {
      path = path.parent_path();
    }
    source.settings.location = path.string();
  }
  source.settings.include = options.include;
  source.settings.exclude = options.exclude;
  source.settings.max_documents = options.max_documents;
  source.settings.allow_private_addresses = options.allow_private;
  const search::Source added = library->Add(source);
  if (!options.no_wait) return AwaitJobs(*library, {added.id}, options.json);
  if (options.json) {
    fmt::print("{}\n", DumpJson(serve::SourceJson(added, true)));
  } else {
    fmt::print("{} ({}) will be read by the service, or by pioneer index sync\n", added.name,
               added.id);
  }
}

void ListIndex(const IndexOptions& options) {
  const auto library = OpenNamedLibrary(options.library);
  const search::LibraryState state = library->State();
  if (options.json) {
    fmt::print("{}\n", DumpJson(serve::LibraryJson(state, "", true)));
    return;
  }
  for (const search::Source& source : state.sources) {
    fmt::print("{}  {}  {}  {} documents, {} passages, {}{}\n    {}\n", source.id, source.name,
               search::SourceKindName(source.settings.kind), source.documents, source.passages,
               source.job ? search::JobStateName(source.job->state) : "never read",
               source.failures > 0 ? fmt::format(", {} failed", source.failures) : "",
               source.settings.location);
  }
  if (state.sources.empty()) fmt::print("Nothing yet: pioneer index add FOLDER\n");
  fmt::print("{} documents, {} passages, {} of text, {} stored\n", state.documents, state.passages,
             FormatBytes(static_cast<double>(state.text_bytes)),
             FormatBytes(static_cast<double>(state.stored_bytes)));
  if (state.rereading) {
    fmt::print(
        "The words of {} of {} passages have been found anew; until all are, some are "
        "missed.\n",
        state.rereading->done, state.rereading->total);
  }
}

void SyncIndex(const IndexOptions& options) {
  const auto library = OpenNamedLibrary(options.library, OpenEmbedder(options.embedder));
  std::vector<std::string> ids;
  for (const std::string& wanted : options.sources) ids.push_back(FindSource(*library, wanted).id);
  if (options.sources.empty()) {
    for (const search::Source& source : library->State().sources) ids.push_back(source.id);
  }
  for (const std::string& id : ids) library->Sync(id);
  AwaitJobs(*library, ids, options.json);
}

void ShowFailures(const IndexOptions& options) {
  const auto library = OpenNamedLibrary(options.library);
  const search::Source source = FindSource(*library, options.name);
  OrderedJson failures = OrderedJson::array();
  for (const search::ItemFailure& failure : library->Failures(source.id, options.limit)) {
    if (!options.json) {
      fmt::print("{}\n    {}\n", failure.uri, search::SplitFailure(failure.message).message);
    }
    failures.push_back(serve::FailureJson(failure));
  }
  if (options.json) fmt::print("{}\n", DumpJson(OrderedJson{{"failures", failures}}));
}

using IndexAction = void (*)(const IndexOptions&);

CLI::App* AddIndexAction(CLI::App& index, const std::shared_ptr<IndexOptions>& options,
                         const char* name, const char* description, const char* example,
                         IndexAction action) {
  CLI::App* command = AddCommand(index, name, description, example);
  AddLibraryOption(*command, options->library);
  command->callback([options, action] { action(*options); });
  return command;
}

void AddIndexAdd(CLI::App& index, const std::shared_ptr<IndexOptions>& options) {
  CLI::App* add = AddIndexAction(index, options, "add", "Read a file, folder, site, feed or page",
                                 "pioneer index add ~/Documents --name papers", AddToIndex);
  AddEmbedderOption(*add, options->embedder);
  add->add_option("PLACE", options->location, "A path, or an http(s) address")->required();
  add->add_option("--name", options->name, "What it is called; default: from the place");
  add->add_option("--kind", options->kind, "files, site, feed or page; default: from the place")
      ->check(CLI::IsMember({"files", "site", "feed", "page"}));
  add->add_option("--include", options->include, "Only paths of these patterns; may be repeated");
  add->add_option("--exclude", options->exclude, "No paths of these patterns; may be repeated");
  add->add_option("--every", options->every_seconds, "Read it again every so many seconds; 0 = no")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 31));
  add->add_option("--max-documents", options->max_documents, "At most so many")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  add->add_flag("--allow-private-addresses", options->allow_private,
                "The site may be on this machine or network");
  add->add_flag("--no-wait", options->no_wait, "Only note it; the service reads it");
  add->add_flag("--json", options->json, "Print JSON");
}

}  // namespace

void AddIndexCommand(CLI::App& root) {
  auto options = std::make_shared<IndexOptions>();
  CLI::App* index =
      AddCommand(root, "index", "What is searched: add, list, sync and remove sources",
                 "pioneer index add ~/Documents");
  index->require_subcommand(1);
  AddIndexAdd(*index, options);
  CLI::App* list =
      AddIndexAction(*index, options, "list", "Show the sources", "pioneer index list", ListIndex);
  CLI::App* sync = AddIndexAction(*index, options, "sync", "Read sources again",
                                  "pioneer index sync papers", SyncIndex);
  sync->add_option("SOURCE", options->sources, "Ids or names; none = all");
  AddEmbedderOption(*sync, options->embedder);
  CLI::App* stop = AddIndexAction(*index, options, "stop", "End a reading; what was read stays",
                                  "pioneer index stop papers", [](const IndexOptions& o) {
                                    const auto library = OpenNamedLibrary(o.library);
                                    library->StopJob(FindSource(*library, o.name).id);
                                  });
  CLI::App* remove = AddIndexAction(*index, options, "remove", "Forget a source and its documents",
                                    "pioneer index remove papers", [](const IndexOptions& o) {
                                      const auto library = OpenNamedLibrary(o.library);
                                      library->Remove(FindSource(*library, o.name).id);
                                    });
  CLI::App* failures =
      AddIndexAction(*index, options, "failures", "Tell what could not be read, and why",
                     "pioneer index failures papers", ShowFailures);
  for (CLI::App* command : {stop, remove, failures}) {
    command->add_option("SOURCE", options->name, "Its id or name")->required();
  }
  failures->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  for (CLI::App* command : {list, sync, failures}) {
    command->add_flag("--json", options->json, "Print JSON");
  }
}

}  // namespace pioneer
