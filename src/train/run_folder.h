// Why: what lies where in the folder of a training run.
#pragma once

#include "base/file.h"

namespace pioneer {

struct RunFolder {
  fs::path root;

  fs::path recipe() const { return root / "recipe.json"; }         // with absolute paths
  fs::path tokenizer() const { return root / "tokenizer.gguf"; }   // vocabulary only
  fs::path data() const { return root / "data"; }                  // token shards
  fs::path checkpoint() const { return root / "checkpoint.bin"; }  // the latest
  fs::path log() const { return root / "log.jsonl"; }              // one JSON object a line
};

}  // namespace pioneer
