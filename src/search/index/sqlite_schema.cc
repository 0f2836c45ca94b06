#include "search/index/sqlite_schema.h"

namespace pioneer::search {

const SchemaSteps& SearchSchema() {
  static const SchemaSteps kSteps = {
      {
          "CREATE TABLE source ("
          "  number INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  id TEXT NOT NULL UNIQUE,"
          "  name TEXT NOT NULL,"
          "  kind TEXT NOT NULL,"
          "  location TEXT NOT NULL,"
          "  include_json TEXT NOT NULL,"
          "  exclude_json TEXT NOT NULL,"
          "  max_documents INTEGER NOT NULL,"
          "  max_depth INTEGER NOT NULL,"
          "  allow_private INTEGER NOT NULL,"
          "  created_at_ms INTEGER NOT NULL,"
          "  synced_at_ms INTEGER NOT NULL,"
          "  sync_every_seconds INTEGER NOT NULL,"
          "  removed INTEGER NOT NULL DEFAULT 0,"
          "  documents INTEGER NOT NULL DEFAULT 0,"
          "  passages INTEGER NOT NULL DEFAULT 0,"
          "  text_bytes INTEGER NOT NULL DEFAULT 0"
          ")",
          "CREATE TABLE job ("
          "  number INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  id TEXT NOT NULL UNIQUE,"
          "  source INTEGER NOT NULL REFERENCES source(number) ON DELETE CASCADE,"
          "  state TEXT NOT NULL,"
          "  items_done INTEGER NOT NULL DEFAULT 0,"
          "  items_total INTEGER NOT NULL DEFAULT 0,"
          "  added INTEGER NOT NULL DEFAULT 0,"
          "  changed INTEGER NOT NULL DEFAULT 0,"
          "  unchanged INTEGER NOT NULL DEFAULT 0,"
          "  removed INTEGER NOT NULL DEFAULT 0,"
          "  failed INTEGER NOT NULL DEFAULT 0,"
          "  bytes_read INTEGER NOT NULL DEFAULT 0,"
          "  created_at_ms INTEGER NOT NULL,"
          "  started_at_ms INTEGER NOT NULL DEFAULT 0,"
          "  ended_at_ms INTEGER NOT NULL DEFAULT 0,"
          "  error TEXT NOT NULL DEFAULT ''"
          ")",
          "CREATE INDEX job_by_source ON job(source, number)",
          "CREATE INDEX job_open ON job(state, number) WHERE state IN ('waiting', 'running')",
          "CREATE TABLE failure ("
          "  job INTEGER NOT NULL REFERENCES job(number) ON DELETE CASCADE,"
          "  uri TEXT NOT NULL,"
          "  message TEXT NOT NULL,"
          "  at_ms INTEGER NOT NULL,"
          "  PRIMARY KEY (job, uri)"
          ") WITHOUT ROWID",
          // A text, whoever has it. Its passages have the ids from first_passage on.
          "CREATE TABLE content ("
          "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  hash TEXT NOT NULL UNIQUE,"
          "  title TEXT NOT NULL,"
          "  users INTEGER NOT NULL,"
          "  first_passage INTEGER NOT NULL,"
          "  passages INTEGER NOT NULL,"
          "  text_bytes INTEGER NOT NULL"
          ")",
          "CREATE TABLE document ("
          "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  source INTEGER NOT NULL REFERENCES source(number),"
          "  uri TEXT NOT NULL,"
          "  stamp TEXT NOT NULL,"
          "  content INTEGER NOT NULL REFERENCES content(id),"
          "  language TEXT NOT NULL,"
          "  media_type TEXT NOT NULL,"
          "  dated_at_ms INTEGER,"
          "  seen_job INTEGER NOT NULL"
          ")",
          "CREATE UNIQUE INDEX document_by_uri ON document(source, uri)",
          "CREATE INDEX document_by_content ON document(content)",
          "CREATE TABLE passage ("
          "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
          "  content INTEGER NOT NULL,"
          "  begin INTEGER NOT NULL,"
          "  page INTEGER NOT NULL,"
          "  before TEXT NOT NULL,"
          "  headings TEXT NOT NULL,"  // one a line
          "  text TEXT NOT NULL"
          ")",
          "CREATE VIRTUAL TABLE passage_text USING fts5("
          "  title, headings, text, content = '', tokenize = 'pioneer')",
          "CREATE VIRTUAL TABLE passage_terms USING fts5vocab(passage_text, row)",
      },
      {
          "CREATE TABLE passage_vector (passage INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
          "CREATE TABLE vector_set ("
          "  embedder TEXT NOT NULL,"
          "  vectors INTEGER NOT NULL,"
          "  removals INTEGER NOT NULL,"
          "  resets INTEGER NOT NULL"
          ")",
          "INSERT INTO vector_set VALUES ('', 0, 0, 0)",
      },
      {
          // Version 3: which analyzer made passage_text. `reread`: the last passage that
          // passage_text_new has while it is made.
          "CREATE TABLE analysis (version INTEGER NOT NULL, reread INTEGER)",
          "INSERT INTO analysis VALUES (1, NULL)",
      }};
  return kSteps;
}

}  // namespace pioneer::search
