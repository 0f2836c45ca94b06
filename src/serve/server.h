// Why: the service as one object: HTTP, OpenAI's API, the page and its chats, keys, metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/generator.h"
#include "search/library.h"
#include "search/web_search.h"
#include "serve/assets.h"
#include "serve/served_model.h"
#include "store/chat_store.h"
#include "store/key_store.h"

namespace pioneer::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: any free port
  // Holds pioneer.db; "" = PioneerHome().
  std::filesystem::path data_folder;
  std::filesystem::path runs_folder;  // of the lab page; "" = `runs` in the data folder
  std::filesystem::path program = "/proc/self/exe";  // trains the lab's runs
  // Every path but /health, the page itself and /api/login then needs "Authorization: Bearer KEY",
  // or the login's cookie under /api/.
  bool require_keys = false;
  // Origins ("https://example.org", or "*") whose pages may use /v1/*. Others, but the service's
  // own, are refused.
  std::vector<std::string> allowed_origins;
  // Further names of this machine. When bound to a loopback address only loopback names and these
  // are accepted as Host, against DNS rebinding.
  std::vector<std::string> allowed_hosts;
  int64_t shutdown_seconds = 10;  // for running answers to end after Stop()
  size_t max_body_bytes = size_t{16} << 20;
  int max_connections = 512;
  int max_handler_threads = 256;          // running answers; more wait
  int64_t stream_keep_alive_ms = 15'000;  // between comments in a silent stream
  int64_t partial_save_ms = 1'000;        // between saves of an answer that grows
  int64_t restore_window_ms = 600'000;    // a deleted chat can be restored for so long
  double default_temperature = 0.7;       // of the page's chats
  double default_top_p = 0.95;
  int default_max_tokens = 1024;
  std::span<const Asset> assets = {};                  // the page: EmbeddedAssets()
  std::shared_ptr<search::Library> library = nullptr;  // null: nothing to search
  std::shared_ptr<search::WebSearch> web = nullptr;    // null: the library is all
  const Clock* clock = &Clock::Real();
};

// Start, Stop, SetModels and ServeModels may be called from any thread.
class Server {
 public:
  // The first generator is the default model; none means that they are still being loaded: /health
  // says so and requests are answered 503. The stores are opened in the data folder when null.
  // Throws what OpenSqliteChatStore() throws.
  Server(ServerOptions options, std::vector<std::shared_ptr<Generator>> generators,
         std::shared_ptr<ChatStore> chats = nullptr, std::shared_ptr<KeyStore> keys = nullptr);
  ~Server();  // Stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Answers that a crash cut off become "stopped"; binds and serves; returns at once. Throws
  // Error{kIo} when the address cannot be bound.
  void Start();
  int port() const;
  std::vector<std::string> addresses() const;  // "127.0.0.1:8080"

  void SetModels(std::vector<std::shared_ptr<Generator>> generators);
  // Models that are loaded when they are asked for, the first at once; see ModelRegistry::Serve.
  void ServeModels(std::vector<ServedModel> models, const ModelLimits& limits,
                   std::function<std::vector<ServedModel>()> discover = {});
  // Waits until the first is loaded or has failed; nullopt when that takes longer. Any thread.
  std::optional<ModelStatus> AwaitDefaultModel(int64_t timeout_ms);

  // No new requests; running answers have shutdown_seconds to end, then they are cancelled and what
  // they wrote is kept. Returns when all have ended.
  void Stop();
  void Stop(int64_t deadline_ms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer::serve
