#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace pioneer {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// A file that is missing, or says "max", sets no limit.
int64_t ReadLimit(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return kNoLimit;
  try {
    const std::string text = ReadFile(path, 4096);
    int64_t bytes = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
    return parsed.ec == std::errc() && bytes > 0 ? bytes : kNoLimit;
  } catch (const Error&) {
    return kNoLimit;
  }
}

}  // namespace

int64_t UsableMemoryBytes() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGE_SIZE);
  int64_t bytes = pages > 0 && page_bytes > 0 ? pages * page_bytes : kNoLimit;
  bytes = std::min(bytes, ReadLimit("/sys/fs/cgroup/memory.max"));
  bytes = std::min(bytes, ReadLimit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  return std::max<int64_t>(bytes, 1);
}

}  // namespace pioneer
