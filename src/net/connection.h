// Why: the life of one client's connection, on the I/O thread: read a request, hand it to a
// handler, send the answer, again.
//
// One read is pending at all times, while a handler runs too: that is how a client that leaves is
// noticed when there is nothing to write.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "net/exchange.h"
#include "net/http_server.h"
#include "net/request_reader.h"

namespace pioneer {

class Connection;

// What a connection needs of its server. Called on the I/O thread.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const HttpServerOptions& options() const = 0;
  virtual bool stopping() const = 0;
  // Hands the request to a worker thread.
  virtual void Dispatch(HttpRequest request, std::shared_ptr<Exchange> exchange) = 0;
  virtual HttpResponse RenderError(int status, const std::string& message) = 0;
  // Counts `bytes` (negative: gives back) of request bodies; false when the limit is reached.
  virtual bool ChargeBody(int64_t bytes) = 0;
  virtual void Remove(Connection* connection) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionHost& host, boost::asio::ip::tcp::socket socket);

  void Start();
  // Answers 503 whatever the client asks, and closes.
  void Refuse();
  // The answer under way, if any, is the last one.
  void ForbidKeepAlive();
  void CloseIfIdle();
  void Abort();

 private:
  enum class State { kRequest, kHandling, kLinger, kClosed };
  using ErrorCodeType = boost::system::error_code;

  void Read();
  void OnRead(const ErrorCodeType& error, size_t n_bytes);
  void OnEndOfInput(const ErrorCodeType& error);
  void NextRequest();
  void Parse();
  void OnHeaderDone();
  bool ChargeBody();
  void ReleaseBody();
  void Handle();
  void PumpOutput();
  void WriteSome();
  void OnWritten(const ErrorCodeType& error, size_t n_bytes);
  void OnAnswered();
  // Answers without a handler, and closes.
  void AnswerError(int status, std::string message);
  // Lets the client read the answer before the connection is reset by what it still sends.
  void Linger();
  void ArmReadTimer(int64_t timeout_ms);
  void OnReadTimeout();

  ConnectionHost& host_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer read_timer_;
  boost::asio::steady_timer write_timer_;
  uint64_t read_timer_round_ = 0;
  uint64_t write_timer_round_ = 0;

  State state_ = State::kRequest;
  std::array<char, 16384> chunk_;
  std::string input_;  // read and not parsed yet
  std::optional<RequestReader> reader_;
  bool header_seen_ = false;
  bool header_timer_armed_ = false;
  int64_t body_start_ms_ = 0;
  int64_t charged_bytes_ = 0;
  size_t lingered_bytes_ = 0;

  std::shared_ptr<Exchange> exchange_;
  std::deque<std::string> output_;
  size_t output_offset_ = 0;  // of output_.front(), sent already
  bool writing_ = false;
  bool input_ended_ = false;
  bool close_after_output_ = false;
};

}  // namespace pioneer
