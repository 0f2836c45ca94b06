// The reading half of PostgresSearchStore: what ranking asks for.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "search/index/postgres_search_store.h"
#include "search/index/store_rows.h"

namespace pioneer::search {
namespace {

// Conditions on `document` and `source`; their values go behind those that are there.
std::string PgFilterSql(const RetrievalFilter& filter, SqlValues& values) {
  std::string sql = " AND NOT source.removed";
  const auto add = [&](const char* condition, std::optional<std::string> value) {
    values.push_back(std::move(value));
    sql += fmt::format(" AND {}{}", condition, fmt::format("${}", values.size()));
    if (std::string_view(condition).ends_with('(')) sql += "::text[])";
  };
  if (!filter.source_ids.empty()) {
    add("source.id = ANY(", ToSqlValue(MakeSqlArray(filter.source_ids)));
  }
  if (!filter.languages.empty()) {
    add("document.language = ANY(", ToSqlValue(MakeSqlArray(filter.languages)));
  }
  if (filter.from_ms) add("document.dated_at_ms >= ", ToSqlValue(*filter.from_ms));
  if (filter.until_ms) add("document.dated_at_ms <= ", ToSqlValue(*filter.until_ms));
  return sql;
}

Passage ReadPgPassage(const pqxx::row& row) {
  Passage passage;
  passage.id = row[0].as<int64_t>();
  passage.document_id = row[1].as<int64_t>();
  passage.source_id = ReadText(row[2]);
  passage.uri = ReadText(row[3]);
  passage.title = ReadText(row[4]);
  passage.headings = SplitHeadings(ReadText(row[5]));
  passage.text = ReadText(row[6]);
  passage.begin = row[7].as<size_t>();
  passage.end = passage.begin + passage.text.size();
  passage.page = row[8].as<int>();
  passage.language = ReadText(row[9]);
  passage.dated_at_ms = ReadOptional(row[10]);
  return passage;
}

}  // namespace

IndexTotals PostgresSearchStore::Totals() {
  const pqxx::result rows = database_.Query(
      "SELECT passages, title_positions, headings_positions, text_positions FROM total "
      "WHERE table_name = 'posting'");
  IndexTotals totals;
  totals.passages = rows[0][0].as<int64_t>();
  for (int field = 0; field < kSearchFields && totals.passages > 0; ++field) {
    totals.mean_lengths[field] = static_cast<double>(rows[0][field + 1].as<int64_t>()) /
                                 static_cast<double>(totals.passages);
  }
  return totals;
}

std::vector<int64_t> PostgresSearchStore::DocumentFrequencies(
    const std::vector<std::string>& terms) {
  std::unordered_map<std::string, int64_t> found;
  const pqxx::result rows = database_.Query(
      "SELECT term, sum(n)::bigint FROM posting WHERE term = ANY($1::text[]) GROUP BY term",
      MakeSqlArray(terms));
  for (const pqxx::row& row : rows) found[ReadText(row[0])] = row[1].as<int64_t>();
  std::vector<int64_t> frequencies;
  for (const std::string& term : terms) {
    const auto known = found.find(term);
    frequencies.push_back(known == found.end() ? 0 : known->second);
  }
  return frequencies;
}

// Of the terms that are in a group.
std::vector<std::vector<Posting>> PostgresSearchStore::LoadPostings(
    const std::vector<std::string>& terms, const TermGroups& groups) {
  SqlArray wanted;
  std::unordered_map<std::string, size_t> places;
  for (const std::vector<int>& group : groups) {
    for (const int term : group) {
      const std::string& text = terms[static_cast<size_t>(term)];
      if (places.emplace(text, static_cast<size_t>(term)).second) wanted.Add(text);
    }
  }
  std::vector<std::vector<Posting>> postings(terms.size());
  if (places.empty()) return postings;
  const pqxx::result rows = database_.Query(
      "SELECT term, postings FROM posting WHERE term = ANY($1::text[]) ORDER BY term, first",
      wanted);
  for (const pqxx::row& row : rows) {
    DecodePostings(ReadBytes(row[1]), postings[places.at(ReadText(row[0]))]);
  }
  return postings;
}

std::vector<Candidate> PostgresSearchStore::FindCandidates(const std::vector<std::string>& terms,
                                                           const TermGroups& groups,
                                                           const RetrievalFilter& filter,
                                                           size_t limit) {
  const std::vector<std::vector<Posting>> postings = LoadPostings(terms, groups);
  const bool filters = FiltersAnything(filter) ||
                       !database_.Query("SELECT 1 FROM source WHERE removed LIMIT 1").empty();
  std::vector<Candidate> candidates = MatchGroups(postings, groups, filters ? 0 : limit);
  if (filters) KeepFiltered(filter, limit, candidates);
  return candidates;
}

// The first `limit` that the filter lets pass.
void PostgresSearchStore::KeepFiltered(const RetrievalFilter& filter, size_t limit,
                                       std::vector<Candidate>& candidates) {
  constexpr size_t kAskedAtOnce = 20'000;
  size_t kept = 0;
  for (size_t begin = 0; begin < candidates.size() && kept < limit; begin += kAskedAtOnce) {
    const size_t end = std::min(begin + kAskedAtOnce, candidates.size());
    SqlArray ids;
    for (size_t i = begin; i < end; ++i) ids.Add(candidates[i].passage_id);
    SqlValues values = {ids.Take()};
    const std::string sql =
        "SELECT asked.id FROM unnest($1::bigint[]) AS asked(id) JOIN passage ON passage.id = "
        "asked.id WHERE EXISTS (SELECT 1 FROM document JOIN source ON source.number = "
        "document.source WHERE document.content = passage.content" +
        PgFilterSql(filter, values) + ")";
    std::unordered_set<int64_t> passing;
    for (const pqxx::row& row : database_.Ask(sql, values)) passing.insert(row[0].as<int64_t>());
    for (size_t i = begin; i < end && kept < limit; ++i) {
      if (!passing.contains(candidates[i].passage_id)) continue;
      if (kept != i) candidates[kept] = std::move(candidates[i]);
      ++kept;
    }
  }
  candidates.resize(kept);
}

std::vector<Passage> PostgresSearchStore::LoadPassages(const std::vector<int64_t>& ids,
                                                       const RetrievalFilter& filter) {
  SqlValues values = {MakeSqlArray(ids).Take()};
  const std::string sql =
      "SELECT passage.id, document.id, source.id, document.uri, content.title, passage.headings, "
      "passage.text, passage.begins, passage.page, document.language, document.dated_at_ms "
      "FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(id, place) "
      "JOIN passage ON passage.id = asked.id JOIN content ON content.id = passage.content "
      "JOIN document ON document.content = content.id "
      "JOIN source ON source.number = document.source WHERE true" +
      PgFilterSql(filter, values) + " ORDER BY asked.place, document.id";
  std::vector<Passage> passages;
  for (const pqxx::row& row : database_.Ask(sql, values)) {
    // The first document that has it stands for all.
    if (!passages.empty() && passages.back().id == row[0].as<int64_t>()) continue;
    passages.push_back(ReadPgPassage(row));
  }
  return passages;
}

std::optional<std::vector<PassageRange>> PostgresSearchStore::FindPassages(
    const RetrievalFilter& filter) {
  const bool any_removed = !database_.Query("SELECT 1 FROM source WHERE removed LIMIT 1").empty();
  if (!FiltersAnything(filter) && !any_removed) return std::nullopt;
  SqlValues values;
  const std::string sql =
      "SELECT DISTINCT first_passage, first_passage + content.passages FROM document "
      "JOIN content ON content.id = document.content "
      "JOIN source ON source.number = document.source WHERE content.passages > 0" +
      PgFilterSql(filter, values) + " ORDER BY first_passage";
  std::vector<PassageRange> ranges;
  for (const pqxx::row& row : database_.Ask(sql, values)) {
    AddRange({row[0].as<int64_t>(), row[1].as<int64_t>()}, ranges);
  }
  return ranges;
}

std::optional<std::string> PostgresSearchStore::DocumentText(int64_t document_id) {
  const pqxx::result rows = database_.Query(
      "SELECT passage.before, passage.text FROM document "
      "JOIN content ON content.id = document.content "
      "JOIN source ON source.number = document.source "
      "LEFT JOIN passage ON passage.id >= first_passage AND "
      "passage.id < first_passage + content.passages "
      "WHERE document.id = $1 AND NOT source.removed ORDER BY passage.id",
      document_id);
  if (rows.empty()) return std::nullopt;
  std::string text;
  for (const pqxx::row& row : rows) text.append(row[0].c_str()).append(row[1].c_str());
  return text;
}

std::optional<StoredDocument> PostgresSearchStore::LoadDocument(int64_t document_id) {
  auto text = DocumentText(document_id);
  if (!text) return std::nullopt;
  const pqxx::result rows = database_.Query(
      "SELECT uri, content.title, media_type FROM document JOIN content "
      "ON content.id = document.content WHERE document.id = $1",
      document_id);
  if (rows.empty()) return std::nullopt;
  return StoredDocument{ReadText(rows[0][0]), ReadText(rows[0][1]), ReadText(rows[0][2]),
                        std::move(*text)};
}

std::string PostgresSearchStore::Around(const Passage& passage, size_t bytes) {
  const pqxx::result content = database_.Query(
      "SELECT first_passage, first_passage + content.passages FROM passage JOIN content "
      "ON content.id = passage.content WHERE passage.id = $1",
      passage.id);
  if (content.empty()) return "";
  const auto first = content[0][0].as<int64_t>(), end = content[0][1].as<int64_t>();
  return TextAround(passage, bytes, [&](int64_t id) {
    if (id < first || id >= end) return PassageParts();
    const pqxx::result rows = database_.Query("SELECT before, text FROM passage WHERE id = $1", id);
    return rows.empty() ? PassageParts() : PassageParts(ReadText(rows[0][0]), ReadText(rows[0][1]));
  });
}

}  // namespace pioneer::search
