#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace pioneer {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kContextLength:
      return "context_length_exceeded";
    case ErrorCode::kOutOfMemory:
      return "out_of_memory";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kCorruptFile:
      return "corrupt_file";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kIo:
      return "io_error";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal_error";
  }
  return "unknown";
}

void FailErrno(const std::string& message) {
  const int saved_errno = errno;
  throw Error(ErrorCode::kIo, message + ": " + std::generic_category().message(saved_errno));
}

}  // namespace pioneer
