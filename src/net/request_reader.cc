#include "net/request_reader.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <limits>

#include "net/boost_assert.h"

namespace pioneer {
namespace http = boost::beast::http;
namespace {

constexpr size_t kMaxHeaderFields = 128;

std::string ToString(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RequestReader::RequestReader(const Limits& limits) : limits_(limits) {
  parser_.header_limit(static_cast<std::uint32_t>(
      std::min<size_t>(limits.max_header_bytes, std::numeric_limits<std::uint32_t>::max())));
  parser_.body_limit(limits.max_body_bytes);
  parser_.eager(false);  // so that the header is checked before the body is looked at
}

size_t RequestReader::Feed(std::string_view bytes) {
  try {
    return Read(bytes);
  } catch (const BoostAssertion&) {
    FailWith(400, "the request is not valid HTTP");
    return 0;
  }
}

// Beast asserts that it sees no less of the end of a chunked body than "0" and two line ends.
bool RequestReader::IsLessThanALastChunk(std::string_view rest) const {
  constexpr size_t kLastChunkBytes = 5;
  return header_checked_ && parser_.chunked() && rest.size() < kLastChunkBytes &&
         (rest[0] == '0' || rest[0] == '\r');
}

size_t RequestReader::Read(std::string_view bytes) {
  size_t used = 0;
  while (!failure_ && !done() && used < bytes.size()) {
    if (IsLessThanALastChunk(bytes.substr(used))) break;
    boost::beast::error_code error;
    const size_t n =
        parser_.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += n;
    const bool need_more = error == http::error::need_more;
    if (error && !need_more) {
      FailWith(error);
      break;
    }
    if (!header_checked_ && parser_.is_header_done()) CheckHeader();
    if (need_more || n == 0) break;
  }
  // What is never used up is a header or the line before a chunk that goes on for ever.
  if (!failure_ && !done() && bytes.size() - used > limits_.max_header_bytes) {
    FailWith(431, "a header line of the request is too long");
  }
  return used;
}

void RequestReader::FailWith(int status, std::string message) {
  if (!failure_) failure_ = Failure{status, std::move(message)};
}

void RequestReader::FailWith(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) {
    FailWith(431,
             fmt::format("the request's header is larger than {} bytes", limits_.max_header_bytes));
  } else if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    FailWith(413,
             fmt::format("the request's body is larger than {} bytes", limits_.max_body_bytes));
  } else if (error == http::error::bad_version) {
    FailWith(505, "only HTTP/1.0 and HTTP/1.1 are understood");
  } else {
    FailWith(400, "the request is not valid HTTP: " + error.message());
  }
}

void RequestReader::CheckHeader() {
  header_checked_ = true;
  const auto& message = parser_.get();
  is_http_1_0_ = message.version() == 10;
  // Before the body, so that fields of a chunked body's trailer never count as header fields.
  for (const auto& field : message) {
    if (request_.headers.size() == kMaxHeaderFields) {
      return FailWith(431, "the request has too many header fields");
    }
    request_.headers.Add(ToString(field.name_string()), ToString(field.value()));
  }
  request_.method = ToString(message.method_string());
  request_.target = ToString(message.target());
  keep_alive_ = !is_http_1_0_ && message.keep_alive();
  CheckFraming();
  CheckExpect();
  TakeTarget();
}

// RFC 9112, section 6: where two readers could see the end of a request in different places, one of
// them is being attacked.
void RequestReader::CheckFraming() {
  const HttpHeaders& headers = request_.headers;
  if (headers.Has("Transfer-Encoding")) {
    if (is_http_1_0_ || headers.Has("Content-Length") || headers.Count("Transfer-Encoding") > 1) {
      return FailWith(400, "the length of the request's body is ambiguous");
    }
    if (!EqualIgnoringCase(headers.Get("Transfer-Encoding"), "chunked")) {
      return FailWith(501, "the only Transfer-Encoding understood is chunked");
    }
  }
  if (headers.Count("Content-Length") > 1) {
    return FailWith(400, "the request has several Content-Length fields");
  }
  if (headers.Get("Content-Length").find_first_not_of("0123456789") != std::string_view::npos) {
    return FailWith(400, "the request's Content-Length is no number");  // "1, 1" would pass Beast
  }
  const int hosts = headers.Count("Host");
  if (hosts > 1 || (hosts == 0 && !is_http_1_0_)) {
    FailWith(400, "the request needs exactly one Host field");
  }
}

void RequestReader::CheckExpect() {
  if (is_http_1_0_ || !request_.headers.Has("Expect")) return;
  if (!EqualIgnoringCase(request_.headers.Get("Expect"), "100-continue")) {
    return FailWith(417, "the only expectation understood is 100-continue");
  }
  expects_continue_ = true;
}

void RequestReader::TakeTarget() {
  auto target = ParseHttpTarget(request_.target);
  if (!target || (target->path == "*" && request_.method != "OPTIONS")) {
    return FailWith(400, "the request's target is not a valid path");
  }
  request_.path = std::move(target->path);
  request_.segments = std::move(target->segments);
  request_.query = std::move(target->query);
  if (!target->authority.empty()) request_.headers.Set("Host", target->authority);
}

HttpRequest RequestReader::Take() {
  request_.body = std::move(parser_.get().body());
  return std::move(request_);
}

}  // namespace pioneer
