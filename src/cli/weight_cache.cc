#include "cli/weight_cache.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "model/packed_cache.h"

namespace pioneer {
namespace {

std::string SizeOf(int64_t bytes) { return FormatBytes(static_cast<double>(bytes)); }

void ShowCache(bool json) {
  const PackedCache cache = WeightCache();
  const std::vector<PackedCacheEntry> entries = ListPackedFiles(cache.folder);
  if (!json) {
    for (const PackedCacheEntry& entry : entries) {
      fmt::print("{:>10}  {}\n", SizeOf(entry.bytes), entry.path.string());
    }
    if (entries.empty()) fmt::print("No packed weights are kept.\n");
    return;
  }
  Json rows = Json::array();
  for (const PackedCacheEntry& entry : entries) {
    rows.push_back({{"path", entry.path.string()}, {"bytes", entry.bytes}});
  }
  fmt::print("{}\n", DumpJson(Json{{"folder", cache.folder.string()}, {"files", std::move(rows)}}));
}

void ClearCache(bool json) {
  const int64_t freed = ClearPackedFiles(PioneerCache() / kPackedFolder);
  if (json) {
    fmt::print("{}\n", DumpJson(Json{{"bytes_freed", freed}}));
  } else {
    fmt::print("{} are free again.\n", SizeOf(freed));
  }
}

}  // namespace

PackedCache WeightCache() {
  PackedCache cache;
  cache.folder = PioneerCache() / kPackedFolder;
  const char* const variable = std::getenv(kWeightCacheVariable);
  if (variable == nullptr || *variable == '\0') return cache;
  std::string text = variable;
  if (text == "off" || text == "0") return {};
  std::string problem;
  try {
    problem = CLI::AsSizeValue(false)(text);
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  if (problem.empty()) cache.max_bytes = std::strtoll(text.c_str(), nullptr, 10);
  if (!problem.empty() || cache.max_bytes <= 0) {
    Fail(ErrorCode::kInvalidArgument, "{}={}: give \"off\", or the most it may take, as 20GiB",
         kWeightCacheVariable, variable);
  }
  return cache;
}

LoadOptions MakeLoadOptions(int n_threads, const CancelToken& cancel) {
  LoadOptions options;
  options.n_threads = n_threads;
  options.cache = WeightCache();
  options.cancel = cancel;
  constexpr double kWorthSayingSeconds = 0.5;
  options.on_packed = [begin = Stopwatch(),
                       line = std::shared_ptr<ProgressLine>()](double share) mutable {
    if (!line && begin.Seconds() < kWorthSayingSeconds) return;
    if (!line) line = std::make_shared<ProgressLine>();
    line->Update(fmt::format("packing weights: {:.0f} %", 100 * share));
  };
  return options;
}

void AddModelsCache(CLI::App& models) {
  CLI::App* command = models.add_subcommand(
      "cache",
      "The packed weights that are kept so that models start fast. They are made again when they "
      "are missing; PIONEER_WEIGHT_CACHE=off keeps none, PIONEER_WEIGHT_CACHE=20GiB so much");
  auto clear = std::make_shared<bool>(false);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--clear", *clear, "Remove them");
  command->add_flag("--json", *json, "Print JSON");
  command->callback([clear, json] { *clear ? ClearCache(*json) : ShowCache(*json); });
}

}  // namespace pioneer
