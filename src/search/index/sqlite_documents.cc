// The writing half of SqliteSearchStore: documents and what they share.
#include "base/error.h"
#include "search/index/sqlite_search_store.h"
#include "search/index/store_rows.h"

namespace pioneer::search {
namespace {

constexpr int kRemovedAtOnce = 200;  // documents a transaction

}  // namespace

std::optional<std::string> SqliteSearchStore::KnownStamp(std::string_view source_id,
                                                         std::string_view uri) {
  Statement row = database_.Query(
      "SELECT stamp FROM document JOIN source ON source.number = document.source "
      "WHERE source.id = ? AND uri = ?",
      source_id, uri);
  return row.Step() ? std::optional(row.Text(0)) : std::nullopt;
}

std::optional<SqliteSearchStore::DocumentRow> SqliteSearchStore::FindDocument(
    int64_t source, std::string_view uri) {
  Statement row = database_.Query(
      "SELECT id, content, seen_job FROM document WHERE source = ? AND uri = ?", source, uri);
  if (!row.Step()) return std::nullopt;
  return DocumentRow{row.Integer(0), row.Integer(1), row.Integer(2)};
}

void SqliteSearchStore::Apply(Job& job, const Batch& batch) {
  Transaction transaction(database_);
  Job updated = job;
  const int64_t source = SourceNumber(job.source_id), number = JobNumber(job.id);
  for (const NewDocument& document : batch.documents) {
    ApplyDocument(source, number, updated, document);
  }
  const auto touch = [&](std::string_view uri) {
    database_.Run("UPDATE document SET seen_job = ? WHERE source = ? AND uri = ? AND seen_job <> ?",
                  number, source, uri, number);
    return database_.changes() > 0;
  };
  // What the same job read before it was interrupted has been counted.
  for (const std::string& uri : batch.unchanged) updated.unchanged += touch(uri) ? 1 : 0;
  for (const ItemFailure& failure : batch.failures) {
    touch(failure.uri);
    database_.Run("INSERT OR REPLACE INTO failure (job, uri, message, at_ms) VALUES (?, ?, ?, ?)",
                  number, failure.uri, failure.message, failure.at_ms);
  }
  if (!batch.failures.empty()) {
    Statement row = database_.Query("SELECT COUNT(*) FROM failure WHERE job = ?", number);
    if (row.Step()) updated.failed = row.Integer(0);
  }
  SaveJob(updated);
  transaction.Commit();
  job = updated;
}

void SqliteSearchStore::ApplyDocument(int64_t source, int64_t job_number, Job& job,
                                      const NewDocument& document) {
  const Document& made = document.document;
  const std::optional<DocumentRow> known = FindDocument(source, made.uri);
  const int64_t content = AcquireContent(document);
  const std::optional<int64_t> dated =
      made.published_at_ms ? made.published_at_ms : made.modified_at_ms;
  if (known) {
    const bool is_same = known->content == content;
    if (known->seen_job != job_number || !is_same) is_same ? ++job.unchanged : ++job.changed;
    CountDocument(source, known->content, -1);
    database_.Run(
        "UPDATE document SET stamp = ?, content = ?, language = ?, media_type = ?, "
        "dated_at_ms = ?, seen_job = ? WHERE id = ?",
        document.stamp, content, made.language, made.media_type, dated, job_number, known->id);
    ReleaseContent(known->content);
  } else {
    ++job.added;
    database_.Run(
        "INSERT INTO document (source, uri, stamp, content, language, media_type, dated_at_ms, "
        "seen_job) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        source, made.uri, document.stamp, content, made.language, made.media_type, dated,
        job_number);
  }
  CountDocument(source, content, 1);
}

void SqliteSearchStore::CountDocument(int64_t source, int64_t content, int64_t sign) {
  database_.Run(
      "UPDATE source SET documents = documents + ?, "
      "passages = passages + ? * (SELECT passages FROM content WHERE id = ?), "
      "text_bytes = text_bytes + ? * (SELECT text_bytes FROM content WHERE id = ?) "
      "WHERE number = ?",
      sign, sign, content, sign, content, source);
}

int64_t SqliteSearchStore::AcquireContent(const NewDocument& document) {
  const std::string hash = ContentHash(document);
  Statement row = database_.Query("SELECT id FROM content WHERE hash = ?", hash);
  if (!row.Step()) return InsertContent(document, hash);
  database_.Run("UPDATE content SET users = users + 1 WHERE id = ?", row.Integer(0));
  return row.Integer(0);
}

int64_t SqliteSearchStore::InsertContent(const NewDocument& document, std::string_view hash) {
  int64_t bytes = 0;
  for (const NewPassage& passage : document.passages) {
    bytes += static_cast<int64_t>(passage.before.size() + passage.text.size());
  }
  const auto n_passages = static_cast<int64_t>(document.passages.size());
  database_.Run(
      "INSERT INTO content (hash, title, users, first_passage, passages, text_bytes) "
      "VALUES (?, ?, 1, 0, ?, ?)",
      hash, document.document.title, n_passages, bytes);
  const int64_t content = database_.last_row_id();
  Statement insert = database_.Query(
      "INSERT INTO passage (content, begin, page, before, headings, text) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  Statement index = database_.Query(
      "INSERT INTO passage_text (rowid, title, headings, text) VALUES (?, ?, ?, ?)");
  int64_t first = 0;
  for (const NewPassage& passage : document.passages) {
    const std::string headings = JoinHeadings(passage.headings);
    insert.Reset();
    insert.Bind(content);
    insert.Bind(static_cast<int64_t>(passage.begin));
    insert.Bind(int64_t{passage.page});
    insert.Bind(passage.before);
    insert.Bind(headings);
    insert.Bind(passage.text);
    insert.Run();
    const int64_t id = database_.last_row_id();
    if (first == 0) first = id;
    index.Reset();
    index.Bind(id);
    index.Bind(document.document.title);
    index.Bind(headings);
    index.Bind(passage.text);
    index.Run();
  }
  database_.Run("UPDATE content SET first_passage = ? WHERE id = ?", first, content);
  return content;
}

void SqliteSearchStore::ReleaseContent(int64_t content) {
  database_.Run("UPDATE content SET users = users - 1 WHERE id = ?", content);
  Statement row = database_.Query(
      "SELECT title, first_passage, passages FROM content WHERE id = ? AND users <= 0", content);
  if (!row.Step()) return;
  const int64_t first = row.Integer(1), end = first + row.Integer(2);
  // The table keeps no text of its own: it forgets a row when it is told what stood there.
  database_.Run(
      "INSERT INTO passage_text (passage_text, rowid, title, headings, text) "
      "SELECT 'delete', id, ?, headings, text FROM passage WHERE id >= ? AND id < ?",
      row.Text(0), first, end);
  database_.Run("DELETE FROM passage WHERE id >= ? AND id < ?", first, end);
  RemoveVectors(first, end);
  database_.Run("DELETE FROM content WHERE id = ?", content);
}

void SqliteSearchStore::RemoveDocument(int64_t source, const DocumentRow& row) {
  CountDocument(source, row.content, -1);
  database_.Run("DELETE FROM document WHERE id = ?", row.id);
  ReleaseContent(row.content);
}

bool SqliteSearchStore::RemoveUnseen(Job& job) {
  Transaction transaction(database_);
  const int64_t source = SourceNumber(job.source_id), number = JobNumber(job.id);
  std::vector<DocumentRow> rows;
  Statement query = database_.Query(
      "SELECT id, content, seen_job FROM document WHERE source = ? AND seen_job <> ? LIMIT ?",
      source, number, int64_t{kRemovedAtOnce});
  while (query.Step()) {
    rows.push_back({query.Integer(0), query.Integer(1), query.Integer(2)});
  }
  query.Reset();
  for (const DocumentRow& row : rows) RemoveDocument(source, row);
  Job updated = job;
  updated.removed += static_cast<int64_t>(rows.size());
  SaveJob(updated);
  transaction.Commit();
  job = updated;
  return !rows.empty();
}

bool SqliteSearchStore::Sweep() {
  Transaction transaction(database_);
  Statement removed = database_.Query("SELECT number FROM source WHERE removed = 1 LIMIT 1");
  if (!removed.Step()) return false;
  const int64_t source = removed.Integer(0);
  removed.Reset();
  std::vector<DocumentRow> rows;
  Statement query = database_.Query("SELECT id, content FROM document WHERE source = ? LIMIT ?",
                                    source, int64_t{kRemovedAtOnce});
  while (query.Step()) rows.push_back({query.Integer(0), query.Integer(1), 0});
  query.Reset();
  for (const DocumentRow& row : rows) RemoveDocument(source, row);
  if (rows.empty()) database_.Run("DELETE FROM source WHERE number = ?", source);
  transaction.Commit();
  return true;
}

}  // namespace pioneer::search
