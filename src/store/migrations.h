// Why: the database outlives versions of the program. Its user_version counts the steps it has
// taken; a step that was released is never changed.
#pragma once

namespace pioneer {

class Database;

// The version that this program reads and writes.
int CurrentSchemaVersion();

// Takes the missing steps, each all or nothing. Throws Error{kUnsupported} when the file is from a
// newer program.
void Migrate(Database& database);

}  // namespace pioneer
