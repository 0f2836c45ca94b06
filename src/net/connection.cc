#include "net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace pioneer {
namespace {

namespace asio = boost::asio;

constexpr size_t kMaxPipelinedBytes = size_t{64} << 10;
constexpr size_t kMaxLingerBytes = size_t{64} << 20;
constexpr int64_t kLingerMs = 2'000;
constexpr size_t kMaxGatheredBuffers = 16;

int64_t NowMs() { return Clock::Real().MonotonicNs() / 1'000'000; }

void SetOption(int fd, int level, int name, int value) {
  // Best effort: the connection works without it.
  setsockopt(fd, level, name, &value, sizeof value);
}

// Small pieces leave at once; a peer whose machine vanished is noticed.
void TuneSocket(asio::ip::tcp::socket& socket, int64_t write_timeout_ms) {
  const int fd = socket.native_handle();
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(write_timeout_ms));
}

}  // namespace

Connection::Connection(ConnectionHost& host, asio::ip::tcp::socket socket)
    : host_(host),
      socket_(std::move(socket)),
      read_timer_(socket_.get_executor()),
      write_timer_(socket_.get_executor()) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  TuneSocket(socket_, host_.options().write_timeout_ms);
}

void Connection::Start() {
  NextRequest();
  // A new connection has shown nothing yet: it gets the shorter of the two times.
  if (state_ == State::kRequest) ArmReadTimer(host_.options().header_timeout_ms);
  Read();
}

void Connection::Refuse() {
  AnswerError(503, "the server has too many connections; try again later");
  Read();
}

void Connection::ForbidKeepAlive() {
  if (exchange_) exchange_->ForbidKeepAlive();
}

void Connection::CloseIfIdle() {
  if (state_ == State::kRequest) Abort();
}

void Connection::Abort() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  state_ = State::kClosed;
  read_timer_.cancel();
  write_timer_.cancel();
  ErrorCodeType ignored;
  socket_.close(ignored);
  ReleaseBody();
  if (exchange_) std::exchange(exchange_, nullptr)->Disconnect();
  host_.Remove(this);
}

void Connection::Read() {
  if (state_ == State::kClosed || input_ended_) return;
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const ErrorCodeType& error, size_t n) {
                            self->OnRead(error, n);
                          });
}

void Connection::OnRead(const ErrorCodeType& error, size_t n_bytes) {
  if (state_ == State::kClosed) return;
  if (error) return OnEndOfInput(error);
  if (state_ == State::kLinger) {
    lingered_bytes_ += n_bytes;
    if (lingered_bytes_ > kMaxLingerBytes) return Abort();
  } else if (!close_after_output_) {
    input_.append(chunk_.data(), n_bytes);
    if (state_ == State::kRequest) {
      Parse();
    } else if (input_.size() > kMaxPipelinedBytes) {
      return Abort();
    }
  }
  Read();
}

void Connection::OnEndOfInput(const ErrorCodeType& error) {
  input_ended_ = true;
  // A client that has asked, closed its sending side and only waits for the rest of a finished
  // answer still gets it.
  const bool answer_on_its_way = close_after_output_ || (exchange_ && exchange_->ended());
  if (error != asio::error::eof || state_ == State::kLinger || !answer_on_its_way) Abort();
}

void Connection::NextRequest() {
  if (input_ended_ || host_.stopping()) return Abort();
  state_ = State::kRequest;
  header_seen_ = false;
  header_timer_armed_ = false;
  reader_.emplace(
      RequestReader::Limits{host_.options().max_header_bytes, host_.options().max_body_bytes});
  ArmReadTimer(host_.options().keep_alive_timeout_ms);
  if (!input_.empty()) Parse();
}

void Connection::Parse() {
  if (!header_timer_armed_) {
    header_timer_armed_ = true;
    ArmReadTimer(host_.options().header_timeout_ms);
  }
  input_.erase(0, reader_->Feed(input_));
  if (reader_->failure()) {
    return AnswerError(reader_->failure()->status, reader_->failure()->message);
  }
  if (!reader_->header_done()) return;
  if (!header_seen_) OnHeaderDone();
  if (!ChargeBody()) {
    return AnswerError(503, "the server holds too many large requests; try again later");
  }
  if (reader_->done()) return Handle();
  const HttpServerOptions& options = host_.options();
  const int64_t allowed_ms =
      options.body_timeout_ms + static_cast<int64_t>(reader_->body_bytes()) * 1000 /
                                    static_cast<int64_t>(options.min_body_bytes_per_second);
  ArmReadTimer(std::max<int64_t>(body_start_ms_ + allowed_ms - NowMs(), 0));
}

void Connection::OnHeaderDone() {
  header_seen_ = true;
  body_start_ms_ = NowMs();
  if (reader_->expects_continue() && !reader_->done() && reader_->body_bytes() == 0) {
    output_.push_back("HTTP/1.1 100 Continue\r\n\r\n");
    PumpOutput();
  }
}

