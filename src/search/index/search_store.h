// Why: what the index keeps, behind one interface, so that indexing and ranking know no database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/document.h"
#include "search/index/passages.h"
#include "search/library.h"
#include "search/retriever.h"

namespace pioneer::search {

// A document on its way into the index.
struct NewDocument {
  Document document;
  std::string stamp;
  std::vector<NewPassage> passages;
};

// What a reader reported since the last batch.
struct Batch {
  std::vector<NewDocument> documents;
  std::vector<std::string> unchanged;  // uris
  std::vector<ItemFailure> failures;
};

// The columns that are searched.
enum SearchField { kTitleField, kHeadingsField, kTextField, kSearchFields };

struct TermHit {
  int term = 0;                    // of those asked for
  int counts[kSearchFields] = {};  // at most 255
};
struct Candidate {
  int64_t passage_id = 0;
  int lengths[kSearchFields] = {};  // positions
  std::vector<TermHit> hits;
};

// Terms that must occur together, one group at least. Indices of the terms asked for.
using TermGroups = std::vector<std::vector<int>>;

struct IndexTotals {
  int64_t passages = 0;
  double mean_lengths[kSearchFields] = {};
};

// A passage as its vector is made from.
struct PassageText {
  int64_t id = 0;
  std::string title;
  std::vector<std::string> headings;
  std::string text;
};
// ToByteVector()'s numbers, without the zeros behind them; "" where none could be made.
struct PassageVector {
  int64_t passage_id = 0;
  std::string bytes;
};
struct VectorsState {
  std::string embedder;  // the fingerprint of who made them; "" = nobody yet
  int64_t vectors = 0, passages = 0;
  int64_t last_passage_id = 0;  // of the vectors
  int64_t removals = 0;         // grows whenever vectors vanish
  int64_t resets = 0;           // grows when all do, and are made anew
};
// Ids [begin, end).
struct PassageRange {
  int64_t begin = 0, end = 0;
};

// One connection; one thread at a time. Several connections may be open, one of them writes.
// Throws Error{kIo}, {kCorruptFile}.
class SearchStore {
 public:
  virtual ~SearchStore() = default;

  // --- Sources and jobs. Those that are removed are not there any more.
  virtual void AddSource(const Source& source) = 0;
  virtual std::vector<Source> Sources() = 0;
  virtual std::optional<Source> FindSource(std::string_view id) = 0;
  virtual void AddJob(const Job& job) = 0;
  virtual void SaveJob(const Job& job) = 0;
  virtual std::optional<Job> FindJob(std::string_view id) = 0;
  virtual std::optional<Job> NextWaitingJob() = 0;
  virtual std::vector<ItemFailure> Failures(std::string_view source_id, int limit) = 0;
  // Running jobs, which a process left when it ended, wait again.
  virtual void RequeueJobs() = 0;

  // --- Documents.
  virtual std::optional<std::string> KnownStamp(std::string_view source_id,
                                                std::string_view uri) = 0;
  // All of it or nothing: documents, marks and the job's counts, which are brought up to date.
  virtual void Apply(Job& job, const Batch& batch) = 0;
  // At the end of a job that read everything: removes some of what it did not meet, and counts it.
  // False when nothing was left.
  virtual bool RemoveUnseen(Job& job) = 0;
  // The job is done, and its source up to date.
  virtual void FinishJob(const Job& job) = 0;
  // From now on nothing of the source is found.
  virtual bool MarkRemoved(std::string_view source_id) = 0;
  // Deletes some of what removed sources left. False when nothing was left.
  virtual bool Sweep() = 0;
  // Where another version of the analyzer made the index: reads some of the stored passages again.
  // What is searched is replaced when all have been read; nothing else writes documents before.
  // False when nothing was left.
  virtual bool Reread() = 0;
  virtual std::optional<RereadProgress> Rereading() = 0;  // nullopt: nothing to do

  // --- Reading.
  virtual IndexTotals Totals() = 0;
  // In how many passages each term stands.
  virtual std::vector<int64_t> DocumentFrequencies(const std::vector<std::string>& terms) = 0;
  // The first `limit` passages in which a group occurs and that the filter lets pass, with the hits
  // of the terms of those groups that occur there whole.
  virtual std::vector<Candidate> FindCandidates(const std::vector<std::string>& terms,
                                                const TermGroups& groups,
                                                const RetrievalFilter& filter, size_t limit) = 0;
  // In this order, without those that are gone or left out by the filter.
  virtual std::vector<Passage> LoadPassages(const std::vector<int64_t>& ids,
                                            const RetrievalFilter& filter) = 0;
  virtual std::optional<std::string> DocumentText(int64_t document_id) = 0;
  virtual std::optional<StoredDocument> LoadDocument(int64_t document_id) = 0;
  virtual std::string Around(const Passage& passage, size_t bytes) = 0;
  // The passages that pass, in rising order; nullopt: all do.
  virtual std::optional<std::vector<PassageRange>> FindPassages(const RetrievalFilter& filter) = 0;
  // Counts of all, without stored_bytes; sources.
  LibraryState State();
  virtual int64_t StoredBytes() = 0;
  // Another value after each change, by any process.
  virtual int64_t DataVersion() = 0;

  // --- Vectors of passages, of one embedder at a time. They are made in the order of the passages'
  // ids, which only grow: what has none yet is behind the last that has one. A passage's vector
  // vanishes with it.
  virtual VectorsState Vectors() = 0;
  // Forgets all vectors; from now on they are this embedder's.
  virtual void ResetVectors(std::string_view embedder) = 0;
  virtual std::vector<PassageText> PassagesWithoutVectors(size_t limit) = 0;
  // Of the first of these; those whose passage has gone meanwhile are left out.
  virtual void SaveVectors(const std::vector<PassageVector>& vectors) = 0;
  // In rising order, those behind a passage.
  virtual std::vector<PassageVector> LoadVectors(int64_t behind_id, size_t limit) = 0;
  virtual std::vector<int64_t> VectorIds() = 0;  // of all
};

class PassageLengths;

// `place` is a folder, or "postgresql://USER@HOST/DATABASE". Throws Error{kIo}, {kInvalidArgument}
// (an address that cannot be read), {kUnsupported} (a newer program's index, a server that is too
// old).
// `lengths`: what connections of the same place share; null = its own.
std::unique_ptr<SearchStore> OpenSearchStore(const std::string& place,
                                             std::shared_ptr<PassageLengths> lengths = nullptr);

}  // namespace pioneer::search
