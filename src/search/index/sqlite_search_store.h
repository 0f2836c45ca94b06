// Why: the index in one SQLite file. Sources, jobs and failures as rows; a text that several
// documents share is kept once; its passages are rows of an FTS5 table without a copy of the text.
#pragma once

#include <filesystem>
#include <unordered_map>

#include "search/index/passage_lengths.h"
#include "search/index/search_store.h"
#include "store/database.h"

namespace pioneer::search {

class SqliteSearchStore : public SearchStore {
 public:
  SqliteSearchStore(const std::filesystem::path& file, std::shared_ptr<PassageLengths> lengths);

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
  int64_t StoredBytes() override;
  int64_t DataVersion() override;
  std::optional<std::vector<PassageRange>> FindPassages(const RetrievalFilter& filter) override;

  VectorsState Vectors() override;
  void ResetVectors(std::string_view embedder) override;
  std::vector<PassageText> PassagesWithoutVectors(size_t limit) override;
  void SaveVectors(const std::vector<PassageVector>& vectors) override;
  std::vector<PassageVector> LoadVectors(int64_t behind_id, size_t limit) override;
  std::vector<int64_t> VectorIds() override;

 private:
  struct DocumentRow {
    int64_t id = 0, content = 0;
    int64_t seen_job = 0;
  };

  int64_t SourceNumber(std::string_view id);  // 0 = there is none
  int64_t JobNumber(std::string_view id);
  void ReadLatestJob(int64_t source_number, Source& source);
  void StoreJob(const Job& job);
  std::optional<DocumentRow> FindDocument(int64_t source, std::string_view uri);
  void ApplyDocument(int64_t source, int64_t job_number, Job& job, const NewDocument& document);
  int64_t AcquireContent(const NewDocument& document);
  int64_t InsertContent(const NewDocument& document, std::string_view hash);
  void ReleaseContent(int64_t content);
  void RemoveDocument(int64_t source, const DocumentRow& row);
  void RemoveVectors(int64_t first_passage, int64_t end);
  void CountDocument(int64_t source, int64_t content, int64_t sign);
  void PutLengths(std::vector<Candidate>& candidates);
  std::shared_ptr<const PassageLengths::Page> ReadLengths(int64_t page_number);

  const std::filesystem::path folder_;
  const std::shared_ptr<PassageLengths> lengths_;
  Database database_;
};

}  // namespace pioneer::search
