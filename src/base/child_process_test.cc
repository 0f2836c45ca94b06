// Why: a child gets what it was given, no more, and ends when it should.
#include "base/child_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confinement.h"

namespace pioneer {
namespace {

std::string ReadAll(int fd) {
  ::lseek(fd, 0, SEEK_SET);
  std::string text(4096, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  text.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return text;
}

class ChildProcessTest : public ::testing::Test {
 protected:
  ChildProcessTest() {
    command_.arguments = {"/bin/sh", "-c", ""};
    command_.output = command_.error = output_.get();
    command_.limits.file_bytes = 4096;
  }
  int RunShell(const std::string& script) {
    command_.arguments[2] = script;
    return ChildProcess(command_).Reap(/*kill_first=*/false);
  }

  Descriptor output_ = MakeMemoryFile();
  ChildCommand command_;
};

TEST_F(ChildProcessTest, GetsWhatItWasGiven) {
  const Descriptor input = MakeMemoryFile("in"), extra = MakeMemoryFile("extra");
  command_.input = input.get();
  command_.extra = extra.get();
  command_.environment = {"NAME=value"};
  EXPECT_EQ(RunShell("cat; cat <&3; echo $NAME; ls /proc/self/fd | wc -l"), 0);
  EXPECT_EQ(ReadAll(output_.get()), "inextravalue\n5\n");  // 0..3 and the folder
}

TEST_F(ChildProcessTest, SaysHowItEnded) {
  EXPECT_EQ(DescribeChildStatus(RunShell("exit 3")), "ended with status 3");
  EXPECT_EQ(DescribeChildStatus(RunShell("kill -9 $$")), "was ended by signal 9");
  EXPECT_EQ(DescribeChildStatus(RunShell("")), "");
  command_.arguments = {"/no/such/program", "", ""};
  EXPECT_EQ(WEXITSTATUS(RunShell("")), kChildNotStarted);
}

TEST_F(ChildProcessTest, IsKilledWithItsOwner) {
  Descriptor pidfd;
  {
    command_.arguments[2] = "sleep 1000";
    const ChildProcess child(command_);
    pollfd event = {child.pidfd(), POLLIN, 0};
    EXPECT_EQ(::poll(&event, 1, 0), 0);
    pidfd = Descriptor(::dup(child.pidfd()));
  }
  pollfd event = {pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&event, 1, 0), 1);
}

TEST_F(ChildProcessTest, LimitsWhatItWrites) {
  EXPECT_NE(RunShell("head -c 100000 /dev/zero"), 0);
  EXPECT_LE(ReadAll(output_.get()).size(), 4096u);
}

TEST_F(ChildProcessTest, ConfinedItStartsNothing) {
  const auto filter = MakeSystemCallFilter(CallList::kProgram);
  command_.filter = &filter;
  EXPECT_EQ(RunShell("echo here"), 0);
  EXPECT_NE(RunShell("/bin/true | cat"), 0);
  EXPECT_NE(RunShell("echo x > /tmp/pioneer_must_not_be"), 0);
}

}  // namespace
}  // namespace pioneer
