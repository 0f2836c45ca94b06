// Why: reads lines of a plain or compressed file in a stream, so that sources of any size fit.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "train/source_stream.h"

namespace pioneer {

inline constexpr size_t kMaxLineBytes = size_t{256} << 20;

// One thread.
class LineReader {
 public:
  explicit LineReader(const fs::path& path) : path_(path), stream_(path) {}

  // False at the end. The line comes without its line break. Throws Error{kIo, kCorruptFile}.
  bool Next(std::string& line);
  int64_t line_number() const { return line_number_; }  // of the last line, from 1

 private:
  bool Fill();

  fs::path path_;
  SourceStream stream_;
  std::string buffer_;
  size_t begin_ = 0;
  int64_t line_number_ = 0;
};

}  // namespace pioneer
