#include "train/line_reader.h"

#include "base/error.h"

namespace pioneer {
namespace {

constexpr size_t kFillBytes = size_t{1} << 18;

}  // namespace

// Appends more text to buffer_; false at the end.
bool LineReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t held = buffer_.size();
  buffer_.resize(held + kFillBytes);
  const size_t n = stream_.Read(buffer_.data() + held, kFillBytes);
  buffer_.resize(held + n);
  return n > 0;
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
