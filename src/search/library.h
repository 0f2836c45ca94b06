// Why: the sources that a service has, the work of reading them, and how it stands: what the
// library page and `pioneer index` show. The one owner of the index.
//
// What a call acknowledged is on disk. A process that was killed goes on where it was when Start()
// is called again; the index is consistent at every moment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/embedder.h"
#include "search/retriever.h"
#include "search/source.h"

namespace pioneer::search {

enum class JobState { kWaiting, kRunning, kDone, kFailed, kStopped };
const char* JobStateName(JobState state);  // "waiting", "running", "done", "failed", "stopped"

// One reading of a source.
struct Job {
  std::string id, source_id;
  JobState state = JobState::kWaiting;
  int64_t items_done = 0, items_total = 0;  // the total grows while links are found
  int64_t added = 0, changed = 0, unchanged = 0, removed = 0, failed = 0;
  int64_t bytes_read = 0;
  int64_t created_at_ms = 0, started_at_ms = 0, ended_at_ms = 0;  // 0 = not yet
  std::string error;                                              // kFailed: what happened
};

struct ItemFailure {
  std::string uri, message;
  int64_t at_ms = 0;
};

struct Source {
  std::string id;
  std::string name;  // shown; from the location where none was given
  SourceSettings settings;
  int64_t created_at_ms = 0, synced_at_ms = 0;  // 0 = never
  int64_t sync_every_seconds = 0;               // 0 = only when asked to (kFiles: watched)
  int64_t documents = 0, passages = 0, text_bytes = 0;
  std::optional<Job> job;  // the latest
  int64_t failures = 0;    // of the latest job
};

struct NewSource {
  std::string name;
  SourceSettings settings;
  int64_t sync_every_seconds = 0;
};

// How many passages have vectors.
struct VectorProgress {
  std::string embedder;  // its name
  int64_t done = 0, total = 0;
  // Of those of this process, where they are so many that a graph finds them.
  std::optional<int64_t> in_graph;
  std::string problem;  // why there are no more just now; "" = none
  bool here = false;    // this process makes them
};

// Of stored passages whose words are found anew by a newer program.
struct RereadProgress {
  int64_t done = 0, total = 0;  // about
};

struct LibraryState {
  std::vector<Source> sources;
  int64_t documents = 0, passages = 0, text_bytes = 0;
  int64_t stored_bytes = 0;               // of the index's files, or tables
  std::optional<VectorProgress> vectors;  // with an embedder
  // Until it is done, some words are not found, and sources wait.
  std::optional<RereadProgress> rereading = std::nullopt;
};

struct StoredDocument {
  std::string uri = {}, title = {}, media_type = {};
  std::string text = {};
};

// Thread-safe.
class Library {
 public:
  virtual ~Library() = default;
  // Begins or goes on with waiting jobs on its own threads. Before, nothing runs.
  virtual void Start() = 0;
  // Running jobs end within a second and go on at the next Start().
  virtual void Stop() = 0;

  // Also asks for the first sync. Throws Error{kInvalidArgument} (settings, or it is there
  // already), {kNotFound} (no such path).
  virtual Source Add(const NewSource& source) = 0;
  virtual LibraryState State() = 0;
  virtual std::optional<Source> Find(std::string_view id) = 0;
  // The documents go with it, in the background; they are found no more when this returns.
  virtual void Remove(std::string_view id) = 0;          // {kNotFound}
  virtual Job Sync(std::string_view id) = 0;             // the job that runs or waits already
  virtual void StopJob(std::string_view source_id) = 0;  // {kNotFound}
  virtual std::vector<ItemFailure> Failures(std::string_view source_id, int limit) = 0;
  // Changes whenever State() does; waits at most so long for another value than `seen`.
  virtual int64_t AwaitChange(int64_t seen, int64_t timeout_ms) = 0;

  // What a document's text is as the index has it, by a passage's document_id; nullopt: gone.
  virtual std::optional<std::string> DocumentText(int64_t document_id) = 0;
  // The same with what is known of the document, for who shows it.
  virtual std::optional<StoredDocument> FindDocument(int64_t document_id) {
    auto text = DocumentText(document_id);
    if (!text) return std::nullopt;
    return StoredDocument{.text = std::move(*text)};
  }
  virtual Retriever& retriever() = 0;
};

struct LibraryOptions {
  std::string place;  // the folder of the index, or the address of a PostgreSQL database
  // Finds passages by their meaning, too; null = by words alone.
  std::shared_ptr<Embedder> embedder = nullptr;
};

// Throws Error{kIo}, {kCorruptFile}, {kUnsupported}.
std::unique_ptr<Library> OpenLibrary(const LibraryOptions& options);

}  // namespace pioneer::search
