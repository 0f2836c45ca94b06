// Why: what the handlers of one server share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "lab/lab.h"
#include "net/router.h"
#include "serve/metrics.h"
#include "serve/model_registry.h"
#include "serve/running_answers.h"
#include "serve/serve_writer.h"
#include "serve/server.h"
#include "serve/web/active_chats.h"

namespace pioneer::serve {

// Every member is thread-safe or constant.
struct Service {
  Service(ServerOptions options, GeneratorList generators, std::shared_ptr<ChatStore> chats,
          std::shared_ptr<KeyStore> keys)
      : options(std::move(options)),
        models(std::move(generators), *this->options.clock),
        lab(this->options.runs_folder, this->options.program),
        chats(std::move(chats)),
        keys(std::move(keys)) {}

  int64_t NowNs() const { return options.clock->MonotonicNs(); }
  int64_t UnixSeconds() const { return options.clock->UnixMs() / 1000; }

  const ServerOptions options;
  ModelRegistry models;
  lab::Lab lab;
  const std::shared_ptr<ChatStore> chats;
  const std::shared_ptr<KeyStore> keys;
  Metrics metrics;
  web::ActiveChats active_chats;
  RunningAnswers running_answers;
  std::atomic<bool> stopping{false};
};

using ServeHandler = std::function<void(Service&, const HttpRequest&, ServeWriter&)>;

// Adds handlers to a router and remembers for each answer which pattern it came from.
class Routes {
 public:
  // Both must outlive the router's last request.
  Routes(Router& router, Service& service) : router_(router), service_(service) {}

  void Add(const std::string& method, const std::string& pattern, ServeHandler handler);

 private:
  Router& router_;
  Service& service_;
};

// Each room of the wire adds its own.
void AddStatusRoutes(Routes& routes);  // /health, /metrics
void AddLabRoutes(Routes& routes);
void AddSearchRoutes(Routes& routes);
void AddPageRoutes(Routes& routes, std::span<const Asset> assets);
namespace openai {
void AddRoutes(Routes& routes);
}
namespace web {
void AddRoutes(Routes& routes);
}

}  // namespace pioneer::serve
