// Why: `pioneer serve`: the service, from start to an orderly stop.
#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/model_option.h"
#include "serve/server.h"

namespace pioneer {
namespace {

struct ServeOptions {
  std::vector<std::string> models;
  serve::ServerOptions server;
  EngineFlags engine;
  std::string address_file;
};

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

void Serve(ServeOptions& options) {
  StopSignals signals;
  fmt::print("Pioneer {}\n", PIONEER_VERSION);
  WarnIfOpen(options);
  options.server.data_folder = PioneerHome();
  options.server.assets = serve::EmbeddedAssets();
  // The port is taken before the models load, so that a port in use is told at once.
  serve::Server server(options.server, {});
  server.Start();

  const auto threads = std::make_shared<ThreadPool>(options.engine.threads);
  std::vector<std::shared_ptr<Generator>> generators;
  if (options.models.empty()) options.models.push_back(kBuiltInModel);
  for (const std::string& model : options.models) {
    const Stopwatch stopwatch;
    generators.push_back(OpenGenerator(model, options.engine, threads));
    const GeneratorInfo info = generators.back()->info();
    fmt::print("  model {} ({}), loaded in {:.2f} s\n", info.id, info.description,
               stopwatch.Seconds());
  }
  server.SetModels(generators);
  PrintAddresses(options, server);

  signals.Wait();
  fmt::print("Stopping: running answers have {} s to end.\n", options.server.shutdown_seconds);
  std::fflush(stdout);
  signals.Unblock();
  server.Stop();
}

}  // namespace

void AddServeCommand(CLI::App& root) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = AddCommand(root, "serve", "Start the service: web page and APIs",
                                 "pioneer serve --model pioneer-mini --port 8080");
  command->add_option(
      "--model", options->models,
      "A model's name or GGUF file; may be given several times, the first is the default");
  command->add_option("--host", options->server.host, "The address to listen on")
      ->capture_default_str();
  command->add_option("--port", options->server.port, "The port; 0 = any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_flag("--require-keys", options->server.require_keys,
                    "Ask for an API key (pioneer keys create NAME)");
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
  command->callback([options] { Serve(*options); });
}

}  // namespace pioneer
