#include "net/http_server.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/worker_pool.h"

namespace pioneer {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Connections that are only told 503; beyond these, the door is shut without a word.
constexpr int kMaxRefusedConnections = 64;
constexpr auto kAcceptRetryDelay = std::chrono::milliseconds(100);

}  // namespace

class HttpServer::Impl : public ConnectionHost {
 public:
  Impl(HttpServerOptions options, HttpHandler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        accept_timer_(io_),
        pool_(options_.max_handler_threads) {}

  void Bind();
  void Start();
  bool Drain(int64_t deadline_ms);
  void Stop(int64_t deadline_ms);

  const std::vector<tcp::endpoint>& endpoints() const { return endpoints_; }
  int connection_count() const { return n_connections_.load(); }

  const HttpServerOptions& options() const override { return options_; }
  bool stopping() const override { return stopping_.load(); }
  void Dispatch(HttpRequest request, std::shared_ptr<Exchange> exchange) override;
  HttpResponse RenderError(int status, const std::string& message) override;
  bool ChargeBody(int64_t bytes) override;
  void Remove(Connection* connection) override;

 private:
  void RunIo();
  void Accept(tcp::acceptor& acceptor);
  void OnAccept(tcp::acceptor& acceptor, const boost::system::error_code& error,
                tcp::socket socket);
  void Admit(tcp::socket socket);
  void RunHandler(const HttpRequest& request, Exchange& exchange);
  bool CallHandler(const HttpRequest& request, Exchange& exchange);
  void CloseDoor();
  void AbortAll();

  const HttpServerOptions options_;
  const HttpHandler handler_;

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer accept_timer_;
  std::vector<tcp::acceptor> acceptors_;
  std::vector<tcp::endpoint> endpoints_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;  // I/O thread only
  int64_t body_bytes_ = 0;                                                    // I/O thread only
  std::atomic<int> n_connections_ = 0;
  std::atomic<bool> stopping_ = false;
  WorkerPool pool_;
  std::thread io_thread_;

  std::mutex stop_mutex_;
  bool stopped_ = false;
  std::mutex drained_mutex_;
  std::condition_variable drained_;
};

void HttpServer::Impl::Bind() {
  if (!acceptors_.empty()) return;
  acceptors_ = Listen(io_, options_.host, options_.port);
  for (tcp::acceptor& acceptor : acceptors_) endpoints_.push_back(acceptor.local_endpoint());
}

void HttpServer::Impl::Start() {
  Bind();
  for (tcp::acceptor& acceptor : acceptors_) Accept(acceptor);
  io_thread_ = std::thread([this] { RunIo(); });
}

void HttpServer::Impl::RunIo() {
  while (true) {
    try {
      io_.run();  // returns once Stop() has closed everything
      return;
    } catch (const std::exception& error) {
      spdlog::error("a connection failed: {}", error.what());  // out of memory, at worst
    }
  }
}

void HttpServer::Impl::Accept(tcp::acceptor& acceptor) {
  acceptor.async_accept(
      [this, &acceptor](const boost::system::error_code& error, tcp::socket socket) {
        OnAccept(acceptor, error, std::move(socket));
      });
}

void HttpServer::Impl::OnAccept(tcp::acceptor& acceptor, const boost::system::error_code& error,
                                tcp::socket socket) {
  if (stopping_ || !acceptor.is_open()) return;
  if (!error) {
    Admit(std::move(socket));
    return Accept(acceptor);
  }
  // Out of file descriptors: the next try would fail at once, and again. Wait a little.
  spdlog::warn("cannot accept a connection: {}", error.message());
  accept_timer_.expires_after(kAcceptRetryDelay);
  accept_timer_.async_wait([this, &acceptor](const boost::system::error_code&) {
    if (!stopping_) Accept(acceptor);
  });
}

void HttpServer::Impl::Admit(tcp::socket socket) {
  const int n = n_connections_.load();
  if (n >= options_.max_connections + kMaxRefusedConnections) return;
  auto connection = std::make_shared<Connection>(*this, std::move(socket));
  connections_.emplace(connection.get(), connection);
  ++n_connections_;
  if (n < options_.max_connections) {
    connection->Start();
  } else {
    connection->Refuse();
  }
}

void HttpServer::Impl::Remove(Connection* connection) {
  if (connections_.erase(connection) == 0) return;
  {
    std::lock_guard lock(drained_mutex_);
    --n_connections_;
  }
  drained_.notify_all();
}

bool HttpServer::Impl::ChargeBody(int64_t bytes) {
  body_bytes_ += bytes;
  return body_bytes_ <= static_cast<int64_t>(options_.max_total_body_bytes);
}

HttpResponse HttpServer::Impl::RenderError(int status, const std::string& message) {
  if (options_.render_error) {
    try {
      HttpResponse response = options_.render_error(status, message);
      CheckHttpHeaders(response.headers);
      return response;
    } catch (const std::exception& error) {
      spdlog::error("rendering error {} failed: {}", status, error.what());
    }
  }
  return PlainTextResponse(status, message);
}

void HttpServer::Impl::Dispatch(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  // std::function wants what it holds copyable.
  auto shared_request = std::make_shared<HttpRequest>(std::move(request));
  pool_.Submit([this, shared_request, exchange] {
    if (exchange->Claim()) RunHandler(*shared_request, *exchange);
  });
}

void HttpServer::Impl::RunHandler(const HttpRequest& request, Exchange& exchange) {
  const bool ok = exchange.disconnected() || CallHandler(request, exchange);
  if (!exchange.started() && !exchange.disconnected()) {
    if (ok) spdlog::error("{} {} was not answered by its handler", request.method, request.path);
    exchange.Send(RenderError(500, "the server failed to answer; its log says why"));
  }
  exchange.HandlerReturned(!ok);
}

// The last of the three places that catch; what reaches it is a defect or a failing disk.
bool HttpServer::Impl::CallHandler(const HttpRequest& request, Exchange& exchange) {
  try {
    handler_(request, exchange);
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled && exchange.disconnected()) return true;
    spdlog::error("{} {} failed: {}: {}", request.method, request.path, ErrorCodeName(error.code()),
                  error.what());
  } catch (const std::exception& error) {
    spdlog::error("{} {} failed: {}", request.method, request.path, error.what());
  }
  return false;
}

