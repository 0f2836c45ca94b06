// Why: the HTTP/1.1 server of the program (RFC 9110, 9112). It knows nothing of models or JSON:
// requests come in whole, answers go out whole or as a stream.
//
// One I/O thread moves bytes; handlers run on worker threads and may block. While a handler runs
// the connection is still watched, so that a client that goes away is noticed at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"

namespace pioneer {

// The answer to one request. All functions are thread-safe and may be called until the handler
// returns. The body is left out where HTTP forbids it (HEAD, 204, 304), whatever the handler sends.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // The whole answer. Does not wait until the client has read it. Throws Error{kInternal} when an
  // answer was begun before, Error{kInvalidArgument} when a header holds a line break.
  virtual void Send(HttpResponse response) = 0;

  // Begins an answer of unknown length: chunked, sent piece by piece with Write(). With the header
  // "Connection: close" the connection ends after it. Throws like Send().
  virtual void StartStream(int status, HttpHeaders headers) = 0;
  // Waits while the send buffer is full. False when the client is gone, timed out or the server
  // stops; the data is then dropped and the handler should end.
  virtual bool Write(std::string_view data) = 0;
  // Ends the stream; the return of the handler does it too.
  virtual void End() = 0;

  // Calls `callback` once when the client goes away (or the server gives up on it) before the
  // answer is complete; immediately if that has happened. It runs on the server's I/O thread: it
  // must be short, must not block and must not call this object. It never runs after the handler
  // returned. A client that closes only its sending side counts as gone.
  virtual void OnDisconnect(std::function<void()> callback) = 0;
  virtual bool disconnected() const = 0;

  // Whether Send() or StartStream() was called.
  virtual bool started() const = 0;
};

// Runs on a worker thread. What it throws becomes a 500 (or a cut stream) and a line in the log. An
// answer that was never begun becomes a 500.
using HttpHandler = std::function<void(const HttpRequest&, ResponseWriter&)>;

// Makes the answer to a request that never reaches a handler or that a handler failed: 400, 408,
// 413, 431, 500, 501, 503, 505. `message` is for the user.
using HttpErrorRenderer = std::function<HttpResponse(int status, const std::string& message)>;

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // an address or a name; "localhost" listens on IPv4 and IPv6
  int port = 8080;                 // 0: any free port
  int max_connections = 256;       // more are answered 503
  int max_handler_threads = 128;   // requests beyond wait for queue_timeout_ms, then 503
  size_t max_header_bytes = size_t{64} << 10;        // 431
  size_t max_body_bytes = size_t{32} << 20;          // 413
  size_t max_total_body_bytes = size_t{256} << 20;   // of all requests together; 503
  size_t max_send_buffer_bytes = size_t{256} << 10;  // of one stream, before Write() waits
  int64_t header_timeout_ms = 15'000;                // from the first byte to the end of the header
  // A body may take this long and one more second for each min_body_bytes_per_second received.
  int64_t body_timeout_ms = 30'000;
  size_t min_body_bytes_per_second = size_t{16} << 10;
  int64_t keep_alive_timeout_ms = 60'000;  // between requests
  int64_t write_timeout_ms = 30'000;       // without the client taking a byte: counts as gone
  int64_t queue_timeout_ms = 10'000;       // waiting for a handler thread
  HttpErrorRenderer render_error = {};     // plain text when empty
};

class HttpServer {
 public:
  HttpServer(HttpServerOptions options, HttpHandler handler);
  ~HttpServer();  // Stop(0)
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the address without serving yet: clients wait until Start(). Throws Error{kIo} when the
  // address cannot be bound, with the way out.
  void Bind();
  // Binds, unless that was done, and begins to serve; returns at once. Throws what Bind() throws.
  void Start();

  // The port it is bound to, after Bind().
  int port() const;
  // "127.0.0.1:8080", "[::1]:8080": where it listens, after Bind().
  std::vector<std::string> addresses() const;

  // The first half of Stop(): stops accepting, closes idle connections and waits up to
  // `deadline_ms` for running handlers. True when all have ended. Not from a handler.
  bool Drain(int64_t deadline_ms);
  // Stops accepting and closes idle connections at once, waits up to `deadline_ms` for running
  // handlers, then disconnects them (OnDisconnect fires) and waits until they return. Thread-safe;
  // not from a handler. Later calls return when the first has ended.
  void Stop(int64_t deadline_ms);

  int connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer
