#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "base/error.h"
#include "eval/search_eval.h"
#include "eval/test_folder.h"

namespace pioneer::eval {
namespace {

namespace fs = std::filesystem;

class PeerSearcherTest : public testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<Searcher> Start(const std::string& program, const CancelToken& cancel = {}) {
    std::ofstream(folder_.path() / "peer.sh") << program;
    return MakePeerSearcher("sh '" + (folder_.path() / "peer.sh").string() + "'", folder_.path(),
                            cancel);
  }
  std::string FailureOf(const std::string& program) {
    try {
      const auto peer = Start(program);
      peer->Search("x");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TestFolder folder_;
};

TEST_F(PeerSearcherTest, IsAskedLineByLine) {
  const auto peer = Start(
      "echo \"{\\\"name\\\": \\\"in $(basename $1)\\\"}\"\n"
      "while read -r question; do echo \"[$question, \\\"b\\\"]\"; done");
  EXPECT_EQ(peer->name(), "in " + folder_.path().filename().string());
  EXPECT_EQ(peer->Search("one"), (std::vector<std::string>{"one", "b"}));
  EXPECT_EQ(peer->Search("타워는 \"언제\"?"), (std::vector<std::string>{"타워는 \"언제\"?", "b"}));
}

TEST_F(PeerSearcherTest, WhatItDoesWrongIsTold) {
  EXPECT_NE(FailureOf("exit 3").find("ended with status 3"), std::string::npos);
  EXPECT_NE(FailureOf("echo '{\"name\": \"p\"}'").find("ended before it had answered"),
            std::string::npos);
  EXPECT_NE(FailureOf("echo hello").find("wrote hello"), std::string::npos);
  EXPECT_NE(FailureOf("echo '{\"name\": \"p\"}'; read -r q; echo '{}'").find("wrote {}"),
            std::string::npos);
  EXPECT_NE(FailureOf("head -c 3000000 /dev/zero | tr '\\0' x").find("over"), std::string::npos);
}

TEST_F(PeerSearcherTest, IsNotWaitedForOnceCancelled) {
  CancelToken cancel;
  const auto peer = Start("echo '{\"name\": \"p\"}'; exec sleep 1000", cancel);
  cancel.Cancel();
  EXPECT_THROW(peer->Search("x"), Error);
}

}  // namespace
}  // namespace pioneer::eval
