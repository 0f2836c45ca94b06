#include "train/train_log.h"

#include <cmath>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace pioneer {
namespace {

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::string ToLine(const TrainLogEntry& entry) {
  OrderedJson line = {{"step", entry.step},
                      {"stage", entry.stage},
                      {"tokens", entry.tokens},
                      {"loss", Number(entry.loss)}};
  if (entry.validation_loss >= 0) {
    line["val_loss"] = Number(entry.validation_loss);
    line["val_bits_per_byte"] = Number(entry.validation_bits_per_byte);
  }
  line["lr"] = entry.learning_rate;
  line["grad_norm"] = Number(entry.gradient_norm);
  line["tokens_per_second"] = entry.tokens_per_second;
  line["seconds"] = entry.seconds;
  if (entry.skipped) line["skipped"] = entry.why_skipped;
  for (const auto& [name, value] : entry.metrics) line["metrics"][name] = Number(value);
  return DumpJson(line) + "\n";
}

// Takes an entry's fields as they are read, without a tree of the line. What is nested is passed
// over.
class EntryReader : public nlohmann::json_sax<Json> {
 public:
  EntryReader() {
    entry_.loss = entry_.gradient_norm = std::nan("");  // until they are read
  }
  std::optional<TrainLogEntry> Result() const {
    constexpr unsigned kAll = kStep | kStage | kTokens;
    return (found_ & kAll) == kAll ? std::optional(entry_) : std::nullopt;
  }

  bool null() override {
    if (depth_ == 1 && key_ == "skipped") entry_.skipped = true;
    return depth_ == 2 ? TakeNumber(std::nan("")) : true;
  }
  bool boolean(bool) override { return null(); }
  bool number_integer(int64_t value) override { return TakeInteger(value); }
  bool number_unsigned(uint64_t value) override {
    const bool fits = value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return fits ? TakeInteger(static_cast<int64_t>(value)) : true;
  }
  bool number_float(double value, const std::string&) override { return TakeNumber(value); }
  bool string(std::string& value) override {
    if (depth_ != 1) return true;
    if (key_ == "stage") {
      entry_.stage = value;
      found_ |= kStage;
    } else if (key_ == "skipped") {
      entry_.skipped = true;
      entry_.why_skipped = value;
    }
    return true;
  }
  bool binary(Json::binary_t&) override { return true; }
  bool key(std::string& value) override {
    if (depth_ == 1) key_ = value;
    if (depth_ == 2) metric_ = value;
    return true;
  }
  bool start_object(size_t) override {
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(size_t) override {
    ++depth_;
    return depth_ > 1;  // a line is an object
  }
  bool end_array() override { return end_object(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  static constexpr unsigned kStep = 1, kStage = 2, kTokens = 4;
  static constexpr size_t kMostMetrics = 64;

  bool TakeInteger(int64_t value) {
    if (depth_ != 1) return TakeNumber(static_cast<double>(value));
    if (key_ == "step") {
      entry_.step = value;
      found_ |= kStep;
    } else if (key_ == "tokens") {
      entry_.tokens = value;
      found_ |= kTokens;
    } else {
      TakeNumber(static_cast<double>(value));
    }
    return true;
  }

  bool TakeNumber(double value) {
    const bool room = entry_.metrics.size() < kMostMetrics || entry_.metrics.contains(metric_);
    if (depth_ == 2 && key_ == "metrics" && room) entry_.metrics[metric_] = value;
    if (depth_ != 1) return true;
    if (key_ == "loss") entry_.loss = value;
    if (key_ == "val_loss") entry_.validation_loss = value;
    if (key_ == "val_bits_per_byte") entry_.validation_bits_per_byte = value;
    if (key_ == "lr") entry_.learning_rate = value;
    if (key_ == "grad_norm") entry_.gradient_norm = value;
    if (key_ == "tokens_per_second") entry_.tokens_per_second = value;
    if (key_ == "seconds") entry_.seconds = value;
    return true;
  }

  TrainLogEntry entry_;
  std::string key_, metric_;
  int depth_ = 0;
  unsigned found_ = 0;
};

}  // namespace

void AppendLog(const fs::path& path, const TrainLogEntry& entry) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << ToLine(entry) << std::flush;
  if (!file) FailErrno(fmt::format("cannot write the log {}", path.string()));
}

std::optional<TrainLogEntry> ParseLogLine(std::string_view line) {
  EntryReader reader;
  if (!Json::sax_parse(line.begin(), line.end(), &reader)) return std::nullopt;
  return reader.Result();
}

std::vector<TrainLogEntry> ReadLog(const fs::path& path) {
  std::vector<TrainLogEntry> entries;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) {
    if (auto entry = ParseLogLine(line)) entries.push_back(std::move(*entry));
  }
  return entries;
}

void TruncateLog(const fs::path& path, int64_t step) {
  std::string kept;
  for (const TrainLogEntry& entry : ReadLog(path)) {
    if (entry.step <= step) kept += ToLine(entry);
  }
  WriteFileAtomically(path, kept);
}

}  // namespace pioneer
