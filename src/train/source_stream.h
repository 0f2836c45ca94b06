// Why: text comes plain or compressed; whatever reads it sees bytes, in a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/file.h"

namespace pioneer {

// One thread. Files ending in .xz, .zst or .gz are decompressed, several streams in a row too. A
// compressed file that asks for more than 512 MiB of memory is refused.
class SourceStream {
 public:
  explicit SourceStream(const fs::path& path);
  ~SourceStream();
  SourceStream(const SourceStream&) = delete;
  SourceStream& operator=(const SourceStream&) = delete;

  // Up to n bytes, n > 0; 0 at the end. Throws Error{kIo, kCorruptFile (broken or cut short)}.
  size_t Read(char* out, size_t n);

  struct Decoder;  // one kind of compression

 private:
  bool FillInput();

  fs::path path_;
  std::unique_ptr<std::ifstream> file_;
  std::unique_ptr<Decoder> decoder_;  // null: plain
  std::string input_;
  size_t input_begin_ = 0, input_end_ = 0;
};

// The name without .xz, .zst or .gz: "a.jsonl.zst" is an "a.jsonl".
fs::path UncompressedName(const fs::path& path);

// The whole content. Throws as Read does, and Error{kInvalidArgument} above max_bytes of text.
std::string ReadSourceFile(const fs::path& path, size_t max_bytes);

}  // namespace pioneer
