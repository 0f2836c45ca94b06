// Why: tests of what PostgreSQL keeps ask a real server: one of their own in a temporary folder,
// with a socket there and no port, gone when the tests are.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace pioneer::search {

class PostgresTestServer {
 public:
  // Null where no PostgreSQL server is installed. Started by the first call.
  static PostgresTestServer* Get() {
    static const std::unique_ptr<PostgresTestServer> server = Make();
    return server.get();
  }

  ~PostgresTestServer() {
    Kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // The address of an empty database.
  std::string NewDatabase() {
    const std::string name = "test" + std::to_string(++n_databases_);
    pqxx::connection connection(Address("postgres"));
    pqxx::nontransaction(connection).exec("CREATE DATABASE " + name + " TEMPLATE template0");
    return Address(name);
  }

  // As a crash would end it: nothing is flushed or said.
  void Kill() {
    const std::lock_guard lock(mutex_);
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    server_ = 0;
  }

  // Returns when it answers.
  void Start() {
    const std::lock_guard lock(mutex_);
    server_ = Spawn({bin_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-c",
                     "listen_addresses=", "-c", "max_connections=40"});
    while (true) {
      try {
        const pqxx::connection connection(Address("postgres"));
        return;
      } catch (const pqxx::broken_connection&) {
        if (::waitpid(server_, nullptr, WNOHANG) != 0) {
          Fail(ErrorCode::kIo, "PostgreSQL does not start: {}", Log());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
  }

 private:
  struct Key {};

  static std::unique_ptr<PostgresTestServer> Make() {
    std::filesystem::path bin;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
      if (std::filesystem::exists(entry.path() / "bin/initdb")) bin = entry.path() / "bin";
    }
    if (bin.empty()) return nullptr;
    auto server = std::make_unique<PostgresTestServer>(Key(), bin);
    server->Initialize();
    server->Start();
    return server;
  }

 public:
  PostgresTestServer(Key, std::filesystem::path bin) : bin_(std::move(bin)) {
    std::string name = (std::filesystem::temp_directory_path() / "pioneer-pg-XXXXXX").string();
    if (!mkdtemp(name.data())) FailErrno("cannot make a folder for the test's server");
    folder_ = name;
  }

 private:
  void Initialize() {
    // The server refuses to be root.
    if (const passwd* user = ::getuid() == 0 ? ::getpwnam("postgres") : nullptr) {
      user_ = user->pw_uid;
      group_ = user->pw_gid;
      if (::chown(folder_.c_str(), user_, group_) != 0) FailErrno("cannot give the folder away");
    }
    int status = 0;
    const pid_t initdb =
        Spawn({bin_ / "initdb", "-D", folder_ / "data", "--auth=trust", "--no-sync",
               "--encoding=UTF8", "--locale=C", "--username=postgres"});
    ::waitpid(initdb, &status, 0);
    if (status != 0) Fail(ErrorCode::kIo, "initdb failed: {}", Log());
  }

  std::string Log() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Ends with this process.
  pid_t Spawn(const std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    const std::string log = folder_ / "log";
    const pid_t child = ::fork();
    if (child != 0) return child;
    const bool became = user_ == 0 || (::setgroups(0, nullptr) == 0 && ::setgid(group_) == 0 &&
                                       ::setuid(user_) == 0);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (!became || ::chdir(folder_.c_str()) != 0 || ::dup2(file, 1) < 0 || ::dup2(file, 2) < 0) {
      ::_exit(1);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(1);
  }

  // A password that nobody asks for: messages must not show it.
  std::string Address(const std::string& database) const {
    return "postgresql://postgres:not%20told@/" + database + "?host=" + folder_.string();
  }

  std::filesystem::path bin_, folder_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  std::mutex mutex_;
  pid_t server_ = 0;
  int n_databases_ = 0;
};

}  // namespace pioneer::search
