// Why: the lock of an index in a folder: a file beside it.
#pragma once

#include <filesystem>

#include "search/index/work_lock.h"

namespace pioneer::search {

class FolderLock : public WorkLock {
 public:
  explicit FolderLock(std::filesystem::path file) : file_(std::move(file)) {}
  ~FolderLock() override { Release(); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool TryAcquire() override;
  void Release() override;
  bool IsHeld() override { return fd_ >= 0; }

 private:
  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace pioneer::search
