// Why: `pioneer serve`: the service, from start to an orderly stop.
#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/library_option.h"
#include "cli/model_option.h"
#include "cli/serve_models.h"
#include "cli/web_search_option.h"
#include "serve/server.h"

namespace pioneer {
namespace {

struct ServeOptions {
  std::vector<std::string> models;
  serve::ServerOptions server;
  EngineFlags engine;
  std::string address_file, library, embedder;
  WebSearchFlags web;
  bool all_models = false;
  uint64_t memory_bytes = 0;
  int64_t unload_after_seconds = 600;
};

// How soon a signal is seen while the first model is being loaded.
constexpr int64_t kSignalPollMs = 50;

// Blocks the signals that stop the service in this and all later threads, so that Wait() gets them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void Wait() {
    int signal = 0;
    sigwait(&set_, &signal);
  }
  // Whether one has come.
  bool Came() {
    const timespec now = {};
    return sigtimedwait(&set_, nullptr, &now) > 0;
  }
  // A second Ctrl+C ends the program at once.
  void Unblock() { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

 private:
  sigset_t set_;
};

void PrintAddresses(const ServeOptions& options, const serve::Server& server) {
  for (const std::string& address : server.addresses()) fmt::print("  open  http://{}\n", address);
  fmt::print("  Ctrl+C stops the service.\n");
  std::fflush(stdout);
  if (options.address_file.empty()) return;
  WriteFileAtomically(options.address_file, fmt::format("http://{}", server.addresses().front()));
}

void WarnIfOpen(const ServeOptions& options) {
  const bool loopback = options.server.host.starts_with("127.") ||
                        options.server.host == "localhost" || options.server.host == "::1";
  if (loopback || options.server.require_keys) return;
  spdlog::warn("{} can be reached by other machines without a key: --require-keys asks for one",
               options.server.host);
}

// The first model is loaded now, the others when they are asked for. False when a signal came
// meanwhile; throws when the first cannot be loaded.
bool OfferModels(ServeOptions& options, serve::Server& server, StopSignals& signals,
                 const std::shared_ptr<ThreadPool>& threads) {
  const EngineFlags& flags = options.engine;
  const bool all = options.models.empty() || options.all_models;
  if (options.models.empty()) options.models.push_back(kBuiltInModel);
  serve::ModelLimits limits{.memory_bytes = static_cast<int64_t>(options.memory_bytes),
                            .unload_after_ms = options.unload_after_seconds * 1000};
  if (limits.memory_bytes == 0) limits.memory_bytes = UsableMemoryBytes() / 4 * 3;
  std::function<std::vector<serve::ServedModel>()> discover;
  EngineFlags plain = flags;
  plain.adapters.clear();
  plain.draft.clear();
  if (all) discover = [plain, threads] { return InstalledModels(plain, threads); };
  const Stopwatch stopwatch;
  server.ServeModels(NamedModels(options.models, flags, threads), limits, std::move(discover));
  for (;;) {
    if (signals.Came()) return false;
    const auto model = server.AwaitDefaultModel(kSignalPollMs);
    if (!model) continue;
    if (model->state != serve::ModelState::kLoaded) {
      Fail(ErrorCode::kIo, "{}", model->problem);
    }
    fmt::print("  model {} ({}), loaded in {:.2f} s\n", model->info.id, model->info.description,
               stopwatch.Seconds());
    return true;
  }
}

// A library that cannot be opened must not keep the models from those who use them.
std::shared_ptr<search::Library> OpenLibraryOrWarn(const std::string& place,
                                                   std::shared_ptr<search::Embedder> embedder) {
  try {
    return OpenNamedLibrary(place, std::move(embedder));
  } catch (const Error& error) {
    spdlog::error("there will be no search: {}", error.what());
    return nullptr;
  }
}

void Serve(ServeOptions& options) {
  StopSignals signals;
  fmt::print("Pioneer {}\n", PIONEER_VERSION);
  WarnIfOpen(options);
  options.server.data_folder = PioneerHome();
  options.server.assets = serve::EmbeddedAssets();
  const auto threads = std::make_shared<ThreadPool>(options.engine.threads);
  options.server.library =
      OpenLibraryOrWarn(options.library, OpenEmbedder(options.embedder, threads));
  options.server.web = OpenWebSearch(options.web);
  // The port is taken before the models load, so that a port in use is told at once.
  serve::Server server(options.server, {});
  server.Start();
  if (options.server.library) options.server.library->Start();

  if (OfferModels(options, server, signals, threads)) {
    PrintAddresses(options, server);
    signals.Wait();
  }
  fmt::print("Stopping: running answers have {} s to end.\n", options.server.shutdown_seconds);
  std::fflush(stdout);
  signals.Unblock();
  server.Stop();
  if (options.server.library) options.server.library->Stop();
}

}  // namespace

void AddServeCommand(CLI::App& root) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = AddCommand(root, "serve", "Start the service: web page and APIs",
                                 "pioneer serve --model pioneer-small --port 8080");
  command->add_option(
      "--model", options->models,
      "A model's name, GGUF file or folder; may be given several times, the first is the default "
      "and loaded at once");
  command->add_flag("--all-models", options->all_models,
                    "Offer every model on this machine too (without --model that is so anyway)");
  command
      ->add_option("--memory", options->memory_bytes,
                   "What all loaded models may take, as 12GiB; 0 = three quarters of the memory")
      ->transform(CLI::AsSizeValue(false));
  command
      ->add_option("--unload-after", options->unload_after_seconds,
                   "Unload a model (not the first) after so many seconds without a request; 0 = "
                   "never")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  command->add_option("--host", options->server.host, "The address to listen on")
      ->capture_default_str();
  command->add_option("--port", options->server.port, "The port; 0 = any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_flag("--require-keys", options->server.require_keys,
                    "Ask for an API key (pioneer keys create NAME)");
  AddLibraryOption(*command, options->library);
  AddEmbedderOption(*command, options->embedder);
  AddWebSearchOptions(*command, options->web);
  command->add_option("--runs", options->server.runs_folder,
                      "The folder of training runs that the lab page shows; default: runs in the "
                      "data folder");
  command->add_option("--allowed-origin", options->server.allowed_origins,
                      "A web origin whose pages may use the API; may be repeated");
  command->add_option("--allowed-host", options->server.allowed_hosts,
                      "A further name of this machine; may be repeated");
  command
      ->add_option("--shutdown-seconds", options->server.shutdown_seconds,
                   "How long running answers may take to end after SIGTERM")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  command->add_option("--address-file", options->address_file,
                      "Write the service's address into this file once it answers");
  AddEngineOptions(*command, options->engine);
  AddSharingOptions(*command, options->engine);
  command->get_option("--adapter")
      ->description(
          "A LoRA adapter for the first model, [NAME=]PATH[@SCALE], offered as a model of that "
          "name; may be repeated");
  command->callback([options] { Serve(*options); });
}

}  // namespace pioneer
