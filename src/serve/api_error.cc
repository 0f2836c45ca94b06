#include "serve/api_error.h"

#include "store/disk_full.h"

namespace pioneer::serve {
namespace {

constexpr char kInvalidRequest[] = "invalid_request_error";
constexpr char kServerError[] = "server_error";

OrderedJson StringOrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

ApiError FromError(const Error& error) {
  const std::string code = ErrorCodeName(error.code());
  const char* what = error.what();
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
      return ApiError(400, kInvalidRequest, "invalid_value", "", what);
    case ErrorCode::kContextLength:
    case ErrorCode::kUnsupported:
      return ApiError(400, kInvalidRequest, code, "", what);
    case ErrorCode::kUnauthorized:
      return ApiError(401, kInvalidRequest, "invalid_api_key", "", what);
    case ErrorCode::kNotFound:
      return ApiError(404, kInvalidRequest, code, "", what);
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kOverloaded:
    case ErrorCode::kCancelled:
      return ApiError(503, kServerError, code, "", what);
    case ErrorCode::kCorruptFile:
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      break;
  }
  return ApiError(500, kServerError, code, "", "the service failed; its log says more");
}

}  // namespace

OrderedJson ApiError::ToJson() const {
  return {{"error",
           {{"message", what()},
            {"type", type},
            {"param", StringOrNull(param)},
            {"code", StringOrNull(code)}}}};
}

ApiError InvalidField(const std::string& param, const std::string& problem) {
  return ApiError(400, kInvalidRequest, "invalid_value", param, param + ": " + problem);
}

ApiError UnsupportedField(const std::string& param, const std::string& problem) {
  return ApiError(400, kInvalidRequest, "unsupported_value", param, param + ": " + problem);
}

ApiError NotFoundError(const std::string& message) {
  return ApiError(404, kInvalidRequest, "not_found", "", message);
}

ApiError ConflictError(const std::string& message) {
  return ApiError(409, kInvalidRequest, "conflict", "", message);
}

ApiError UnauthorizedError(const std::string& message) {
  return ApiError(401, kInvalidRequest, "invalid_api_key", "", message);
}

ApiError ForbiddenError(const std::string& message) {
  return ApiError(403, kInvalidRequest, "forbidden", "", message);
}

ApiError ToApiError(const std::exception& error) {
  if (const auto* api = dynamic_cast<const ApiError*>(&error)) return *api;
  if (dynamic_cast<const DiskFullError*>(&error)) {
    return ApiError(507, kServerError, "disk_full", "",
                    "the service's disk is full, so nothing can be stored: free some space there "
                    "and try again");
  }
  if (const auto* known = dynamic_cast<const Error*>(&error)) return FromError(*known);
  return ApiError(500, kServerError, "internal_error", "", "the service failed; its log says more");
}

}  // namespace pioneer::serve
