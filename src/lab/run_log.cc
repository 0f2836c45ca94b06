#include "lab/run_log.h"

#include <algorithm>
#include <cmath>

namespace pioneer::lab {
namespace {

constexpr size_t kProbeBytes = 8 << 10;  // holds some whole lines of a log of ours
constexpr size_t kWindowChunk = size_t{1} << 20;
constexpr int64_t kBisectionEnds = 64 << 10;  // reading on is cheaper from here

struct PlacedEntry {
  int64_t offset = 0;  // of its line
  TrainLogEntry entry;
};

// The first whole line that starts after `offset` (at it, when that is 0) and is an entry.
std::optional<PlacedEntry> FirstEntryFrom(const LogFile& file, int64_t offset) {
  const std::string bytes = file.ReadAt(offset, kProbeBytes);
  size_t begin = 0;
  if (offset > 0) {
    const size_t line_break = bytes.find('\n');
    if (line_break == std::string::npos) return std::nullopt;
    begin = line_break + 1;
  }
  for (size_t end; (end = bytes.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto entry = ParseLogLine(std::string_view(bytes).substr(begin, end - begin));
    if (entry) return PlacedEntry{offset + static_cast<int64_t>(begin), *entry};
  }
  return std::nullopt;
}

// A place before the first line of `step`, and not far before it.
int64_t OffsetBefore(const LogFile& file, int64_t step) {
  int64_t low = 0, high = file.size();
  while (high - low > kBisectionEnds) {
    const int64_t middle = low + (high - low) / 2;
    const auto found = FirstEntryFrom(file, middle);
    if (found && found->entry.step < step) {
      low = found->offset;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

void RunLog::Update() { Read(nullptr); }

RunLog::News RunLog::TakeNews() {
  News news;
  Read(&news);
  return news;
}

void RunLog::Read(News* news) {
  tail_.Read(
      [&] {
        series_ = LogSeries();
        if (news != nullptr) *news = {.restarted = true, .entries = {}};
      },
      [&](std::string_view line) {
        const auto entry = ParseLogLine(line);
        if (!entry || entry->step <= series_.end().step) return;
        series_.Add(*entry);
        if (news != nullptr) news->entries.push_back(*entry);
      });
}

LogSeries ReadLogWindow(const fs::path& path, int64_t from_step, int64_t to_step) {
  LogSeries series;
  const LogFile file(path);
  std::string bytes;
  for (int64_t offset = OffsetBefore(file, from_step); offset < file.size();) {
    const std::string chunk = file.ReadAt(offset, kWindowChunk);
    if (chunk.empty()) break;
    offset += static_cast<int64_t>(chunk.size());
    bytes += chunk;
    size_t begin = 0;
    for (size_t end; (end = bytes.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto entry = ParseLogLine(std::string_view(bytes).substr(begin, end - begin));
      if (!entry || entry->step < from_step) continue;
      if (entry->step > to_step) return series;
      series.Add(*entry);
    }
    bytes.erase(0, begin);
    if (bytes.size() > LineTail::kMaxLineBytes) bytes.clear();  // no line of ours
  }
  return series;
}

LogGlance GlanceAtLog(const fs::path& path, size_t n_losses) {
  LogGlance glance;
  const LogFile file(path);
  const int64_t begin = std::max<int64_t>(0, file.size() - static_cast<int64_t>(kGlanceBytes));
  std::vector<TrainLogEntry> latest;
  {
    std::string bytes = file.ReadAt(begin, kGlanceBytes);
    size_t at = begin == 0 ? 0 : bytes.find('\n') + 1;  // npos + 1 = 0: then nothing will parse
    for (size_t end; (end = bytes.find('\n', at)) != std::string::npos; at = end + 1) {
      auto entry = ParseLogLine(std::string_view(bytes).substr(at, end - at));
      if (entry) latest.push_back(std::move(*entry));
    }
  }
  if (latest.empty()) return glance;
  glance.last = latest.back();
  for (const TrainLogEntry& entry : latest) {
    if (entry.validation_loss < 0) continue;
    glance.validation_loss = entry.validation_loss;
    glance.validation_bits_per_byte = entry.validation_bits_per_byte;
  }
  int64_t last_step = 0;
  for (size_t i = 0; i + 1 < n_losses; ++i) {
    const int64_t offset = file.size() / static_cast<int64_t>(n_losses) * static_cast<int64_t>(i);
    const auto found = FirstEntryFrom(file, offset);
    if (!found || found->entry.step <= last_step || !std::isfinite(found->entry.loss)) continue;
    last_step = found->entry.step;
    glance.losses.push_back(found->entry.loss);
  }
  if (latest.back().step > last_step && std::isfinite(latest.back().loss)) {
    glance.losses.push_back(latest.back().loss);
  }
  return glance;
}

}  // namespace pioneer::lab
