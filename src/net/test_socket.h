// Why: tests speak raw HTTP over loopback, byte by byte, without a client library's good manners.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace pioneer {

inline constexpr int kTestPatienceMs = 20'000;

class TestSocket {
 public:
  explicit TestSocket(int port, int receive_buffer_bytes = 0) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer_bytes > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      FailErrno("cannot connect to the test's server");
    }
  }
  ~TestSocket() { Close(); }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }
  void ShutdownSend() { shutdown(fd_, SHUT_WR); }

  // False once the server has closed.
  bool Send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // Everything until `end` was seen (that included) or the server closes.
  std::string ReadUntil(std::string_view end) {
    size_t found = 0;
    while ((found = received_.find(end)) == std::string::npos && ReadSome()) continue;
    const size_t n = found == std::string::npos ? received_.size() : found + end.size();
    std::string out = received_.substr(0, n);
    received_.erase(0, n);
    return out;
  }
  std::string ReadBytes(size_t n) {
    while (received_.size() < n && ReadSome()) continue;
    std::string out = received_.substr(0, n);
    received_.erase(0, out.size());
    return out;
  }
  std::string ReadAll() {
    while (ReadSome()) continue;
    return std::exchange(received_, {});
  }
  // One answer with Content-Length.
  std::string ReadResponse() {
    std::string out = ReadUntil("\r\n\r\n");
    const size_t field = out.find("Content-Length: ");
    if (field != std::string::npos) out += ReadBytes(std::stoul(out.substr(field + 16)));
    return out;
  }

 private:
  bool ReadSome() {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, kTestPatienceMs) <= 0) return false;
    char buffer[16384];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    received_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  int fd_ = -1;
  std::string received_;
};

// Something that one thread does and another waits for.
class TestEvent {
 public:
  void Set() {
    {
      std::lock_guard lock(mutex_);
      set_ = true;
    }
    changed_.notify_all();
  }
  // False when the test has lost its patience.
  bool Wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kTestPatienceMs),
                             [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace pioneer
