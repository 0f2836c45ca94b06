// Why: one kind of failure for the whole program. An operation that cannot be done throws Error
// with a message in the user's words: what failed, where, and what to do about it.
//
// Three places catch: the request handler, the worker task and main. Kernels and the engine's step
// never throw. An expected outcome (not found in a cache, end of a stream) is a return value.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace pioneer {

enum class ErrorCode {
  kInvalidArgument,  // the caller's value is wrong; the message says which and what is allowed
  kNotFound,         // the named thing does not exist
  kContextLength,    // the prompt does not fit the model's context
  kOutOfMemory,      // a stated memory limit, or the machine's memory, is used up
  kOverloaded,       // the queue is full; the same request may succeed later
  kCorruptFile,      // a file's content contradicts itself or its format
  kUnsupported,      // valid, but not something this program can do
  kIo,               // reading, writing or the network failed; errno is in the message
  kUnauthorized,     // a key is missing or wrong
  kCancelled,        // the caller asked to stop
  kInternal,         // a defect of this program
};

// The code's stable name: "invalid_argument", "not_found", ...
const char* ErrorCodeName(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// Throws Error{code, formatted message}.
template <typename... Args>
[[noreturn]] void Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Throws Error{kIo, "message: text of errno"}; call it straight after the failed system call.
[[noreturn]] void FailErrno(const std::string& message);

}  // namespace pioneer
