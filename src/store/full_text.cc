#include "store/full_text.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "store/database.h"

namespace pioneer {
namespace {

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

// As FTS5's documentation asks for: the pointer comes by a bound value.
fts5_api* FindFts5(sqlite3* db) {
  fts5_api* api = nullptr;
  sqlite3_stmt* raw = nullptr;
  const int result = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, StatementCloser> statement(raw);
  if (result == SQLITE_OK) {
    sqlite3_bind_pointer(raw, 1, &api, "fts5_api_ptr", nullptr);
    sqlite3_step(raw);
  }
  if (!api) Fail(ErrorCode::kUnsupported, "this SQLite has no full-text search (FTS5)");
  return api;
}

using TokenCallback = int (*)(void*, int, const char*, int, int, int);

// FTS5 wants a tokenizer object; all of them share the analyzer, which FTS5 keeps.
int CreateTokenizer(void* analyzer, const char**, int, Fts5Tokenizer** out) {
  *out = static_cast<Fts5Tokenizer*>(analyzer);
  return SQLITE_OK;
}
void DropTokenizer(Fts5Tokenizer*) {}
void DropAnalyzer(void* analyzer) {
  const std::unique_ptr<FullTextAnalyzer> owned(static_cast<FullTextAnalyzer*>(analyzer));
}

int Tokenize(Fts5Tokenizer* tokenizer, void* context, int flags, const char* text, int n_bytes,
             TokenCallback on_token) {
  if (!text || n_bytes <= 0) return SQLITE_OK;
  if (flags & FTS5_TOKENIZE_QUERY) return on_token(context, 0, text, n_bytes, 0, n_bytes);
  int result = SQLITE_OK;
  const TermSink sink = [&](std::string_view term, bool same_position) {
    if (result != SQLITE_OK) return;
    result = on_token(context, same_position ? FTS5_TOKEN_COLOCATED : 0, term.data(),
                      static_cast<int>(term.size()), 0, 0);
  };
  try {
    auto* analyzer = reinterpret_cast<FullTextAnalyzer*>(tokenizer);
    (*analyzer)(std::string_view(text, static_cast<size_t>(n_bytes)), sink);
  } catch (const std::exception&) {
    return SQLITE_NOMEM;  // SQLite takes no other explanation
  }
  return result;
}

constexpr int kMaxCount = 255;

// Two bytes of a phrase's number and one byte of its count for each column. The columns' sizes are
// left out: FTS5 looks them up row by row, which takes longer than all else.
void Hits(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int,
          sqlite3_value**) {
  const int n_columns = std::min(api->xColumnCount(fts), kMostColumns);
  std::string out;
  const int n_phrases = api->xPhraseCount(fts);
  for (int phrase = 0; phrase < n_phrases; ++phrase) {
    uint8_t counts[kMostColumns] = {};
    bool any = false;
    Fts5PhraseIter at;
    int column = -1, offset = -1;
    for (api->xPhraseFirst(fts, phrase, &at, &column, &offset); column >= 0;
         api->xPhraseNext(fts, &at, &column, &offset)) {
      if (column >= n_columns) continue;
      if (counts[column] < kMaxCount) ++counts[column];
      any = true;
    }
    if (!any) continue;
    const auto number = static_cast<uint16_t>(phrase);
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
    out.append(reinterpret_cast<const char*>(counts), static_cast<size_t>(n_columns));
  }
  sqlite3_result_blob(context, out.data(), static_cast<int>(out.size()), SQLITE_TRANSIENT);
}

// The number of rows and the positions of each column, eight bytes each.
void Totals(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int,
            sqlite3_value**) {
  std::string out;
  const auto put = [&](sqlite3_int64 value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(int64_t));
  };
  sqlite3_int64 value = 0;
  api->xRowCount(fts, &value);
  put(value);
  for (int column = 0; column < std::min(api->xColumnCount(fts), kMostColumns); ++column) {
    value = 0;
    api->xColumnTotalSize(fts, column, &value);
    put(value);
  }
  sqlite3_result_blob(context, out.data(), static_cast<int>(out.size()), SQLITE_TRANSIENT);
}

}  // namespace

void RegisterAnalyzer(Database& database, const char* name, FullTextAnalyzer analyzer) {
  fts5_api* api = FindFts5(database.handle());
  fts5_tokenizer tokenizer{CreateTokenizer, DropTokenizer, Tokenize};
  auto owned = std::make_unique<FullTextAnalyzer>(std::move(analyzer));
  const int result = api->xCreateTokenizer(api, name, owned.get(), &tokenizer, DropAnalyzer);
  if (result != SQLITE_OK) Fail(ErrorCode::kInternal, "FTS5 refuses the tokenizer {}", name);
  owned.release();
}

void RegisterHits(Database& database) {
  fts5_api* api = FindFts5(database.handle());
  const auto add = [&](const char* name, fts5_extension_function function) {
    if (api->xCreateFunction(api, name, nullptr, function, nullptr) != SQLITE_OK) {
      Fail(ErrorCode::kInternal, "FTS5 refuses the function {}", name);
    }
  };
  add("full_text_hits", Hits);
  add("full_text_totals", Totals);
}

TableTotals DecodeTotals(std::string_view blob) {
  TableTotals totals;
  for (size_t at = 0; at + sizeof(int64_t) <= blob.size(); at += sizeof(int64_t)) {
    int64_t value = 0;
    std::memcpy(&value, blob.data() + at, sizeof(value));
    if (at == 0) {
      totals.rows = value;
    } else {
      totals.column_terms.push_back(value);
    }
  }
  return totals;
}

void DecodeHits(std::string_view blob, int n_columns, std::vector<PhraseHits>& out) {
  out.clear();
  const size_t bytes = sizeof(uint16_t) + static_cast<size_t>(n_columns);
  for (; blob.size() >= bytes; blob.remove_prefix(bytes)) {
    uint16_t phrase = 0;
    std::memcpy(&phrase, blob.data(), sizeof(phrase));
    PhraseHits hits{phrase, {}};
    std::memcpy(hits.counts.data(), blob.data() + sizeof(phrase), static_cast<size_t>(n_columns));
    out.push_back(hits);
  }
}

// Numbers of seven bits a byte, the highest first; the last byte of each has no eighth bit.
std::array<int, kMostColumns> DecodeSizes(std::string_view sz) {
  std::array<int, kMostColumns> sizes{};
  size_t at = 0;
  for (int& size : sizes) {
    uint32_t number = 0;
    while (at < sz.size()) {
      const auto byte = static_cast<uint8_t>(sz[at++]);
      number = number << 7 | (byte & 0x7F);
      if (byte < 0x80) break;
    }
    size = static_cast<int>(number & 0x7FFFFFFF);
  }
  return sizes;
}

std::string QuoteTerm(std::string_view term) {
  std::string quoted = "\"";
  for (const char c : term) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

}  // namespace pioneer