bool Connection::ChargeBody() {
  const int64_t grown = static_cast<int64_t>(reader_->body_bytes()) - charged_bytes_;
  if (grown <= 0) return true;
  charged_bytes_ += grown;
  return host_.ChargeBody(grown);
}

void Connection::ReleaseBody() { host_.ChargeBody(-std::exchange(charged_bytes_, 0)); }

void Connection::Handle() {
  state_ = State::kHandling;
  HttpRequest request = reader_->Take();
  ErrorCodeType ignored;
  const auto remote = socket_.remote_endpoint(ignored);
  request.remote_address = remote.address().to_string();
  Exchange::Settings settings;
  settings.is_head = request.method == "HEAD";
  settings.is_http_1_0 = reader_->is_http_1_0();
  settings.keep_alive = reader_->keep_alive() && !host_.stopping();
  settings.max_send_buffer_bytes = host_.options().max_send_buffer_bytes;
  exchange_ = std::make_shared<Exchange>(settings, [self = shared_from_this()] {
    asio::post(self->socket_.get_executor(), [self] { self->PumpOutput(); });
  });
  ArmReadTimer(host_.options().queue_timeout_ms);
  host_.Dispatch(std::move(request), exchange_);
}

void Connection::PumpOutput() {
  if (state_ == State::kClosed || writing_) return;
  if (output_.empty() && exchange_) exchange_->TakeOutput(output_);
  if (!output_.empty()) return WriteSome();
  if (exchange_ && exchange_->finished()) return OnAnswered();
  if (close_after_output_ && state_ != State::kLinger) Linger();
}

void Connection::WriteSome() {
  writing_ = true;
  std::vector<asio::const_buffer> buffers;
  size_t offset = output_offset_;
  for (const std::string& piece : output_) {
    if (buffers.size() == kMaxGatheredBuffers) break;
    buffers.emplace_back(piece.data() + offset, piece.size() - offset);
    offset = 0;
  }
  write_timer_.expires_after(std::chrono::milliseconds(host_.options().write_timeout_ms));
  write_timer_.async_wait(
      [self = shared_from_this(), round = ++write_timer_round_](const ErrorCodeType& error) {
        if (!error && round == self->write_timer_round_ && self->writing_) self->Abort();
      });
  socket_.async_write_some(buffers,
                           [self = shared_from_this()](const ErrorCodeType& error, size_t n) {
                             self->OnWritten(error, n);
                           });
}

void Connection::OnWritten(const ErrorCodeType& error, size_t n_bytes) {
  if (state_ == State::kClosed) return;
  writing_ = false;
  write_timer_.cancel();
  if (error) return Abort();
  if (exchange_) exchange_->Sent(n_bytes);
  while (n_bytes > 0) {
    const size_t rest = output_.front().size() - output_offset_;
    if (n_bytes < rest) {
      output_offset_ += n_bytes;
      break;
    }
    n_bytes -= rest;
    output_offset_ = 0;
    output_.pop_front();
  }
  PumpOutput();
}

void Connection::OnAnswered() {
  const bool reusable = exchange_->reusable();
  const bool cut = exchange_->cut();
  exchange_.reset();
  ReleaseBody();
  if (cut) return Abort();
  if (!reusable && host_.stopping() && input_.empty()) return Abort();  // nothing unread: no reset
  if (!reusable) return Linger();
  NextRequest();
}

// `message` is a copy: the reader that holds it ends here.
void Connection::AnswerError(int status, std::string message) {
  state_ = State::kHandling;
  reader_.reset();
  input_.clear();
  ReleaseBody();
  close_after_output_ = true;
  read_timer_.cancel();
  ++read_timer_round_;
  Exchange::Settings settings;
  settings.keep_alive = false;
  Exchange answer(settings, [] {});
  answer.Send(host_.RenderError(status, message));
  answer.TakeOutput(output_);
  PumpOutput();
}

void Connection::Linger() {
  state_ = State::kLinger;
  if (input_ended_) return Abort();
  ErrorCodeType ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  ArmReadTimer(kLingerMs);
}

void Connection::ArmReadTimer(int64_t timeout_ms) {
  read_timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  read_timer_.async_wait(
      [self = shared_from_this(), round = ++read_timer_round_](const ErrorCodeType& error) {
        if (!error && round == self->read_timer_round_) self->OnReadTimeout();
      });
}

void Connection::OnReadTimeout() {
  if (state_ == State::kHandling) {
    if (!exchange_ || !exchange_->Claim()) return;  // a worker has it
    std::exchange(exchange_, nullptr);
    return AnswerError(503, "the server is busy; try again later");
  }
  if (state_ == State::kRequest && header_timer_armed_) {
    return AnswerError(408, "the request did not arrive in time");
  }
  Abort();
}

}  // namespace pioneer
