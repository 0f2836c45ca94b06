// The words of SqliteSearchStore found anew by another analyzer.
#include "search/index/analyzer.h"
#include "search/index/sqlite_search_store.h"

namespace pioneer::search {
namespace {

constexpr int64_t kRereadInOneGo = 2'000;  // passages a transaction

struct AnalysisRow {
  int64_t version = 0;
  std::optional<int64_t> reread;  // the last passage that passage_text_new has
};

AnalysisRow ReadAnalysis(Database& database) {
  Statement row = database.Query("SELECT version, reread FROM analysis");
  if (!row.Step()) return {};
  return {row.Integer(0), row.OptionalInteger(1)};
}

void ReplacePassageText(Database& database) {
  for (const char* sql :
       {"DROP TABLE passage_terms", "DROP TABLE passage_text",
        "ALTER TABLE passage_text_new RENAME TO passage_text",
        "CREATE VIRTUAL TABLE passage_terms USING fts5vocab(passage_text, row)"}) {
    database.Run(sql);
  }
  database.Run("UPDATE analysis SET version = ?, reread = NULL", int64_t{kAnalyzerVersion});
}

}  // namespace

// passage_text_new is made beside what is searched meanwhile, which it then replaces.
bool SqliteSearchStore::Reread() {
  if (ReadAnalysis(database_).version == kAnalyzerVersion) return false;
  Transaction transaction(database_);
  const AnalysisRow analysis = ReadAnalysis(database_);
  if (analysis.version == kAnalyzerVersion) return false;
  if (!analysis.reread) {
    database_.Run("DROP TABLE IF EXISTS passage_text_new");
    database_.Run(
        "CREATE VIRTUAL TABLE passage_text_new USING fts5("
        "  title, headings, text, content = '', tokenize = 'pioneer')");
  }
  const int64_t from = analysis.reread.value_or(0);
  database_.Run(
      "INSERT INTO passage_text_new (rowid, title, headings, text) "
      "SELECT passage.id, title, headings, text FROM passage JOIN content "
      "ON content.id = passage.content WHERE passage.id > ? ORDER BY passage.id LIMIT ?",
      from, kRereadInOneGo);
  const int64_t last = database_.last_row_id();
  if (database_.changes() == 0) {
    ReplacePassageText(database_);
  } else {
    database_.Run("UPDATE analysis SET reread = ?", last);
  }
  transaction.Commit();
  return true;
}

std::optional<RereadProgress> SqliteSearchStore::Rereading() {
  const AnalysisRow analysis = ReadAnalysis(database_);
  if (analysis.version == kAnalyzerVersion) return std::nullopt;
  Statement row = database_.Query("SELECT MAX(id) FROM passage");
  return RereadProgress{analysis.reread.value_or(0), row.Step() ? row.Integer(0) : 0};
}

}  // namespace pioneer::search
