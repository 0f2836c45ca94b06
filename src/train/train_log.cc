#include "train/train_log.h"

#include <cmath>
#include <fstream>

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

double NumberOf(const Json& line, const char* key, double missing) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : missing;
}

TrainLogEntry FromJson(const Json& line) {
  TrainLogEntry entry;
  entry.step = line.at("step").get<int64_t>();
  entry.stage = line.at("stage").get<std::string>();
  entry.tokens = line.at("tokens").get<int64_t>();
  entry.loss = NumberOf(line, "loss", std::nan(""));
  entry.validation_loss = NumberOf(line, "val_loss", -1);
  entry.validation_bits_per_byte = NumberOf(line, "val_bits_per_byte", -1);
  entry.learning_rate = NumberOf(line, "lr", 0);
  entry.gradient_norm = NumberOf(line, "grad_norm", std::nan(""));
  entry.tokens_per_second = NumberOf(line, "tokens_per_second", 0);
  entry.seconds = NumberOf(line, "seconds", 0);
  if (const auto why = line.find("skipped"); why != line.end()) {
    entry.skipped = true;
    if (why->is_string()) entry.why_skipped = why->get<std::string>();
  }
  if (const auto metrics = line.find("metrics"); metrics != line.end() && metrics->is_object()) {
    for (const auto& [name, value] : metrics->items()) {
      entry.metrics[name] = value.is_number() ? value.get<double>() : std::nan("");
    }
  }
  return entry;
}

}  // namespace

void AppendLog(const fs::path& path, const TrainLogEntry& entry) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << ToLine(entry) << std::flush;
  if (!file) FailErrno(fmt::format("cannot write the log {}", path.string()));
}

std::vector<TrainLogEntry> ReadLog(const fs::path& path) {
  std::vector<TrainLogEntry> entries;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) {
    try {
      entries.push_back(FromJson(ParseJson(line)));
    } catch (const std::exception&) {
      continue;  // a line that a kill cut short
    }
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
