// Why: what lies where in the folder of a training run, and how a run begins: anew, from its own
// checkpoint, or from another's.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/file.h"
#include "train/recipe.h"

namespace pioneer {

struct RunFolder {
  fs::path root;

  fs::path recipe() const { return root / "recipe.json"; }         // with absolute paths
  fs::path tokenizer() const { return root / "tokenizer.gguf"; }   // vocabulary only
  fs::path data() const { return root / "data"; }                  // token shards
  fs::path checkpoint() const { return root / "checkpoint.bin"; }  // the latest
  fs::path log() const { return root / "log.jsonl"; }              // one JSON object a line
  fs::path samples() const { return root / "samples.jsonl"; }      // samples.h
  fs::path manifest() const { return data() / "manifest.json"; }   // lineage.h
  fs::path lock() const { return root / "lock"; }  // held by the process that trains; has its id
};

// While it lives, no other process trains in the folder. Throws Error{kInvalidArgument} when one
// does. A killed process holds nothing.
class RunLock {
 public:
  explicit RunLock(const RunFolder& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int fd_ = -1;
};

// The process that trains in the folder now; nullopt when none does. Asking takes no lock and is in
// nobody's way. The id is what that process wrote, 0 when it has not yet.
std::optional<pid_t> RunHolder(const RunFolder& folder);

// Each makes the folder ready to train in and returns its recipe. They throw
// Error{kInvalidArgument, kNotFound, kIo, kCorruptFile} in words.

// A new run. Refuses a folder that holds a checkpoint.
TrainRecipe BeginRun(const RunFolder& folder, const TrainRecipe& recipe);

// Goes on: from the checkpoint, or from the beginning when the run ended before its first one.
TrainRecipe ResumeRun(const RunFolder& folder);

// A new run that starts from another's checkpoint, which may be written to meanwhile. Without a
// recipe it does what the other would do next, and the log goes on; with one it runs that recipe's
// stages on the other's weights, optimizer and tokenizer.
TrainRecipe BranchRun(const RunFolder& folder, const RunFolder& other, const TrainRecipe* recipe);

}  // namespace pioneer
