// The vectors of SqliteSearchStore: a row a passage, a byte a number.
#include "base/error.h"
#include "search/index/sqlite_search_store.h"

namespace pioneer::search {

VectorsState SqliteSearchStore::Vectors() {
  VectorsState state;
  Statement set = database_.Query(
      "SELECT embedder, vectors, removals, resets, "
      "(SELECT IFNULL(MAX(passage), 0) FROM passage_vector) FROM vector_set");
  if (!set.Step()) Fail(ErrorCode::kCorruptFile, "the index does not say whose vectors it has");
  state.embedder = set.Text(0);
  state.vectors = set.Integer(1);
  state.removals = set.Integer(2);
  state.resets = set.Integer(3);
  state.last_passage_id = set.Integer(4);
  state.passages = Totals().passages;
  return state;
}

void SqliteSearchStore::ResetVectors(std::string_view embedder) {
  Transaction transaction(database_);
  database_.Run("DELETE FROM passage_vector");
  database_.Run("UPDATE vector_set SET embedder = ?, vectors = 0, resets = resets + 1", embedder);
  transaction.Commit();
}

void SqliteSearchStore::SaveVectors(const std::vector<PassageVector>& vectors) {
  Transaction transaction(database_);
  Statement insert = database_.Query(
      "INSERT OR IGNORE INTO passage_vector (passage, bytes) "
      "SELECT id, CAST(? AS BLOB) FROM passage WHERE id = ?");
  int64_t saved = 0;
  for (const PassageVector& vector : vectors) {
    insert.Reset();
    insert.Bind(vector.bytes);
    insert.Bind(vector.passage_id);
    insert.Run();
    saved += database_.changes();
  }
  database_.Run("UPDATE vector_set SET vectors = vectors + ?", saved);
  transaction.Commit();
}

void SqliteSearchStore::RemoveVectors(int64_t first_passage, int64_t end) {
  database_.Run("DELETE FROM passage_vector WHERE passage >= ? AND passage < ?", first_passage,
                end);
  const int64_t removed = database_.changes();
  if (removed == 0) return;
  database_.Run("UPDATE vector_set SET vectors = vectors - ?, removals = removals + ?", removed,
                removed);
}

std::vector<PassageVector> SqliteSearchStore::LoadVectors(int64_t behind_id, size_t limit) {
  Statement row = database_.Query(
      "SELECT passage, bytes FROM passage_vector WHERE passage > ? ORDER BY passage LIMIT ?",
      behind_id, static_cast<int64_t>(limit));
  std::vector<PassageVector> vectors;
  while (row.Step()) vectors.push_back({row.Integer(0), std::string(row.Bytes(1))});
  return vectors;
}

std::vector<int64_t> SqliteSearchStore::VectorIds() {
  Statement row = database_.Query("SELECT passage FROM passage_vector ORDER BY passage");
  std::vector<int64_t> ids;
  while (row.Step()) ids.push_back(row.Integer(0));
  return ids;
}

}  // namespace pioneer::search
