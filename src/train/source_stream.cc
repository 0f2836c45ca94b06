#include "train/source_stream.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <fstream>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr uint64_t kDecoderMemory = uint64_t{512} << 20;
constexpr int kZstdWindowLog = 29;  // the same limit
constexpr size_t kInputBytes = size_t{1} << 16;

}  // namespace

// Takes some of the input and gives some of the output. `last`: no input comes behind this one.
struct SourceStream::Decoder {
  struct Step {
    size_t taken = 0, given = 0;
    bool ended = false, broken = false;
  };
  virtual ~Decoder() = default;
  virtual Step Decode(std::string_view in, bool last, char* out, size_t n) = 0;
};

namespace {

class XzDecoder : public SourceStream::Decoder {
 public:
  XzDecoder() {
    if (lzma_stream_decoder(&stream_, kDecoderMemory, LZMA_CONCATENATED) != LZMA_OK) {
      Fail(ErrorCode::kOutOfMemory, "cannot start to decompress xz");
    }
  }
  ~XzDecoder() override { lzma_end(&stream_); }
  Step Decode(std::string_view in, bool last, char* out, size_t n) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = n;
    const lzma_ret status = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    const bool ended = status == LZMA_STREAM_END;
    return {in.size() - stream_.avail_in, n - stream_.avail_out, ended,
            !ended && status != LZMA_OK};
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class GzipDecoder : public SourceStream::Decoder {
 public:
  GzipDecoder() {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) {
      Fail(ErrorCode::kOutOfMemory, "cannot start to decompress gzip");
    }
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  Step Decode(std::string_view in, bool last, char* out, size_t n) override {
    if (member_ended_) {  // another member may follow
      if (in.empty()) return {.taken = 0, .given = 0, .ended = last, .broken = false};
      inflateReset(&stream_);
      member_ended_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(n);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    Step step{in.size() - stream_.avail_in, n - stream_.avail_out, false, false};
    member_ended_ = status == Z_STREAM_END;
    step.broken = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
    step.broken |= !member_ended_ && last && step.taken == 0 && step.given == 0;
    step.ended = member_ended_ && last && step.taken == in.size();
    return step;
  }

 private:
  z_stream stream_ = {};
  bool member_ended_ = false;
};

class ZstdDecoder : public SourceStream::Decoder {
 public:
  ZstdDecoder() {
    if (context_ == nullptr) Fail(ErrorCode::kOutOfMemory, "cannot start to decompress zstd");
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  }
  Step Decode(std::string_view in, bool last, char* out, size_t n) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, n, 0};
    if (frame_ended_ && in.empty()) return {.taken = 0, .given = 0, .ended = last, .broken = false};
    const size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
    Step step{input.pos, output.pos, false, ZSTD_isError(status) != 0};
    frame_ended_ = status == 0;
    step.broken |= !frame_ended_ && last && input.pos == 0 && output.pos == 0;
    step.ended = frame_ended_ && last && input.pos == in.size();
    return step;
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  bool frame_ended_ = false;
};

std::unique_ptr<SourceStream::Decoder> MakeDecoder(const fs::path& path) {
  if (path.extension() == ".xz") return std::make_unique<XzDecoder>();
  if (path.extension() == ".gz") return std::make_unique<GzipDecoder>();
  if (path.extension() == ".zst") return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace

SourceStream::SourceStream(const fs::path& path)
    : path_(path), file_(std::make_unique<std::ifstream>()) {
  if (!fs::exists(path)) Fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  file_->open(path, std::ios::binary);
  if (!*file_ || !fs::is_regular_file(path)) {
    Fail(ErrorCode::kIo, "cannot open {} as a file", path.string());
  }
  decoder_ = MakeDecoder(path);
  input_.resize(kInputBytes);
}

SourceStream::~SourceStream() = default;

// False when there is nothing left to read.
bool SourceStream::FillInput() {
  if (input_begin_ < input_end_) return true;
  file_->read(input_.data(), static_cast<std::streamsize>(input_.size()));
  if (file_->bad()) Fail(ErrorCode::kIo, "cannot read {}", path_.string());
  input_begin_ = 0;
  input_end_ = static_cast<size_t>(file_->gcount());
  return input_end_ > 0;
}

size_t SourceStream::Read(char* out, size_t n) {
  if (decoder_ == nullptr) {
    file_->read(out, static_cast<std::streamsize>(n));
    if (file_->bad()) Fail(ErrorCode::kIo, "cannot read {}", path_.string());
    return static_cast<size_t>(file_->gcount());
  }
  while (true) {
    const bool last = !FillInput();
    const std::string_view in(input_.data() + input_begin_, input_end_ - input_begin_);
    const Decoder::Step step = decoder_->Decode(in, last, out, n);
    if (step.broken) {
      Fail(ErrorCode::kCorruptFile, "{} is broken or cut short", path_.string());
    }
    input_begin_ += step.taken;
    if (step.given > 0 || step.ended) return step.given;
  }
}

fs::path UncompressedName(const fs::path& path) {
  const fs::path extension = path.extension();
  const bool compressed = extension == ".xz" || extension == ".zst" || extension == ".gz";
  return compressed ? path.stem() : path.filename();
}

std::string ReadSourceFile(const fs::path& path, size_t max_bytes) {
  SourceStream stream(path);
  std::string text;
  std::array<char, 1 << 16> piece;
  while (const size_t n = stream.Read(piece.data(), piece.size())) {
    text.append(piece.data(), n);
    if (text.size() > max_bytes) {
      Fail(ErrorCode::kInvalidArgument, "{} holds more than {} MiB of text; cut it into files",
           path.string(), max_bytes >> 20);
    }
  }
  return text;
}

}  // namespace pioneer
