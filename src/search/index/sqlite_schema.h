// Why: the tables of the index. A step that was released is never changed.
#pragma once

#include "store/migrations.h"

namespace pioneer::search {

const SchemaSteps& SearchSchema();

}  // namespace pioneer::search
