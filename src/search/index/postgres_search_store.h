// Why: the index in a PostgreSQL database, for libraries that a server keeps. What the tables are
// is in postgres_schema.cc; words are found in lists of our own (postings.h), because full-text
// search as PostgreSQL has it tells neither how often a word stands in a field nor how many
// passages have it without reading them.
#pragma once

#include <map>
#include <span>

#include "search/index/postgres_connection.h"
#include "search/index/postings.h"
#include "search/index/search_store.h"

namespace pioneer::search {

// Also throws StoreLostError (store_lost.h).
class PostgresSearchStore : public SearchStore {
 public:
  explicit PostgresSearchStore(const std::string& uri);

  void AddSource(const Source& source) override;
  std::vector<Source> Sources() override;
  std::optional<Source> FindSource(std::string_view id) override;
  void AddJob(const Job& job) override;
  void SaveJob(const Job& job) override;
  std::optional<Job> FindJob(std::string_view id) override;
  std::optional<Job> NextWaitingJob() override;
  std::vector<ItemFailure> Failures(std::string_view source_id, int limit) override;
  void RequeueJobs() override;

  std::optional<std::string> KnownStamp(std::string_view source_id, std::string_view uri) override;
  void Apply(Job& job, const Batch& batch) override;
  bool RemoveUnseen(Job& job) override;
  void FinishJob(const Job& job) override;
  bool MarkRemoved(std::string_view source_id) override;
  bool Sweep() override;
  bool Reread() override;
  std::optional<RereadProgress> Rereading() override;

  IndexTotals Totals() override;
  std::vector<int64_t> DocumentFrequencies(const std::vector<std::string>& terms) override;
  std::vector<Candidate> FindCandidates(const std::vector<std::string>& terms,
                                        const TermGroups& groups, const RetrievalFilter& filter,
                                        size_t limit) override;
  std::vector<Passage> LoadPassages(const std::vector<int64_t>& ids,
                                    const RetrievalFilter& filter) override;
  std::optional<std::string> DocumentText(int64_t document_id) override;
  std::optional<StoredDocument> LoadDocument(int64_t document_id) override;
  std::string Around(const Passage& passage, size_t bytes) override;
  std::optional<std::vector<PassageRange>> FindPassages(const RetrievalFilter& filter) override;
  int64_t StoredBytes() override;
  int64_t DataVersion() override;

  VectorsState Vectors() override;
  void ResetVectors(std::string_view embedder) override;
  std::vector<PassageText> PassagesWithoutVectors(size_t limit) override;
  void SaveVectors(const std::vector<PassageVector>& vectors) override;
  std::vector<PassageVector> LoadVectors(int64_t behind_id, size_t limit) override;
  std::vector<int64_t> VectorIds() override;

 private:
  struct KnownDocument {
    int64_t id = 0, content = 0, seen_job = 0;
  };
  struct KnownContent {
    int64_t id = 0, passages = 0, text_bytes = 0;
  };
  // What a transaction changes of other tables than `document`.
  struct Changes {
    std::map<int64_t, int64_t> users;  // of contents, by which they grow
    int64_t documents = 0, passages = 0, text_bytes = 0;
    std::vector<const NewDocument*> new_contents;
    std::vector<int64_t> new_content_ids;
    void Count(const KnownContent& content, int64_t sign);
  };

  void ReadLatestJobs(std::map<int64_t, Source*>& sources);
  void StoreJob(const Job& job);
  void UpdateJob(const Job& job);
  // 0 = there is none.
  int64_t SourceNumber(std::string_view id);
  int64_t JobNumber(std::string_view id);

  std::map<std::string, KnownDocument, std::less<>> FindDocuments(int64_t source,
                                                                  const SqlArray& uris);
  std::map<std::string, KnownContent> FindContents(const std::vector<std::string>& hashes);
  std::map<int64_t, KnownContent> ReadContents(const std::vector<int64_t>& ids);
  void ApplyDocuments(int64_t source, int64_t job_number, Job& job,
                      std::span<const NewDocument> documents);
  void StoreFailures(int64_t job_number, const std::vector<ItemFailure>& failures);
  int64_t Touch(int64_t source, int64_t job_number, SqlArray uris);
  void InsertContents(const Changes& changes, const std::vector<std::string>& hashes);
  void ApplyChanges(int64_t source, const Changes& changes);
  void ReleaseContents(const std::vector<int64_t>& contents);
  int64_t RemoveDocuments(int64_t source, const pqxx::result& rows);

  void RemoveVectors(const std::vector<int64_t>& passages);

  // Of the table `posting`, or posting_new.
  void AddPostings(const std::string& table, const PassageTerms& terms);
  void RemovePostings(const PassageTerms& terms);
  void AddTotals(const std::string& table, const PassageTerms& terms, int64_t sign);
  void BeginReread();
  void FinishReread();

  std::vector<std::vector<Posting>> LoadPostings(const std::vector<std::string>& terms,
                                                 const TermGroups& groups);
  void KeepFiltered(const RetrievalFilter& filter, size_t limit,
                    std::vector<Candidate>& candidates);

  PostgresConnection database_;
};

}  // namespace pioneer::search
