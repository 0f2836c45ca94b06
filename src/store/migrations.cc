#include "store/migrations.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace pioneer {
namespace {

int UserVersion(Database& database) {
  Statement statement = database.Query("PRAGMA user_version");
  return statement.Step() ? static_cast<int>(statement.Integer(0)) : 0;
}

void SetUserVersion(Database& database, int version) {
  // PRAGMA takes no parameters.
  const std::string sql = fmt::format("PRAGMA user_version = {}", version);
  database.Run(sql.c_str());
}

}  // namespace

const SchemaSteps& ServiceSchema() {
  static const SchemaSteps kSteps = {
      {
          // Version 1: visitors and their chats.
          "CREATE TABLE visitor ("
          "  id TEXT PRIMARY KEY,"
          "  token_hash TEXT NOT NULL UNIQUE,"
          "  created_at_ms INTEGER NOT NULL"
          ") WITHOUT ROWID",
          "CREATE TABLE chat ("
          "  id TEXT PRIMARY KEY,"
          "  visitor_id TEXT NOT NULL REFERENCES visitor(id) ON DELETE CASCADE,"
          "  title TEXT NOT NULL,"
          "  model TEXT NOT NULL,"
          "  settings_json TEXT NOT NULL,"
          "  created_at_ms INTEGER NOT NULL,"
          "  updated_at_ms INTEGER NOT NULL,"
          "  deleted_at_ms INTEGER,"
          "  leaf_id TEXT"
          ")",
          // Also makes sure that pages by updated_at_ms are exact.
          "CREATE UNIQUE INDEX chat_by_time ON chat(visitor_id, updated_at_ms)",
          "CREATE INDEX chat_deleted ON chat(deleted_at_ms) WHERE deleted_at_ms IS NOT NULL",
          "CREATE TABLE message ("
          "  sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  id TEXT NOT NULL UNIQUE,"
          "  chat_id TEXT NOT NULL REFERENCES chat(id) ON DELETE CASCADE,"
          "  parent_id TEXT,"
          "  role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),"
          "  content TEXT NOT NULL,"
          "  status TEXT NOT NULL CHECK (status IN ('done', 'stopped', 'error', 'streaming')),"
          "  model TEXT NOT NULL,"
          "  created_at_ms INTEGER NOT NULL,"
          "  prompt_tokens INTEGER,"
          "  completion_tokens INTEGER,"
          "  error TEXT"
          ")",
          "CREATE INDEX message_by_chat ON message(chat_id, sequence)",
          "CREATE INDEX message_streaming ON message(status) WHERE status = 'streaming'",
      },
      {
          // Version 2: API keys.
          "CREATE TABLE api_key ("
          "  sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  id TEXT NOT NULL UNIQUE,"
          "  name TEXT NOT NULL,"
          "  hint TEXT NOT NULL,"
          "  secret_hash TEXT NOT NULL UNIQUE,"
          "  created_at_ms INTEGER NOT NULL,"
          "  last_used_at_ms INTEGER"
          ")",
      },
      {
          // Version 3: what models think and which tools they call.
          "ALTER TABLE message ADD COLUMN reasoning TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE message ADD COLUMN reasoning_ms INTEGER",
          "ALTER TABLE message ADD COLUMN tool_calls_json TEXT NOT NULL DEFAULT '[]'",
      },
      {
          // Version 4: keys of those who run this service.
          "ALTER TABLE api_key ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0",
      },
      {
          // Version 5: what an answer was found in.
          "ALTER TABLE message ADD COLUMN search_json TEXT NOT NULL DEFAULT ''",
      },
  };
  return kSteps;
}

int CurrentSchemaVersion() { return static_cast<int>(ServiceSchema().size()); }

void Migrate(Database& database, const SchemaSteps& steps) {
  const int newest = static_cast<int>(steps.size());
  while (true) {
    if (UserVersion(database) == newest) return;
    Transaction transaction(database);
    // Asked again under the lock: another process may have taken the step meanwhile.
    const int version = UserVersion(database);
    if (version < 0 || version > newest) {
      Fail(ErrorCode::kUnsupported,
           "the database is of version {}, but this program knows versions up to {}; use the newer "
           "program that wrote it",
           version, newest);
    }
    if (version < newest) {
      for (const char* sql : steps[static_cast<size_t>(version)]) database.Run(sql);
      SetUserVersion(database, version + 1);
    }
    transaction.Commit();
  }
}

}  // namespace pioneer
