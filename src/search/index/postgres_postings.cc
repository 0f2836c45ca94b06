// The lists of words of PostgresSearchStore: made, taken back, made again by another analyzer.
#include <algorithm>

#include "search/index/analyzer.h"
#include "search/index/postgres_search_store.h"

namespace pioneer::search {
namespace {

// A row that is longer takes no more: what is added to a row writes the row again.
constexpr int64_t kMostOpenBytes = 2'000;
constexpr int64_t kRereadAtOnce = 2'000;  // passages a transaction

}  // namespace

void PostgresSearchStore::AddPostings(const std::string& table, const PassageTerms& terms) {
  SqlArray texts, firsts, counts, lists;
  for (const auto& [term, postings] : terms.postings) {
    std::string list;
    AppendPostings(postings, list);
    texts.Add(std::string_view(term));
    firsts.Add(postings.front().passage);
    counts.Add(static_cast<int64_t>(postings.size()));
    lists.AddBytes(list);
  }
  database_.Run(
      fmt::format("WITH made AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::bigint[], "
                  "$3::bigint[], $4::bytea[]) AS made(term, first, n, postings)), "
                  "tail AS MATERIALIZED (SELECT made.term, open.first, made.n, made.postings "
                  "FROM made CROSS JOIN LATERAL (SELECT first, octet_length(postings) AS size "
                  "FROM {0} WHERE {0}.term = made.term ORDER BY first DESC LIMIT 1) open "
                  "WHERE open.size < $5::bigint), "
                  "grown AS (UPDATE {0} SET n = {0}.n + tail.n, "
                  "postings = {0}.postings || tail.postings FROM tail "
                  "WHERE {0}.term = tail.term AND {0}.first = tail.first) "
                  "INSERT INTO {0} SELECT term, first, n, postings FROM made "
                  "WHERE NOT EXISTS (SELECT 1 FROM tail WHERE tail.term = made.term)",
                  table),
      texts, firsts, counts, lists, kMostOpenBytes);
}

void PostgresSearchStore::RemovePostings(const PassageTerms& terms) {
  SqlArray texts, passages;
  for (const auto& [term, postings] : terms.postings) {
    for (const Posting& posting : postings) {
      texts.Add(std::string_view(term));
      passages.Add(posting.passage);
    }
  }
  const pqxx::result rows = database_.Query(
      "SELECT posting.term, posting.first, posting.postings FROM (SELECT DISTINCT gone.term, "
      "holder.first FROM unnest($1::text[], $2::bigint[]) AS gone(term, passage) "
      "CROSS JOIN LATERAL (SELECT first FROM posting WHERE posting.term = gone.term AND "
      "posting.first <= gone.passage ORDER BY first DESC LIMIT 1) holder) AS held "
      "JOIN posting ON posting.term = held.term AND posting.first = held.first",
      texts, passages);
  SqlArray left_terms, left_firsts, left_counts, left_lists, empty_terms, empty_firsts;
  for (const pqxx::row& row : rows) {
    const std::string term = ReadText(row[0]);
    std::vector<Posting> postings;
    DecodePostings(ReadBytes(row[2]), postings);
    const std::vector<Posting>& gone = terms.postings.at(term);
    std::erase_if(postings, [&](const Posting& posting) {
      const auto at = std::lower_bound(
          gone.begin(), gone.end(), posting.passage,
          [](const Posting& other, int64_t passage) { return other.passage < passage; });
      return at != gone.end() && at->passage == posting.passage;
    });
    const auto first = row[1].as<int64_t>();
    if (postings.empty()) {
      empty_terms.Add(std::string_view(term));
      empty_firsts.Add(first);
      continue;
    }
    std::string list;
    AppendPostings(postings, list);
    left_terms.Add(std::string_view(term));
    left_firsts.Add(first);
    left_counts.Add(static_cast<int64_t>(postings.size()));
    left_lists.AddBytes(list);
  }
  database_.Run(
      "UPDATE posting SET n = kept.n, postings = kept.postings FROM unnest($1::text[], "
      "$2::bigint[], $3::bigint[], $4::bytea[]) AS kept(term, first, n, postings) "
      "WHERE posting.term = kept.term AND posting.first = kept.first",
      left_terms, left_firsts, left_counts, left_lists);
  database_.Run(
      "DELETE FROM posting USING unnest($1::text[], $2::bigint[]) AS gone(term, first) "
      "WHERE posting.term = gone.term AND posting.first = gone.first",
      empty_terms, empty_firsts);
}

void PostgresSearchStore::AddTotals(const std::string& table, const PassageTerms& terms,
                                    int64_t sign) {
  database_.Run(
      "UPDATE total SET passages = passages + $2, title_positions = title_positions + $3, "
      "headings_positions = headings_positions + $4, text_positions = text_positions + $5 "
      "WHERE table_name = $1",
      table, sign * terms.passages, sign * terms.positions[kTitleField],
      sign * terms.positions[kHeadingsField], sign * terms.positions[kTextField]);
}

// posting_new is made beside what is searched meanwhile, which it then replaces.
bool PostgresSearchStore::Reread() {
  const char* const kState = "SELECT analyzer_version, reread, last_passage FROM state";
  if (database_.Query(kState)[0][0].as<int>() == kAnalyzerVersion) return false;
  PostgresTransaction transaction(database_);
  const pqxx::result state = database_.Query(kState);
  if (state[0][0].as<int>() == kAnalyzerVersion) return false;
  if (state[0][1].is_null()) BeginReread();
  const int64_t from = ReadOptional(state[0][1]).value_or(0);
  const pqxx::result rows = database_.Query(
      "SELECT passage.id, title, headings, text FROM passage JOIN content "
      "ON content.id = passage.content WHERE passage.id > $1 ORDER BY passage.id LIMIT $2",
      from, kRereadAtOnce);
  PassageTerms terms;
  for (const pqxx::row& row : rows) {
    AddPassageTerms(row[0].as<int64_t>(), {row[1].c_str(), row[2].c_str(), row[3].c_str()}, terms);
  }
  AddPostings("posting_new", terms);
  AddTotals("posting_new", terms, 1);
  if (rows.empty()) {
    FinishReread();
  } else {
    database_.Run("UPDATE state SET reread = $1", rows[rows.size() - 1][0].as<int64_t>());
  }
  transaction.Commit();
  return true;
}

void PostgresSearchStore::BeginReread() {
  database_.RunScript(
      "DROP TABLE IF EXISTS posting_new; DELETE FROM total WHERE table_name = 'posting_new';"
      "CREATE TABLE posting_new (LIKE posting INCLUDING ALL);"
      "INSERT INTO total VALUES ('posting_new', 0, 0, 0, 0)");
}

void PostgresSearchStore::FinishReread() {
  database_.RunScript(
      "DROP TABLE posting; ALTER TABLE posting_new RENAME TO posting;"
      "ALTER INDEX posting_new_pkey RENAME TO posting_pkey;"
      "DELETE FROM total WHERE table_name = 'posting';"
      "UPDATE total SET table_name = 'posting' WHERE table_name = 'posting_new'");
  database_.Run("UPDATE state SET analyzer_version = $1, reread = NULL", int64_t{kAnalyzerVersion});
}

std::optional<RereadProgress> PostgresSearchStore::Rereading() {
  const pqxx::result state =
      database_.Query("SELECT analyzer_version, coalesce(reread, 0), last_passage FROM state");
  if (state[0][0].as<int>() == kAnalyzerVersion) return std::nullopt;
  return RereadProgress{state[0][1].as<int64_t>(), state[0][2].as<int64_t>()};
}

}  // namespace pioneer::search
