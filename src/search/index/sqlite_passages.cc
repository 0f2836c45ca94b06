// The reading half of SqliteSearchStore: what ranking asks for.
#include <algorithm>
#include <span>

#include "base/error.h"
#include "search/index/sqlite_search_store.h"
#include "search/index/store_rows.h"
#include "store/full_text.h"

namespace pioneer::search {
namespace {

std::string Placeholders(size_t n) {
  std::string out = "(";
  for (size_t i = 0; i < n; ++i) out += i == 0 ? "?" : ", ?";
  return out + ")";
}

// Conditions on `document` and `source`.
std::string FilterSql(const RetrievalFilter& filter) {
  std::string sql = " AND source.removed = 0";
  if (!filter.source_ids.empty()) {
    sql += " AND source.id IN " + Placeholders(filter.source_ids.size());
  }
  if (!filter.languages.empty()) {
    sql += " AND document.language IN " + Placeholders(filter.languages.size());
  }
  if (filter.from_ms) sql += " AND document.dated_at_ms >= ?";
  if (filter.until_ms) sql += " AND document.dated_at_ms <= ?";
  return sql;
}

void BindFilter(Statement& statement, const RetrievalFilter& filter) {
  for (const std::string& id : filter.source_ids) statement.Bind(id);
  for (const std::string& language : filter.languages) statement.Bind(language);
  if (filter.from_ms) statement.Bind(*filter.from_ms);
  if (filter.until_ms) statement.Bind(*filter.until_ms);
}

// Sources whose documents are not swept yet.
bool AnyRemoved(Database& database) {
  return database.Query("SELECT 1 FROM source WHERE removed = 1 LIMIT 1").Step();
}

// "(a AND b) OR c", and which term each phrase of it is.
std::string MatchExpression(const std::vector<std::string>& terms, const TermGroups& groups,
                            std::vector<int>& phrase_terms) {
  std::string match;
  for (const std::vector<int>& group : groups) {
    std::string all;
    for (const int term : group) {
      if (!all.empty()) all += " AND ";
      all += QuoteTerm(terms[static_cast<size_t>(term)]);
      phrase_terms.push_back(term);
    }
    match += fmt::format("{}({})", match.empty() ? "" : " OR ", all);
  }
  return match;
}

// A term that stands in several groups counts once.
void AddHit(Candidate& candidate, const PhraseHits& hits, int term) {
  for (const TermHit& known : candidate.hits) {
    if (known.term == term) return;
  }
  TermHit hit;
  hit.term = term;
  std::copy_n(hits.counts.begin(), kSearchFields, hit.counts);
  candidate.hits.push_back(hit);
}

// Of those groups that occur whole. The phrases are those of the groups, one behind the other.
void AddGroupHits(Candidate& candidate, std::span<const PhraseHits> hits, const TermGroups& groups,
                  const std::vector<int>& phrase_terms) {
  int end = 0;
  for (const std::vector<int>& group : groups) {
    end += static_cast<int>(group.size());
    size_t n = 0;
    while (n < hits.size() && hits[n].phrase < end) ++n;
    if (n == group.size()) {
      for (const PhraseHits& hit : hits.first(n)) {
        AddHit(candidate, hit, phrase_terms[static_cast<size_t>(hit.phrase)]);
      }
    }
    hits = hits.subspan(n);
  }
}

Passage ReadPassage(int64_t id, const Statement& row) {
  Passage passage;
  passage.id = id;
  passage.document_id = row.Integer(0);
  passage.source_id = row.Text(1);
  passage.uri = row.Text(2);
  passage.title = row.Text(3);
  passage.headings = SplitHeadings(row.Bytes(4));
  passage.text = row.Text(5);
  passage.begin = static_cast<size_t>(row.Integer(6));
  passage.end = passage.begin + passage.text.size();
  passage.page = static_cast<int>(row.Integer(7));
  passage.language = row.Text(8);
  passage.dated_at_ms = row.OptionalInteger(9);
  return passage;
}

}  // namespace

IndexTotals SqliteSearchStore::Totals() {
  Statement row =
      database_.Query("SELECT full_text_totals(passage_text) FROM passage_text LIMIT 1");
  if (!row.Step()) return {};
  const TableTotals table = DecodeTotals(row.Bytes(0));
  IndexTotals totals;
  totals.passages = table.rows;
  for (size_t i = 0; i < kSearchFields && i < table.column_terms.size() && table.rows > 0; ++i) {
    totals.mean_lengths[i] =
        static_cast<double>(table.column_terms[i]) / static_cast<double>(table.rows);
  }
  return totals;
}

std::vector<int64_t> SqliteSearchStore::DocumentFrequencies(const std::vector<std::string>& terms) {
  std::vector<int64_t> frequencies;
  Statement row = database_.Query("SELECT doc FROM passage_terms WHERE term = ?");
  for (const std::string& term : terms) {
    row.Reset();
    row.Bind(term);
    frequencies.push_back(row.Step() ? row.Integer(0) : 0);
  }
  return frequencies;
}

std::vector<Candidate> SqliteSearchStore::FindCandidates(const std::vector<std::string>& terms,
                                                         const TermGroups& groups,
                                                         const RetrievalFilter& filter,
                                                         size_t limit) {
  std::vector<int> phrase_terms;
  const std::string match = MatchExpression(terms, groups, phrase_terms);
  if (phrase_terms.empty()) return {};
  std::string sql =
      "SELECT rowid, full_text_hits(passage_text) FROM passage_text WHERE passage_text MATCH ?";
  const bool filters = FiltersAnything(filter) || AnyRemoved(database_);
  if (filters) {
    sql +=
        " AND EXISTS (SELECT 1 FROM passage JOIN document ON document.content = passage.content "
        "JOIN source ON source.number = document.source WHERE passage.id = passage_text.rowid" +
        FilterSql(filter) + ")";
  }
  sql += " LIMIT ?";
  Statement row = database_.Query(sql.c_str(), match);
  if (filters) BindFilter(row, filter);
  row.Bind(static_cast<int64_t>(limit));
  std::vector<Candidate> candidates;
  std::vector<PhraseHits> hits;
  while (row.Step()) {
    DecodeHits(row.Bytes(1), kSearchFields, hits);
    Candidate candidate;
    candidate.passage_id = row.Integer(0);
    AddGroupHits(candidate, hits, groups, phrase_terms);
    candidates.push_back(std::move(candidate));
  }
  PutLengths(candidates);
  return candidates;
}

void SqliteSearchStore::PutLengths(std::vector<Candidate>& candidates) {
  Statement analysis = database_.Query("SELECT version FROM analysis");
  const int64_t version = analysis.Step() ? analysis.Integer(0) : 0;
  std::shared_ptr<const PassageLengths::Page> page;
  int64_t number = -1;
  for (Candidate& candidate : candidates) {
    const int64_t id = candidate.passage_id;
    if (id / PassageLengths::kPageIds != number || id >= page->end) {
      number = id / PassageLengths::kPageIds;
      page = lengths_->Find(number, version);
      if (!page || id >= page->end) {
        page = ReadLengths(number);
        lengths_->Put(number, version, page);
      }
    }
    const auto& fields = page->lengths[static_cast<size_t>(id % PassageLengths::kPageIds)];
    std::copy(fields.begin(), fields.end(), candidate.lengths);
  }
}

std::shared_ptr<const PassageLengths::Page> SqliteSearchStore::ReadLengths(int64_t page_number) {
  const int64_t first = page_number * PassageLengths::kPageIds;
  Statement row = database_.Query(
      "SELECT id, sz FROM passage_text_docsize WHERE id >= ? AND id < ? ORDER BY id", first,
      first + PassageLengths::kPageIds);
  auto page = std::make_shared<PassageLengths::Page>();
  while (row.Step()) {
    const auto sizes = DecodeSizes(row.Bytes(1));
    auto& fields = page->lengths[static_cast<size_t>(row.Integer(0) - first)];
    for (size_t i = 0; i < kSearchFields; ++i) {
      fields[i] = static_cast<uint16_t>(std::min(sizes[i], 0xFFFF));
    }
    page->end = row.Integer(0) + 1;
  }
  return page;
}

std::optional<std::vector<PassageRange>> SqliteSearchStore::FindPassages(
    const RetrievalFilter& filter) {
  if (!FiltersAnything(filter) && !AnyRemoved(database_)) return std::nullopt;
  const std::string sql =
      "SELECT DISTINCT first_passage, content.passages FROM document "
      "JOIN content ON content.id = document.content "
      "JOIN source ON source.number = document.source WHERE content.passages > 0" +
      FilterSql(filter) + " ORDER BY first_passage";
  Statement row = database_.Query(sql.c_str());
  BindFilter(row, filter);
  std::vector<PassageRange> ranges;
  while (row.Step()) {
    AddRange({row.Integer(0), row.Integer(0) + row.Integer(1)}, ranges);
  }
  return ranges;
}

std::vector<PassageText> SqliteSearchStore::PassagesWithoutVectors(size_t limit) {
  Statement row = database_.Query(
      "SELECT passage.id, content.title, passage.headings, passage.text FROM passage "
      "JOIN content ON content.id = passage.content "
      "WHERE passage.id > (SELECT IFNULL(MAX(passage), 0) FROM passage_vector) "
      "ORDER BY passage.id LIMIT ?",
      static_cast<int64_t>(limit));
  std::vector<PassageText> passages;
  while (row.Step()) {
    passages.push_back({row.Integer(0), row.Text(1), SplitHeadings(row.Bytes(2)), row.Text(3)});
  }
  return passages;
}

std::vector<Passage> SqliteSearchStore::LoadPassages(const std::vector<int64_t>& ids,
                                                     const RetrievalFilter& filter) {
  const std::string sql =
      "SELECT document.id, source.id, document.uri, content.title, passage.headings, "
      "passage.text, passage.begin, passage.page, document.language, document.dated_at_ms "
      "FROM passage JOIN content ON content.id = passage.content "
      "JOIN document ON document.content = content.id "
      "JOIN source ON source.number = document.source WHERE passage.id = ?" +
      FilterSql(filter) + " ORDER BY document.id LIMIT 1";
  std::vector<Passage> passages;
  Statement row = database_.Query(sql.c_str());
  for (const int64_t id : ids) {
    row.Reset();
    row.Bind(id);
    BindFilter(row, filter);
    if (row.Step()) passages.push_back(ReadPassage(id, row));
  }
  return passages;
}

std::optional<std::string> SqliteSearchStore::DocumentText(int64_t document_id) {
  Statement document = database_.Query(
      "SELECT first_passage, content.passages FROM document JOIN content ON content.id = "
      "document.content "
      "JOIN source ON source.number = document.source "
      "WHERE document.id = ? AND source.removed = 0",
      document_id);
  if (!document.Step()) return std::nullopt;
  const int64_t first = document.Integer(0);
  Statement row =
      database_.Query("SELECT before, text FROM passage WHERE id >= ? AND id < ? ORDER BY id",
                      first, first + document.Integer(1));
  std::string text;
  while (row.Step()) text.append(row.Bytes(0)).append(row.Bytes(1));
  return text;
}

std::optional<StoredDocument> SqliteSearchStore::LoadDocument(int64_t document_id) {
  auto text = DocumentText(document_id);
  if (!text) return std::nullopt;
  Statement row = database_.Query(
      "SELECT uri, content.title, media_type FROM document JOIN content "
      "ON content.id = document.content WHERE document.id = ?",
      document_id);
  if (!row.Step()) return std::nullopt;
  return StoredDocument{row.Text(0), row.Text(1), row.Text(2), std::move(*text)};
}

std::string SqliteSearchStore::Around(const Passage& passage, size_t bytes) {
  Statement content = database_.Query(
      "SELECT first_passage, content.passages FROM passage JOIN content "
      "ON content.id = passage.content WHERE passage.id = ?",
      passage.id);
  if (!content.Step()) return "";
  const int64_t first = content.Integer(0), end = first + content.Integer(1);
  const auto read = [&](int64_t id) {
    PassageParts parts;
    if (id < first || id >= end) return parts;
    Statement row = database_.Query("SELECT before, text FROM passage WHERE id = ?", id);
    if (row.Step()) parts = {row.Text(0), row.Text(1)};
    return parts;
  };
  return TextAround(passage, bytes, read);
}

}  // namespace pioneer::search
