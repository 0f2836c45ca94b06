// Why: tests of files need a folder of their own.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace pioneer::eval {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (fs::temp_directory_path() / "pioneer-eval-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) FailErrno("mkdtemp");
    path_ = pattern;
  }
  ~TestFolder() { fs::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  fs::path Write(const std::string& name, const std::string& content) const {
    WriteFileAtomically(path_ / name, content);
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace pioneer::eval
