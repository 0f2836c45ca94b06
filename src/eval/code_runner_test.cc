#include "eval/code_runner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/error.h"

namespace pioneer::eval {
namespace {

class CodeRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      runner_.emplace();
      runner_->RunPython("");
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  // The program prints what it got; "" when it failed.
  std::string Say(const std::string& expression) {
    const CodeResult result = runner_->RunPython("print(" + expression + ")");
    return result.passed ? result.output : "";
  }
  // That these statements fail, and not the sandbox.
  void ExpectForbidden(const std::string& statements, const std::string& why = "not permitted") {
    const CodeResult result = runner_->RunPython(statements);
    EXPECT_FALSE(result.passed) << statements;
    EXPECT_NE(result.output.find(why), std::string::npos) << statements << "\n" << result.output;
  }

  std::optional<CodeRunner> runner_;
};

TEST_F(CodeRunnerTest, RunsWhatIsRight) {
  EXPECT_EQ(Say("sum(range(10))"), "45\n");
  EXPECT_EQ(Say("'한글'"), "한글\n");
  const CodeResult result = runner_->RunPython(
      "import math, collections, itertools, re, heapq, functools, typing, string, hashlib\n"
      "from decimal import Decimal\nimport threading\n"
      "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
      "assert hashlib.md5(b'Hello world').hexdigest() == '3e25960a79dbc69b674cd4ec67a72c62'\n");
  EXPECT_TRUE(result.passed) << result.problem << result.output;
}

TEST_F(CodeRunnerTest, SaysWhatIsWrong) {
  CodeResult result = runner_->RunPython("assert 1 == 2, 'no'");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.problem, "ended with status 1");
  EXPECT_NE(result.output.find("AssertionError: no"), std::string::npos);
  result = runner_->RunPython("def f(:");
  EXPECT_NE(result.output.find("SyntaxError"), std::string::npos);
}

TEST_F(CodeRunnerTest, WhoLeavesEarlyHasNotPassed) {
  for (const char* program : {"exit(0)", "import os\nos._exit(0)",
                              "import os, sys\nos.write(3, b'0' * 32)\nsys.exit()"}) {
    const CodeResult result = runner_->RunPython(program);
    EXPECT_FALSE(result.passed) << program;
    EXPECT_EQ(result.problem, "ended before its end");
  }
}

TEST_F(CodeRunnerTest, TimeMemoryAndOutputAreLimited) {
  const CodeRunner small({.seconds = 1, .memory_bytes = 200 << 20, .output_bytes = 100});
  EXPECT_EQ(small.RunPython("while True: pass").problem, "took longer than 1 s");
  EXPECT_EQ(small.RunPython("import os, time\nos.close(1)\nos.close(2)\ntime.sleep(60)").problem,
            "took longer than 1 s");
  const CodeResult hungry = small.RunPython("x = bytearray(1 << 30)");
  EXPECT_NE(hungry.output.find("MemoryError"), std::string::npos);
  const CodeResult loud = small.RunPython("print('a' * 1000000)");
  EXPECT_TRUE(loud.passed);
  EXPECT_EQ(loud.output, std::string(100, 'a'));
}

TEST_F(CodeRunnerTest, NoNetworkNoProcessesNoSignals) {
  ExpectForbidden("import socket\nsocket.socket()");
  ExpectForbidden("import socket\nsocket.socketpair()");
  ExpectForbidden("import os\nos.fork()");
  ExpectForbidden("import subprocess\nsubprocess.run(['/bin/true'])", "Error");
  ExpectForbidden("import os\nos.kill(" + std::to_string(::getpid()) + ", 0)");
  ExpectForbidden("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)");
  ExpectForbidden("import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
                  "not allowed");
  ExpectForbidden("import fcntl\nfcntl.fcntl(0, fcntl.F_SETOWN, " + std::to_string(::getpid()) +
                  ")");
  ExpectForbidden(
      "import ctypes\nctypes.CDLL(None, use_errno=True).mount\n"
      "import os\nos.chroot('/')");
}

TEST_F(CodeRunnerTest, NothingIsWritten) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("code" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string path = (folder / "file").string();
  std::ofstream(path) << "kept";
  for (const std::string& statement :
       {"open('" + path + "', 'w')", "open('" + path + "', 'a')", "open('" + path + "2', 'x')",
        "os.remove('" + path + "')", "os.rename('" + path + "', '" + path + "3')",
        "os.mkdir('" + path + "4')", "os.truncate('" + path + "', 0)",
        "os.chmod('" + path + "', 0)", "os.symlink('a', '" + path + "5')",
        "os.open('" + path + "', os.O_RDONLY | os.O_TRUNC)"}) {
    ExpectForbidden("import os\n" + statement);
  }
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "kept");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  if (runner_->confines_reading()) {
    ExpectForbidden("open('" + path + "')", "Permission denied");
    ExpectForbidden("open('/etc/passwd')", "Permission denied");
  }
  std::filesystem::remove_all(folder);
}

TEST_F(CodeRunnerTest, HasNoEnvironment) {
  EXPECT_EQ(Say("dict(__import__('os').environ).keys() - {'LANG', 'PYTHONHASHSEED', 'LC_CTYPE'}"),
            "set()\n");
}

TEST_F(CodeRunnerTest, CanBeStopped) {
  CancelToken cancel;
  std::thread stopper([&] { cancel.Cancel(); });
  EXPECT_THROW(runner_->RunPython("while True: pass", cancel), Error);
  stopper.join();
}

}  // namespace
}  // namespace pioneer::eval
