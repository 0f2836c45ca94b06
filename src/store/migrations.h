// Why: the database outlives versions of the program. Its user_version counts the steps it has
// taken; a step that was released is never changed.
#pragma once

#include <vector>

namespace pioneer {

class Database;

// Step i takes a database from version i to i + 1; it is statements that run in this order.
using SchemaSteps = std::vector<std::vector<const char*>>;

// Visitors, chats and keys.
const SchemaSteps& ServiceSchema();

// The version of the service's database that this program reads and writes.
int CurrentSchemaVersion();

// Takes the missing steps, each all or nothing. Throws Error{kUnsupported} when the file is from a
// newer program.
void Migrate(Database& database, const SchemaSteps& steps);

}  // namespace pioneer
