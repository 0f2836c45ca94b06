// The writing half of PostgresSearchStore: documents and what they share, a batch at a time, since
// each statement is a trip to the server.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "search/index/postgres_search_store.h"
#include "search/index/store_rows.h"

namespace pioneer::search {
namespace {

constexpr int64_t kPgRemovedAtOnce = 200;  // documents a transaction

int64_t BytesOf(const NewDocument& document) {
  int64_t bytes = 0;
  for (const NewPassage& passage : document.passages) {
    bytes += static_cast<int64_t>(passage.before.size() + passage.text.size());
  }
  return bytes;
}

// The longest beginning in which no document stands twice: what comes second must find the first.
size_t DistinctBeginning(std::span<const NewDocument> documents) {
  std::set<std::string_view> uris;
  size_t n = 0;
  while (n < documents.size() && uris.insert(documents[n].document.uri).second) ++n;
  return n;
}

}  // namespace

void PostgresSearchStore::Changes::Count(const KnownContent& content, int64_t sign) {
  users[content.id] += sign;
  documents += sign;
  passages += sign * content.passages;
  text_bytes += sign * content.text_bytes;
}

std::optional<std::string> PostgresSearchStore::KnownStamp(std::string_view source_id,
                                                           std::string_view uri) {
  const pqxx::result rows = database_.Query(
      "SELECT stamp FROM document WHERE source = (SELECT number FROM source WHERE id = $1) "
      "AND hashtextextended(uri, 0) = hashtextextended($2, 0) AND uri = $2",
      source_id, uri);
  return rows.empty() ? std::nullopt : std::optional(ReadText(rows[0][0]));
}

std::map<std::string, PostgresSearchStore::KnownDocument, std::less<>>
PostgresSearchStore::FindDocuments(int64_t source, const SqlArray& uris) {
  std::map<std::string, KnownDocument, std::less<>> known;
  const pqxx::result rows = database_.Query(
      "SELECT document.uri, id, content, seen_job FROM unnest($2::text[]) AS asked(uri) "
      "JOIN document ON source = $1 AND hashtextextended(document.uri, 0) = "
      "hashtextextended(asked.uri, 0) AND document.uri = asked.uri",
      source, uris);
  for (const pqxx::row& row : rows) {
    known[ReadText(row[0])] = {row[1].as<int64_t>(), row[2].as<int64_t>(), row[3].as<int64_t>()};
  }
  return known;
}

std::map<std::string, PostgresSearchStore::KnownContent> PostgresSearchStore::FindContents(
    const std::vector<std::string>& hashes) {
  std::map<std::string, KnownContent> known;
  const pqxx::result rows = database_.Query(
      "SELECT hash, id, passages, text_bytes FROM content WHERE hash = ANY($1::text[])",
      MakeSqlArray(hashes));
  for (const pqxx::row& row : rows) {
    known[ReadText(row[0])] = {row[1].as<int64_t>(), row[2].as<int64_t>(), row[3].as<int64_t>()};
  }
  return known;
}

std::map<int64_t, PostgresSearchStore::KnownContent> PostgresSearchStore::ReadContents(
    const std::vector<int64_t>& ids) {
  std::map<int64_t, KnownContent> known;
  const pqxx::result rows =
      database_.Query("SELECT id, passages, text_bytes FROM content WHERE id = ANY($1::bigint[])",
                      MakeSqlArray(ids));
  for (const pqxx::row& row : rows) {
    const auto id = row[0].as<int64_t>();
    known[id] = {id, row[1].as<int64_t>(), row[2].as<int64_t>()};
  }
  return known;
}

void PostgresSearchStore::Apply(Job& job, const Batch& batch) {
  PostgresTransaction transaction(database_);
  Job updated = job;
  const int64_t source = SourceNumber(job.source_id), number = JobNumber(job.id);
  if (source == 0 || number == 0) Fail(ErrorCode::kCancelled, "the source was removed");
  for (std::span<const NewDocument> rest(batch.documents); !rest.empty();) {
    const size_t n = DistinctBeginning(rest);
    ApplyDocuments(source, number, updated, rest.first(n));
    rest = rest.subspan(n);
  }
  // What the same job read before it was interrupted has been counted.
  updated.unchanged += Touch(source, number, MakeSqlArray(batch.unchanged));
  if (!batch.failures.empty()) {
    SqlArray uris;
    for (const ItemFailure& failure : batch.failures) uris.Add(std::string_view(failure.uri));
    Touch(source, number, uris);
    StoreFailures(number, batch.failures);
    updated.failed =
        database_.Query("SELECT COUNT(*) FROM failure WHERE job = $1", number)[0][0].as<int64_t>();
  }
  UpdateJob(updated);
  transaction.Commit();
  job = updated;
}

// Of documents that the job had not met yet.
int64_t PostgresSearchStore::Touch(int64_t source, int64_t job_number, SqlArray uris) {
  return database_.Run(
      "UPDATE document SET seen_job = $2 WHERE seen_job <> $2 AND id IN "
      "(SELECT id FROM unnest($3::text[]) AS asked(uri) JOIN document ON source = $1 AND "
      "hashtextextended(document.uri, 0) = hashtextextended(asked.uri, 0) AND "
      "document.uri = asked.uri)",
      source, job_number, uris);
}

// The last word about each.
void PostgresSearchStore::StoreFailures(int64_t job_number,
                                        const std::vector<ItemFailure>& failures) {
  std::map<std::string, const ItemFailure*> last;
  for (const ItemFailure& failure : failures) last[failure.uri] = &failure;
  SqlArray uris, messages, times;
  for (const auto& [uri, failure] : last) {
    uris.Add(std::string_view(uri));
    messages.Add(std::string_view(failure->message));
    times.Add(failure->at_ms);
  }
  database_.Run(
      "DELETE FROM failure USING unnest($2::text[]) AS told(uri) WHERE job = $1 AND "
      "hashtextextended(failure.uri, 0) = hashtextextended(told.uri, 0) AND failure.uri = told.uri",
      job_number, uris);
  uris = {};
  for (const auto& [uri, failure] : last) uris.Add(std::string_view(uri));
  database_.Run(
      "INSERT INTO failure (job, uri, message, at_ms) "
      "SELECT $1::bigint, * FROM unnest($2::text[], $3::text[], $4::bigint[])",
      job_number, uris, messages, times);
}

void PostgresSearchStore::ApplyDocuments(int64_t source, int64_t job_number, Job& job,
                                         std::span<const NewDocument> documents) {
  std::vector<std::string> hashes;
  SqlArray uris;
  for (const NewDocument& document : documents) {
    hashes.push_back(ContentHash(document));
    uris.Add(std::string_view(document.document.uri));
  }
  const auto known = FindDocuments(source, uris);
  auto contents = FindContents(hashes);
  std::vector<int64_t> old_ids;
  for (const auto& [uri, document] : known) old_ids.push_back(document.content);
  const auto old_contents = ReadContents(old_ids);
  auto last_content = database_.Query("SELECT last_content FROM state")[0][0].as<int64_t>();

  Changes changes;
  std::vector<std::string> new_hashes;
  SqlArray ids, new_uris, stamps, content_ids, languages, types, dates;
  for (size_t i = 0; i < documents.size(); ++i) {
    const Document& made = documents[i].document;
    const auto [content, is_new] = contents.try_emplace(hashes[i]);
    if (is_new) {
      content->second = {++last_content, static_cast<int64_t>(documents[i].passages.size()),
                         BytesOf(documents[i])};
      changes.new_contents.push_back(&documents[i]);
      changes.new_content_ids.push_back(last_content);
      new_hashes.push_back(hashes[i]);
    }
    changes.Count(content->second, 1);
    const auto before = known.find(Storable(made.uri));
    if (before == known.end()) {
      ++job.added;
      ids.Add(std::nullopt);
    } else {
      const bool is_same = before->second.content == content->second.id;
      if (before->second.seen_job != job_number || !is_same) {
        is_same ? ++job.unchanged : ++job.changed;
      }
      changes.Count(old_contents.at(before->second.content), -1);
      ids.Add(before->second.id);
    }
    new_uris.Add(std::string_view(made.uri));
    stamps.Add(std::string_view(documents[i].stamp));
    content_ids.Add(content->second.id);
    languages.Add(std::string_view(made.language));
    types.Add(std::string_view(made.media_type));
    dates.Add(made.published_at_ms ? made.published_at_ms : made.modified_at_ms);
  }
  InsertContents(changes, new_hashes);
  database_.Run(
      "WITH made AS (SELECT * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[], "
      "$7::text[], $8::text[], $9::bigint[]) WITH ORDINALITY AS made(id, uri, stamp, content, "
      "language, media_type, dated_at_ms, place)), "
      "changed AS (UPDATE document SET stamp = made.stamp, content = made.content, "
      "language = made.language, media_type = made.media_type, dated_at_ms = made.dated_at_ms, "
      "seen_job = $2 FROM made WHERE document.id = made.id) "
      "INSERT INTO document (source, uri, stamp, content, language, media_type, dated_at_ms, "
      "seen_job) SELECT $1::bigint, uri, stamp, content, language, media_type, dated_at_ms, "
      "$2::bigint FROM made WHERE id IS NULL ORDER BY place",
      source, job_number, ids, new_uris, stamps, content_ids, languages, types, dates);
  ApplyChanges(source, changes);
}

// Nobody uses them yet: ApplyChanges() follows.
void PostgresSearchStore::InsertContents(const Changes& changes,
                                         const std::vector<std::string>& hashes) {
  if (changes.new_contents.empty()) return;
  auto passage = database_.Query("SELECT last_passage FROM state")[0][0].as<int64_t>();
  SqlArray titles, firsts, counts, bytes;
  SqlArray ids, contents, begins, pages, befores, all_headings, texts;
  PassageTerms terms;
  for (size_t i = 0; i < changes.new_contents.size(); ++i) {
    const NewDocument& document = *changes.new_contents[i];
    const std::string title = Storable(document.document.title);
    titles.Add(std::string_view(title));
    firsts.Add(document.passages.empty() ? 0 : passage + 1);
    counts.Add(static_cast<int64_t>(document.passages.size()));
    bytes.Add(BytesOf(document));
    for (const NewPassage& made : document.passages) {
      const std::string headings = Storable(JoinHeadings(made.headings));
      const std::string text = Storable(made.text);
      ids.Add(++passage);
      contents.Add(changes.new_content_ids[i]);
      begins.Add(static_cast<int64_t>(made.begin));
      pages.Add(int64_t{made.page});
      befores.Add(std::string_view(made.before));
      all_headings.Add(std::string_view(headings));
      texts.Add(std::string_view(text));
      AddPassageTerms(passage, {title, headings, text}, terms);
    }
  }
  database_.Run(
      "INSERT INTO content (id, hash, title, users, first_passage, passages, text_bytes) "
      "SELECT id, hash, title, 0, first, passages, bytes FROM unnest($1::bigint[], $2::text[], "
      "$3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) "
      "AS made(id, hash, title, first, passages, bytes)",
      MakeSqlArray(changes.new_content_ids), MakeSqlArray(hashes), titles, firsts, counts, bytes);
  database_.Run(
      "INSERT INTO passage (id, content, begins, page, before, headings, text) "
      "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[], "
      "$6::text[], $7::text[])",
      ids, contents, begins, pages, befores, all_headings, texts);
  database_.Run("UPDATE state SET last_content = $1, last_passage = $2",
                changes.new_content_ids.back(), passage);
  AddPostings("posting", terms);
  AddTotals("posting", terms, 1);
}

void PostgresSearchStore::ApplyChanges(int64_t source, const Changes& changes) {
  database_.Run(
      "UPDATE source SET documents = documents + $2, passages = passages + $3, "
      "text_bytes = text_bytes + $4 WHERE number = $1",
      source, changes.documents, changes.passages, changes.text_bytes);
  SqlArray ids, growth;
  std::vector<int64_t> shrunk;
  for (const auto& [content, by] : changes.users) {
    if (by == 0) continue;
    ids.Add(content);
    growth.Add(by);
    if (by < 0) shrunk.push_back(content);
  }
  database_.Run(
      "UPDATE content SET users = users + growth FROM unnest($1::bigint[], $2::bigint[]) "
      "AS changed(id, growth) WHERE content.id = changed.id",
      ids, growth);
  if (!shrunk.empty()) ReleaseContents(shrunk);
}

// Forgets those of them that nobody uses any more.
void PostgresSearchStore::ReleaseContents(const std::vector<int64_t>& contents) {
  const pqxx::result rows = database_.Query(
      "SELECT passage.id, title, headings, text, content.id FROM content JOIN passage "
      "ON passage.id >= first_passage AND passage.id < first_passage + passages "
      "WHERE content.id = ANY($1::bigint[]) AND users <= 0 ORDER BY passage.id",
      MakeSqlArray(contents));
  PassageTerms terms;
  std::vector<int64_t> passages;
  for (const pqxx::row& row : rows) {
    const auto id = row[0].as<int64_t>();
    passages.push_back(id);
    AddPassageTerms(id, {row[1].c_str(), row[2].c_str(), row[3].c_str()}, terms);
  }
  RemovePostings(terms);
  AddTotals("posting", terms, -1);
  RemoveVectors(passages);
  database_.Run("DELETE FROM passage WHERE id = ANY($1::bigint[])", MakeSqlArray(passages));
  database_.Run("DELETE FROM content WHERE id = ANY($1::bigint[]) AND users <= 0",
                MakeSqlArray(contents));
}

// Rows of id and content; how many there were.
int64_t PostgresSearchStore::RemoveDocuments(int64_t source, const pqxx::result& rows) {
  std::vector<int64_t> ids, contents;
  for (const pqxx::row& row : rows) {
    ids.push_back(row[0].as<int64_t>());
    contents.push_back(row[1].as<int64_t>());
  }
  if (ids.empty()) return 0;
  Changes changes;
  const auto known = ReadContents(contents);
  for (const int64_t content : contents) changes.Count(known.at(content), -1);
  database_.Run("DELETE FROM document WHERE id = ANY($1::bigint[])", MakeSqlArray(ids));
  ApplyChanges(source, changes);
  return static_cast<int64_t>(ids.size());
}

bool PostgresSearchStore::RemoveUnseen(Job& job) {
  PostgresTransaction transaction(database_);
  const int64_t source = SourceNumber(job.source_id), number = JobNumber(job.id);
  Job updated = job;
  const int64_t removed = RemoveDocuments(
      source, database_.Query(
                  "SELECT id, content FROM document WHERE source = $1 AND seen_job <> $2 LIMIT $3",
                  source, number, kPgRemovedAtOnce));
  updated.removed += removed;
  UpdateJob(updated);
  transaction.Commit();
  job = updated;
  return removed > 0;
}

bool PostgresSearchStore::Sweep() {
  constexpr const char* kFindRemoved = "SELECT number FROM source WHERE removed LIMIT 1";
  if (database_.Query(kFindRemoved).empty()) return false;  // no transaction for what is rare
  PostgresTransaction transaction(database_);
  const pqxx::result rows = database_.Query(kFindRemoved);
  if (rows.empty()) return false;
  const auto source = rows[0][0].as<int64_t>();
  const int64_t removed = RemoveDocuments(
      source, database_.Query("SELECT id, content FROM document WHERE source = $1 LIMIT $2", source,
                              kPgRemovedAtOnce));
  if (removed == 0) database_.Run("DELETE FROM source WHERE number = $1", source);
  transaction.Commit();
  return true;
}

}  // namespace pioneer::search
