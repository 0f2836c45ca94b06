// Why: the tables of the index in PostgreSQL, in a schema of their own, which outlives versions of
// the program.
#pragma once

#include "search/index/postgres_connection.h"

namespace pioneer::search {

// Makes the schema "pioneer_search" or brings it up to date. Throws Error{kUnsupported} where a
// newer program made it.
void MigratePostgres(PostgresConnection& database);

}  // namespace pioneer::search
