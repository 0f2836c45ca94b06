// Why: the service's side of converting: whatever a file does to its converter, here it is a
// document or an Error that says why not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/descriptor.h"
#include "search/convert/converted.h"
#include "search/convert/format.h"

namespace pioneer::search {

inline constexpr uint64_t kMaxOriginalBytes = uint64_t{256} << 20;

struct ConvertLimits {
  double seconds = 60;  // of one file
  uint64_t memory_bytes = uint64_t{1} << 30;
};

// Runs build/pioneer-convert, a process that can neither open files nor sockets nor start anything,
// for one file after another; a new one when it died, took too long or has read many files. PDF
// files are read by pdftotext (of poppler-utils), confined likewise. One thread; ends with the
// thread that first called it.
class Converter {
 public:
  explicit Converter(const ConvertLimits& limits = {});
  ~Converter();
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  // `file`: a regular file or one in memory. `name` is its title where it has no better one.
  // document.uri stays empty. Throws Error{kCorruptFile}, {kUnsupported}, {kInvalidArgument} (too
  // large), {kCancelled}; {kIo}: no converter can be run, whatever the file.
  Converted Convert(int file, Format format, std::string_view name, std::string_view charset,
                    const CancelToken& cancel);
  // Of bytes in memory.
  Converted ConvertMemory(std::string_view bytes, Format format, std::string_view name,
                          std::string_view charset, const CancelToken& cancel);

 private:
  struct Worker;
  Descriptor RunPdfToText(int file, const CancelToken& cancel);
  Converted Ask(int file, Format format, std::string_view name, std::string_view charset,
                const CancelToken& cancel);

  const ConvertLimits limits_;
  std::unique_ptr<Worker> worker_;
  std::vector<uint64_t> filter_;  // of pdftotext
};

}  // namespace pioneer::search
