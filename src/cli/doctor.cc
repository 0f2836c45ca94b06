// Why: `pioneer doctor`: what this machine has, what Pioneer makes of it, and what would help.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "cli/weight_cache.h"
#include "tensor/kernels/isa.h"

namespace pioneer {
namespace {

enum class Verdict { kGood, kAdvice, kProblem };

struct Finding {
  std::string topic, what, advice;
  Verdict verdict = Verdict::kGood;
};

// The value after "key ... :" in a file of the kernel's, "" if there is none.
std::string ProcValue(const char* file_name, const std::string& key) {
  std::ifstream file(file_name);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    const size_t start = line.find_first_not_of(" \t", colon + 1);
    return colon == std::string::npos || start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

double MemoryBytes(const std::string& key) {
  return std::strtod(ProcValue("/proc/meminfo", key).c_str(), nullptr) * 1024;
}

Finding CheckProcessor() {
  const int usable = UsableCores();
  const int present = static_cast<int>(std::thread::hardware_concurrency());
  Finding finding{"processor",
                  fmt::format("{}, {} of {} cores usable", ProcValue("/proc/cpuinfo", "model name"),
                              usable, present),
                  ""};
  if (usable < present) {
    finding.verdict = Verdict::kAdvice;
    finding.advice = "a cgroup or an affinity mask keeps cores away from this process";
  }
  return finding;
}

Finding CheckKernels() {
  std::vector<std::string> names;
  for (const Isa isa : DetectedIsas()) names.emplace_back(IsaName(isa));
  Finding finding{
      "kernels",
      fmt::format("{} in use; this machine has {}", IsaName(ActiveIsa()), fmt::join(names, ", ")),
      ""};
  if (ActiveIsa() == Isa::kScalar) {
    finding.verdict = Verdict::kAdvice;
    finding.advice = DetectedIsas().size() > 1
                         ? "unset PIONEER_ISA to use the fast kernels"
                         : "this processor has no AVX2: models run, but many times slower";
  }
  return finding;
}

Finding CheckMemory() {
  const double available = MemoryBytes("MemAvailable");
  Finding finding{"memory",
                  fmt::format("{} of {} available", FormatBytes(available),
                              FormatBytes(MemoryBytes("MemTotal"))),
                  ""};
  constexpr double kComfortable = 2.0 * (1u << 30);
  if (available < kComfortable) {
    finding.verdict = Verdict::kAdvice;
    finding.advice = "only small models fit; close other programs or use a smaller quantization";
  }
  return finding;
}

Finding CheckDataFolder() {
  try {
    const fs::path home = PioneerHome();
    WriteFileAtomically(home / "doctor-check", "ok");
    fs::remove(home / "doctor-check");
    const double space = static_cast<double>(fs::space(home).available);
    Finding finding{"data folder", fmt::format("{}, {} free", home.string(), FormatBytes(space)),
                    ""};
    constexpr double kLittle = 1e9;
    if (space < kLittle) {
      finding.verdict = Verdict::kAdvice;
      finding.advice = "little space for chats and models: free some, or set PIONEER_HOME";
    }
    return finding;
  } catch (const Error& error) {
    return {"data folder", error.what(), "set PIONEER_HOME to a folder that can be written",
            Verdict::kProblem};
  }
}

Finding CheckModels() {
  const size_t count = FindModels(KnownModelPlaces()).size();
  if (count > 0) return {"models", fmt::format("{} found (pioneer models list)", count), ""};
  return {"models", "none found", "get one: pioneer models pull qwen3-0.6b", Verdict::kProblem};
}

Finding CheckWeightCache() {
  const PackedCache cache = WeightCache();
  if (cache.folder.empty()) {
    return {"weight cache", fmt::format("off ({})", kWeightCacheVariable),
            "with it, larger models start many times faster", Verdict::kAdvice};
  }
  const std::vector<PackedCacheEntry> entries = ListPackedFiles(cache.folder);
  double bytes = 0;
  for (const PackedCacheEntry& entry : entries) bytes += static_cast<double>(entry.bytes);
  return {"weight cache",
          fmt::format("{}: {} models, {} (pioneer models cache)", cache.folder.string(),
                      entries.size(), FormatBytes(bytes)),
          ""};
}

bool PortIsFree(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

Finding CheckPort() {
  if (PortIsFree(8080)) return {"port", "8080 is free", ""};
  return {"port", "8080 is in use", "another service, or Pioneer itself; pioneer serve --port 8081",
          Verdict::kAdvice};
}

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kAdvice:
      return "advice";
    case Verdict::kProblem:
      return "problem";
  }
  return "";
}

void Doctor(bool json) {
  const std::vector<Finding> findings = {CheckProcessor(),  CheckKernels(), CheckMemory(),
                                         CheckDataFolder(), CheckModels(),  CheckWeightCache(),
                                         CheckPort()};
  Json rows = Json::array();
  bool problem = false;
  for (const Finding& finding : findings) {
    problem = problem || finding.verdict == Verdict::kProblem;
    rows.push_back({{"topic", finding.topic},
                    {"what", finding.what},
                    {"verdict", VerdictName(finding.verdict)},
                    {"advice", finding.advice}});
    if (json) continue;
    fmt::print("{:<8} {:<12} {}\n", VerdictName(finding.verdict), finding.topic, finding.what);
    if (!finding.advice.empty()) fmt::print("{:<21} -> {}\n", "", finding.advice);
  }
  if (json) fmt::print("{}\n", DumpJson(rows));
  if (problem) Fail(ErrorCode::kUnsupported, "something above must be mended first");
}

}  // namespace

void AddDoctorCommand(CLI::App& root) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      AddCommand(root, "doctor", "What this machine has, and what to improve", "pioneer doctor");
  command->add_flag("--json", *json, "Print JSON");
  command->callback([json] { Doctor(*json); });
}

}  // namespace pioneer
