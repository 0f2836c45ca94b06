// Why: one owner for a file descriptor, and files that live in memory only.
#pragma once

#include <string_view>

namespace pioneer {

// Closes what it holds. One thread.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return fd_; }  // -1: none
  int Release();                   // the caller closes it
  void Close();

 private:
  int fd_;
};

// A file without a name that holds `content`, at its beginning. Throws Error{kIo}.
Descriptor MakeMemoryFile(std::string_view content = {});

// Two ends; both are closed when a program is started. Reading never blocks, writing does.
struct Pipe {
  Pipe();  // Throws Error{kIo}
  Descriptor reading, writing;
};

}  // namespace pioneer
