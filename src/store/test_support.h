// Why: what the tests of this room share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace pioneer {

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pioneer-XXXXXX").string();
    if (!mkdtemp(name.data())) FailErrno("cannot make a folder for the test");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FakeClock : public Clock {
 public:
  int64_t MonotonicNs() const override { return unix_ms * 1'000'000; }
  int64_t UnixMs() const override { return unix_ms; }
  int64_t unix_ms = 1'700'000'000'000;
};

// The code of the Error that the call throws, nullopt when it throws none.
template <typename Call>
std::optional<ErrorCode> ThrownCode(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

inline std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace pioneer