void HttpServer::Impl::CloseDoor() {
  // Before anything closes: whoever sees the door shut sees last answers that say so.
  for (const auto& [key, connection] : connections_) connection->ForbidKeepAlive();
  boost::system::error_code ignored;
  for (tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
  accept_timer_.cancel();
  const auto connections = connections_;  // CloseIfIdle() removes
  for (const auto& [key, connection] : connections) connection->CloseIfIdle();
}

void HttpServer::Impl::AbortAll() {
  const auto connections = connections_;
  for (const auto& [key, connection] : connections) connection->Abort();
}

bool HttpServer::Impl::Drain(int64_t deadline_ms) {
  stopping_ = true;
  if (!io_thread_.joinable()) return true;
  asio::post(io_, [this] { CloseDoor(); });
  std::unique_lock lock(drained_mutex_);
  return drained_.wait_for(lock, std::chrono::milliseconds(deadline_ms),
                           [this] { return n_connections_ == 0; });
}

void HttpServer::Impl::Stop(int64_t deadline_ms) {
  std::lock_guard stop_lock(stop_mutex_);
  if (stopped_) return;
  stopped_ = true;
  Drain(deadline_ms);
  if (io_thread_.joinable()) asio::post(io_, [this] { AbortAll(); });
  pool_.Stop();
  work_.reset();
  if (io_thread_.joinable()) io_thread_.join();
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() { Stop(0); }

void HttpServer::Bind() { impl_->Bind(); }

void HttpServer::Start() { impl_->Start(); }

int HttpServer::port() const {
  return impl_->endpoints().empty() ? 0 : impl_->endpoints().front().port();
}

std::vector<std::string> HttpServer::addresses() const {
  std::vector<std::string> out;
  for (const auto& endpoint : impl_->endpoints()) out.push_back(FormatEndpoint(endpoint));
  return out;
}

bool HttpServer::Drain(int64_t deadline_ms) { return impl_->Drain(deadline_ms); }

void HttpServer::Stop(int64_t deadline_ms) { impl_->Stop(deadline_ms); }

int HttpServer::connection_count() const { return impl_->connection_count(); }

}  // namespace pioneer
