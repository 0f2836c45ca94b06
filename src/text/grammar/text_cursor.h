// Why: readers of grammars go through a text byte by byte.
#pragma once

#include <cstddef>
#include <string_view>

namespace pioneer::grammar {

// A place in a text that outlives it.
class TextCursor {
 public:
  explicit TextCursor(std::string_view source) : source_(source) {}

 protected:
  // The byte so far ahead; 0 behind the end.
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  // Each goes on behind what it finds, or stays and returns false.
  bool Take(char c) {
    if (at_ >= source_.size() || source_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeAll(std::string_view what) {
    if (!source_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  const std::string_view source_;
  size_t at_ = 0;
};

}  // namespace pioneer::grammar
