// Why: SQLite's full-text tables (FTS5) with an analyzer of the program's own, and what a row's
// hits are, for those who score rows themselves.
#pragma once

#include <array>
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

// What a MATCH found in a row, by phrases.
inline constexpr int kMostColumns = 8;
struct PhraseHits {
  int phrase = 0;                              // of the expression, from 0
  std::array<uint8_t, kMostColumns> counts{};  // in each column; 255 = that or more
};
void DecodeHits(std::string_view blob, int n_columns, std::vector<PhraseHits>& out);

// A row of a table's "docsize" table: the positions of each column. What is missing is 0.
std::array<int, kMostColumns> DecodeSizes(std::string_view sz);

struct TableTotals {
  int64_t rows = 0;
  std::vector<int64_t> column_terms;  // positions of each column, of all rows
};
TableTotals DecodeTotals(std::string_view blob);

// `term` as a phrase of a MATCH expression.
std::string QuoteTerm(std::string_view term);

}  // namespace pioneer
