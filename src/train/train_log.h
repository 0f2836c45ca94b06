// Why: the run's log is what people and the loss curve read: one JSON object a line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pioneer {

struct TrainLogEntry {
  int64_t step = 0;  // from 1
  std::string stage;
  int64_t tokens = 0;  // so far, of the whole run
  double loss = 0;
  double validation_loss = -1;           // nats a token; -1 = not measured at this step
  double validation_bits_per_byte = -1;  // the same for any tokenizer
  double learning_rate = 0, gradient_norm = 0;
  double tokens_per_second = 0, seconds = 0;   // elapsed training time of the whole run
  bool skipped = false;                        // the step was not applied,
  std::string why_skipped = {};                // because of this
  std::map<std::string, double> metrics = {};  // what only some kinds of runs measure, by name
};

// Appends and flushes one line. Numbers that are not finite become null.
void AppendLog(const fs::path& path, const TrainLogEntry& entry);

// One line of a log, without its line break; nullopt of an unfinished or foreign one. Fast: a run
// of a million steps is read in some seconds.
std::optional<TrainLogEntry> ParseLogLine(std::string_view line);

// Unfinished or foreign lines are passed over; a missing file is empty.
std::vector<TrainLogEntry> ReadLog(const fs::path& path);

// Drops the entries after `step`: they belong to steps that will be done again.
void TruncateLog(const fs::path& path, int64_t step);

}  // namespace pioneer
