#include "serve/server.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/shared_use.h"
#include "net/http_server.h"
#include "serve/gate.h"
#include "serve/service.h"

namespace pioneer::serve {
namespace {

constexpr auto kPurgeInterval = std::chrono::seconds(30);
// For cancelled answers to tell their clients.
constexpr int64_t kLastWordsMs = 1'000;

// What the HTTP layer refuses by itself, in OpenAI's shape.
HttpResponse RenderHttpError(int status, const std::string& message) {
  const bool ours = status >= 500;
  const ApiError error(status, ours ? "server_error" : "invalid_request_error",
                       status == 404 ? "not_found" : "", "", message);
  HttpResponse response{status, {{"Content-Type", "application/json"}}, DumpJson(error.ToJson())};
  if (status == 503) response.headers.Add("Retry-After", "2");
  return response;
}

HttpServerOptions HttpOptions(const ServerOptions& options) {
  HttpServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.max_connections = options.max_connections;
  http.max_handler_threads = options.max_handler_threads;
  http.max_body_bytes = options.max_body_bytes;
  http.render_error = RenderHttpError;
  return http;
}

fs::path DataFolder(const ServerOptions& options) {
  fs::path folder = options.data_folder.empty() ? PioneerHome() : options.data_folder;
  fs::create_directories(folder);
  return folder;
}

ServerOptions WithFolders(ServerOptions options) {
  options.data_folder = DataFolder(options);
  if (options.runs_folder.empty()) options.runs_folder = options.data_folder / "runs";
  return options;
}

fs::path DatabasePath(const ServerOptions& options) { return DataFolder(options) / "pioneer.db"; }

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, GeneratorList generators, std::shared_ptr<ChatStore> chats,
       std::shared_ptr<KeyStore> keys)
      : service_(
            WithFolders(options), std::move(generators),
            chats ? std::move(chats) : OpenSqliteChatStore(DatabasePath(options), *options.clock),
            keys ? std::move(keys) : OpenSqliteKeyStore(DatabasePath(options), *options.clock)),
        gate_(service_.options, service_.keys),
        router_(RenderHttpError),
        http_(HttpOptions(options), [this](const HttpRequest& request, ResponseWriter& writer) {
          Handle(request, writer);
        }) {
    Routes routes(router_, service_);
    AddStatusRoutes(routes);
    openai::AddRoutes(routes);
    web::AddRoutes(routes);
    AddLabRoutes(routes);
    AddSearchRoutes(routes);
    AddPageRoutes(routes, service_.options.assets);
  }

  ~Impl() { Stop(0); }

  void Start() {
    http_.Bind();
    // Answers that are being written while another service has this folder are that one's.
    use_.emplace(DataFolder(service_.options) / "services.lock");
    if (use_->alone()) {
      const int interrupted = service_.chats->MarkInterruptedMessages();
      if (interrupted > 0) spdlog::info("{} answers were cut off by the last exit", interrupted);
      use_->Share();
    }
    http_.Start();
    janitor_ = std::thread([this] { PurgeNowAndThen(); });
  }

  void Stop(int64_t deadline_ms) {
    service_.stopping = true;
    service_.models.Stop();  // requests that wait for a model are answered now
    if (!http_.Drain(deadline_ms)) service_.running_answers.CancelAll();
    http_.Stop(kLastWordsMs);
    const std::lock_guard join_lock(join_mutex_);
    {
      const std::lock_guard lock(janitor_mutex_);
      janitor_stops_ = true;
    }
    janitor_wakes_.notify_all();
    if (janitor_.joinable()) janitor_.join();
  }

  Service& service() { return service_; }
  HttpServer& http() { return http_; }

 private:
  // One of the three places that catch: whatever a handler throws becomes an answer.
  void Handle(const HttpRequest& request, ResponseWriter& inner) {
    ServeWriter writer(inner);
    try {
      if (gate_.Admit(request, writer)) router_.Route(request, writer);
    } catch (const std::exception& error) {
      Answer(error, request, writer);
    }
    service_.metrics.CountRequest(writer.route, writer.status());
    if (writer.disconnected()) service_.metrics.CountDisconnect();
  }

  void Answer(const std::exception& error, const HttpRequest& request, ServeWriter& writer) {
    const ApiError api_error = ToApiError(error);
    if (api_error.status == 500) {
      spdlog::error("{} {}: {}", request.method, writer.route, error.what());
    }
    if (!writer.started()) writer.SendError(api_error);
  }

  void PurgeNowAndThen() {
    std::unique_lock lock(janitor_mutex_);
    while (!janitor_stops_) {
      try {
        const int64_t now_ms = service_.options.clock->UnixMs();
        service_.chats->PurgeDeletedChats(now_ms - service_.options.restore_window_ms);
      } catch (const std::exception& error) {
        spdlog::error("removing deleted chats failed: {}", error.what());
      }
      janitor_wakes_.wait_for(lock, kPurgeInterval, [this] { return janitor_stops_; });
    }
  }

  Service service_;
  Gate gate_;
  Router router_;
  HttpServer http_;
  std::optional<SharedUse> use_;  // of the data folder
  std::mutex join_mutex_;
  std::mutex janitor_mutex_;
  std::condition_variable janitor_wakes_;
  bool janitor_stops_ = false;  // guarded by janitor_mutex_
  std::thread janitor_;
};

Server::Server(ServerOptions options, GeneratorList generators, std::shared_ptr<ChatStore> chats,
               std::shared_ptr<KeyStore> keys)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(generators), std::move(chats),
                                   std::move(keys))) {}
Server::~Server() = default;

void Server::Start() { impl_->Start(); }
int Server::port() const { return impl_->http().port(); }
std::vector<std::string> Server::addresses() const { return impl_->http().addresses(); }
void Server::SetModels(GeneratorList generators) {
  impl_->service().models.Set(std::move(generators));
}
void Server::ServeModels(std::vector<ServedModel> models, const ModelLimits& limits,
                         std::function<std::vector<ServedModel>()> discover) {
  impl_->service().models.Serve(std::move(models), limits, std::move(discover));
}
std::optional<ModelStatus> Server::AwaitDefaultModel(int64_t timeout_ms) {
  ModelRegistry& models = impl_->service().models;
  if (!models.WaitForDefault(timeout_ms)) return {};
  return models.Status("");
}
void Server::Stop() { Stop(impl_->service().options.shutdown_seconds * 1000); }
void Server::Stop(int64_t deadline_ms) { impl_->Stop(deadline_ms); }

}  // namespace pioneer::serve
