// Why: the one door to the runs of a folder, for the page and the terminal: see all, look into one,
// begin, stop and resume. A run's name is the name of its folder, never a path.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lab/run_log.h"
#include "lab/run_summary.h"

namespace pioneer::lab {

// What a new run is made of: a recipe's file, or a depth and texts (train/dial.h).
struct NewRun {
  std::string name;
  fs::path recipe;
  int64_t depth = 0;
  std::vector<fs::path> data;
};

// Thread-safe.
class Lab {
 public:
  // `folder` need not exist yet. `program` is this program, which trains as well.
  explicit Lab(fs::path folder, fs::path program = "/proc/self/exe");

  const fs::path& folder() const { return folder_; }

  // Latest first; at most kMaxRuns.
  std::vector<RunSummary> List();
  static constexpr size_t kMaxRuns = 500;

  // Throws Error{kNotFound} where there is no run of that name, whatever the name looks like.
  RunFolder Find(std::string_view name) const;
  RunSummary Summary(std::string_view name);

  // A copy that is up to date and goes on by itself. What was read stays in memory for the next who
  // asks, for the latest kKeptLogs runs.
  RunLog Log(std::string_view name);
  static constexpr size_t kKeptLogs = 16;

  // Each returns at once; what follows is seen in the summary. They throw Error{kInvalidArgument}
  // with what stands against it, and kIo.
  void Begin(const NewRun& run);
  void Resume(std::string_view name);
  void Stop(std::string_view name);

 private:
  struct KeptLog {
    explicit KeptLog(const fs::path& path) : log(path) {}
    std::mutex mutex;
    RunLog log;  // guarded by mutex
  };

  RunSummary SummarizeFolder(const RunFolder& folder);
  void Launch(const RunFolder& folder, const std::vector<std::string>& arguments);
  bool IsStarting(const fs::path& root);  // with mutex_ held

  const fs::path folder_, program_;
  std::mutex mutex_;
  std::map<fs::path, pid_t> started_;                                // guarded by mutex_
  std::vector<std::pair<fs::path, std::shared_ptr<KeptLog>>> logs_;  // guarded by mutex_
};

// The runs' folder where none is named: `runs` in the program's data folder.
fs::path DefaultRunsFolder();

}  // namespace pioneer::lab
