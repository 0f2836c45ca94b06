// The vectors of PostgresSearchStore: a row a passage, a byte a number.
#include "base/error.h"
#include "search/index/postgres_search_store.h"
#include "search/index/store_rows.h"

namespace pioneer::search {

VectorsState PostgresSearchStore::Vectors() {
  const pqxx::result rows = database_.Query(
      "SELECT embedder, vectors, removals, resets, "
      "(SELECT coalesce(max(passage), 0) FROM passage_vector) FROM vector_set");
  if (rows.empty()) Fail(ErrorCode::kCorruptFile, "the index does not say whose vectors it has");
  VectorsState state;
  state.embedder = ReadText(rows[0][0]);
  state.vectors = rows[0][1].as<int64_t>();
  state.removals = rows[0][2].as<int64_t>();
  state.resets = rows[0][3].as<int64_t>();
  state.last_passage_id = rows[0][4].as<int64_t>();
  state.passages = Totals().passages;
  return state;
}

void PostgresSearchStore::ResetVectors(std::string_view embedder) {
  PostgresTransaction transaction(database_);
  database_.Run("DELETE FROM passage_vector");
  database_.Run("UPDATE vector_set SET embedder = $1, vectors = 0, resets = resets + 1", embedder);
  transaction.Commit();
}

std::vector<PassageText> PostgresSearchStore::PassagesWithoutVectors(size_t limit) {
  const pqxx::result rows = database_.Query(
      "SELECT passage.id, content.title, passage.headings, passage.text FROM passage "
      "JOIN content ON content.id = passage.content "
      "WHERE passage.id > (SELECT coalesce(max(passage), 0) FROM passage_vector) "
      "ORDER BY passage.id LIMIT $1",
      static_cast<int64_t>(limit));
  std::vector<PassageText> passages;
  for (const pqxx::row& row : rows) {
    passages.push_back({row[0].as<int64_t>(), ReadText(row[1]), SplitHeadings(ReadText(row[2])),
                        ReadText(row[3])});
  }
  return passages;
}

void PostgresSearchStore::SaveVectors(const std::vector<PassageVector>& vectors) {
  SqlArray ids, bytes;
  for (const PassageVector& vector : vectors) {
    ids.Add(vector.passage_id);
    bytes.AddBytes(vector.bytes);
  }
  PostgresTransaction transaction(database_);
  const int64_t saved = database_.Run(
      "INSERT INTO passage_vector (passage, bytes) "
      "SELECT made.id, made.bytes FROM unnest($1::bigint[], $2::bytea[]) AS made(id, bytes) "
      "JOIN passage ON passage.id = made.id ON CONFLICT DO NOTHING",
      ids, bytes);
  database_.Run("UPDATE vector_set SET vectors = vectors + $1", saved);
  transaction.Commit();
}

void PostgresSearchStore::RemoveVectors(const std::vector<int64_t>& passages) {
  const int64_t removed = database_.Run(
      "DELETE FROM passage_vector WHERE passage = ANY($1::bigint[])", MakeSqlArray(passages));
  if (removed == 0) return;
  database_.Run("UPDATE vector_set SET vectors = vectors - $1, removals = removals + $1", removed);
}

std::vector<PassageVector> PostgresSearchStore::LoadVectors(int64_t behind_id, size_t limit) {
  const pqxx::result rows = database_.Query(
      "SELECT passage, bytes FROM passage_vector WHERE passage > $1 ORDER BY passage LIMIT $2",
      behind_id, static_cast<int64_t>(limit));
  std::vector<PassageVector> vectors;
  for (const pqxx::row& row : rows) vectors.push_back({row[0].as<int64_t>(), ReadBytes(row[1])});
  return vectors;
}

std::vector<int64_t> PostgresSearchStore::VectorIds() {
  std::vector<int64_t> ids;
  for (const pqxx::row& row :
       database_.Query("SELECT passage FROM passage_vector ORDER BY passage"))
    ids.push_back(row[0].as<int64_t>());
  return ids;
}

}  // namespace pioneer::search
