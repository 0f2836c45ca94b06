// Why: tasks are files that others publish. Their formats are recognized by their fields and turned
// into questions with the very prompts that lm-evaluation-harness makes of them, so that scores can
// be compared. docs/evaluation.md describes each, and the form for tasks of one's own.
//
// Files are untrusted: limited in size and number of items, each error names the line.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "eval/task.h"

namespace pioneer::eval {

inline constexpr size_t kMaxTaskFileBytes = size_t{1} << 30;
inline constexpr int kMaxChoices = 64;
inline constexpr int kMaxShots = 64;

struct TaskOptions {
  // Examples with their answers before each question: the first of NAME.shots.jsonl beside the
  // task's file (of the same subject, where there are subjects), else some of the file's own,
  // chosen by the seed and the same for all; an item is never its own example.
  int n_shots = 0;
  uint64_t seed = 0;
  int64_t limit = 0;  // only the first so many items; 0 = all
};

// A .jsonl file of a known format, or any other text file, which is one text to score. Throws
// Error{kNotFound, kInvalidArgument}.
Task ReadTask(const fs::path& path, const TaskOptions& options);

// Lower-case hex SHA-256 of a file, however large.
std::string HashFile(const fs::path& path);

}  // namespace pioneer::eval
