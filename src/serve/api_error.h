// Why: every failure leaves the service in one shape, OpenAI's:
// {"error": {"message", "type", "param", "code"}} with the HTTP status.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace pioneer::serve {

class ApiError : public std::runtime_error {
 public:
  // `code` and `param` may be "" and are then null on the wire.
  ApiError(int status, std::string type, std::string code, std::string param,
           const std::string& message)
      : std::runtime_error(message),
        status(status),
        type(std::move(type)),
        code(std::move(code)),
        param(std::move(param)) {}

  OrderedJson ToJson() const;

  int status;
  std::string type, code, param;
};

// 400: the value at `param` ("messages[0].content") is wrong. The message names the field too.
ApiError InvalidField(const std::string& param, const std::string& problem);
// 400: valid in the API, but not something this version can do; never silently ignored.
ApiError UnsupportedField(const std::string& param, const std::string& problem);
ApiError NotFoundError(const std::string& message);
ApiError ConflictError(const std::string& message);
ApiError UnauthorizedError(const std::string& message);
ApiError ForbiddenError(const std::string& message);

// The wire's face of a failure below: each ErrorCode has one status. What is no Error becomes 500
// without its text, which may tell more than a stranger should know; the caller logs it.
ApiError ToApiError(const std::exception& error);

}  // namespace pioneer::serve
