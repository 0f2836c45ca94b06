// Why: reads lines of a plain or xz-compressed file in a stream, so that sources of any size fit.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"

namespace pioneer {

inline constexpr size_t kMaxLineBytes = size_t{256} << 20;

// One thread. Files ending in ".xz" are decompressed.
class LineReader {
 public:
  explicit LineReader(const fs::path& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // False at the end. The line comes without its line break. Throws Error{kIo, kCorruptFile}.
  bool Next(std::string& line);
  int64_t line_number() const { return line_number_; }  // of the last line, from 1

 private:
  struct Stream;
  bool Fill();

  fs::path path_;
  std::unique_ptr<Stream> stream_;
  std::string buffer_;
  size_t begin_ = 0;
  int64_t line_number_ = 0;
};

}  // namespace pioneer
