// Why: SQLite's full-text tables (FTS5) with an analyzer of the program's own, and what a row's
// hits are, for those who score rows themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

class Database;

// Takes a text's terms one by one. `same_position`: it is another form of the term before it.
using TermSink = std::function<void(std::string_view term, bool same_position)>;
using FullTextAnalyzer = std::function<void(std::string_view text, const TermSink& sink)>;

// Makes FTS5's tokenizer `name` of it. What stands between quotes in a MATCH expression is one term
// as it is: queries are analyzed by the caller.
void RegisterAnalyzer(Database& database, const char* name, FullTextAnalyzer analyzer);

// Makes the SQL functions full_text_hits(TABLE) and full_text_totals(TABLE), whose values the
// functions below read.
void RegisterHits(Database& database);

// A row that a MATCH found.
struct PhraseHits {
  int phrase = 0;           // of the expression, from 0
  std::vector<int> counts;  // in each column
};
struct RowHits {
  std::vector<int> column_terms;  // positions of each column
  std::vector<PhraseHits> phrases;
};
void DecodeHits(std::string_view blob, int n_columns, RowHits& out);

struct TableTotals {
  int64_t rows = 0;
  std::vector<int64_t> column_terms;  // positions of each column, of all rows
};
TableTotals DecodeTotals(std::string_view blob);

// `term` as a phrase of a MATCH expression.
std::string QuoteTerm(std::string_view term);

}  // namespace pioneer
