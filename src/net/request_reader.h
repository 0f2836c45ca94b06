// Why: bytes become a request, apart from any socket, so that it can be tested and fuzzed alone.
// Boost.Beast parses; what RFC 9112 forbids and Beast lets pass is refused here.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace pioneer {

// One request. One thread.
class RequestReader {
 public:
  struct Limits {
    size_t max_header_bytes;
    size_t max_body_bytes;
  };
  // What is wrong with the request, as the answer to it. The connection cannot be used after it.
  struct Failure {
    int status;
    std::string message;
  };

  explicit RequestReader(const Limits& limits);

  // Reads from the front of `bytes` and returns how many it used; the caller gives the rest again,
  // with more behind it. Never reads beyond the end of the request.
  size_t Feed(std::string_view bytes);

  bool header_done() const { return header_checked_; }
  bool done() const { return !failure_ && header_checked_ && parser_.is_done(); }
  const std::optional<Failure>& failure() const { return failure_; }

  // The client waits for "100 Continue" before it sends the body (RFC 9110, section 10.1.1).
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  size_t body_bytes() const { return parser_.get().body().size(); }

  // Once done().
  HttpRequest Take();

 private:
  using Parser =
      boost::beast::http::parser<true, boost::beast::http::string_body, std::allocator<char>>;

  bool IsLessThanALastChunk(std::string_view rest) const;
  size_t Read(std::string_view bytes);
  void FailWith(int status, std::string message);
  void FailWith(const boost::beast::error_code& error);
  void CheckHeader();
  void CheckFraming();
  void CheckExpect();
  void TakeTarget();

  Limits limits_;
  Parser parser_;
  HttpRequest request_;
  std::optional<Failure> failure_;
  bool header_checked_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  bool is_http_1_0_ = false;
};

}  // namespace pioneer
