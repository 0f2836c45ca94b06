#include "train/line_reader.h"

#include <lzma.h>

#include <array>
#include <fstream>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr uint64_t kXzMemoryLimit = uint64_t{512} << 20;

}  // namespace

struct LineReader::Stream {
  std::ifstream file;
  bool compressed = false;
  bool ended = false;
  lzma_stream lzma = LZMA_STREAM_INIT;
  std::array<char, 1 << 16> input;
  std::array<char, 1 << 18> output;

  ~Stream() { lzma_end(&lzma); }
};

LineReader::LineReader(const fs::path& path) : path_(path), stream_(std::make_unique<Stream>()) {
  if (!fs::exists(path)) Fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  stream_->file.open(path, std::ios::binary);
  if (!stream_->file) Fail(ErrorCode::kIo, "cannot open {}", path.string());
  stream_->compressed = path.extension() == ".xz";
  if (stream_->compressed &&
      lzma_stream_decoder(&stream_->lzma, kXzMemoryLimit, LZMA_CONCATENATED) != LZMA_OK) {
    Fail(ErrorCode::kOutOfMemory, "cannot start to decompress {}", path.string());
  }
}

LineReader::~LineReader() = default;

// Appends more text to buffer_; false at the end.
bool LineReader::Fill() {
  Stream& s = *stream_;
  if (s.ended) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (!s.compressed || s.lzma.avail_in == 0) {
    s.file.read(s.input.data(), s.input.size());
    if (s.file.bad()) Fail(ErrorCode::kIo, "cannot read {}", path_.string());
    s.lzma.next_in = reinterpret_cast<const uint8_t*>(s.input.data());
    s.lzma.avail_in = static_cast<size_t>(s.file.gcount());
  }
  if (!s.compressed) {
    s.ended = s.lzma.avail_in == 0;
    buffer_.append(s.input.data(), s.lzma.avail_in);
    return !s.ended;
  }
  s.lzma.next_out = reinterpret_cast<uint8_t*>(s.output.data());
  s.lzma.avail_out = s.output.size();
  const lzma_ret status = lzma_code(&s.lzma, s.file.eof() ? LZMA_FINISH : LZMA_RUN);
  buffer_.append(s.output.data(), s.output.size() - s.lzma.avail_out);
  if (status == LZMA_STREAM_END) {
    s.ended = true;
  } else if (status != LZMA_OK) {
    Fail(ErrorCode::kCorruptFile, "{} is broken or cut short (xz error {})", path_.string(),
         static_cast<int>(status));
  }
  return true;
}

bool LineReader::Next(std::string& line) {
  size_t searched = begin_;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line.assign(buffer_, begin_, end - begin_);
      begin_ = end + 1;
      break;
    }
    const size_t held = buffer_.size() - begin_;
    if (held > kMaxLineBytes) {
      Fail(ErrorCode::kCorruptFile, "{}: line {} is longer than {} bytes", path_.string(),
           line_number_ + 1, kMaxLineBytes);
    }
    if (!Fill()) {
      if (buffer_.size() == begin_) return false;
      line.assign(buffer_, begin_);
      begin_ = buffer_.size();
      break;
    }
    searched = begin_ + held;
  }
  if (line.ends_with('\r')) line.pop_back();
  ++line_number_;
  return true;
}

}  // namespace pioneer
