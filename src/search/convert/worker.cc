#include "search/convert/worker.h"

#include <libxml/parser.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unicode/uclean.h>
#include <unicode/ucnv.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "base/child_process.h"
#include "base/confinement.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "search/convert/charset.h"
#include "search/convert/converters.h"
#include "search/convert/wire.h"

namespace pioneer::search {
namespace {

struct ReceivedRequest {
  std::string bytes;
  Descriptor file, result;
};

// False at the end.
bool Receive(ReceivedRequest& request) {
  std::array<char, kMaxRequestBytes> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control = {};
  iovec piece = {buffer.data(), buffer.size()};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(kWorkerSocket, &message, 0);
  if (n <= 0) return false;
  request.bytes.assign(buffer.data(), static_cast<size_t>(n));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_len != CMSG_LEN(2 * sizeof(int))) return false;
  std::array<int, 2> descriptors;
  std::memcpy(descriptors.data(), CMSG_DATA(header), sizeof(descriptors));
  request.file = Descriptor(descriptors[0]);
  request.result = Descriptor(descriptors[1]);
  return true;
}

// A file mapped as long as it is converted. That it shrinks meanwhile ends this process, which is
// what processes of converters are for.
class Content {
 public:
  explicit Content(int fd) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0) FailErrno("cannot read it");
    size_ = static_cast<size_t>(status.st_size);
    if (size_ == 0) return;
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data_ == MAP_FAILED) FailErrno("cannot read it");
  }
  ~Content() {
    if (size_ > 0 && data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  std::string_view bytes() const {
    return size_ == 0 ? std::string_view() : std::string_view(static_cast<char*>(data_), size_);
  }

 private:
  void* data_ = MAP_FAILED;
  size_t size_ = 0;
};

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) FailErrno("its text cannot be handed on");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void Serve(const ReceivedRequest& received) {
  const ConvertRequest request = DecodeRequest(received.bytes);
  const Content content(received.file.get());
  const Converted converted =
      ConvertBytes(request.format, content.bytes(), {request.name, request.charset});
  WriteAll(received.result.get(), EncodeConverted(converted));
}

// The answer's bytes.
std::string Answer(const ReceivedRequest& received) {
  const auto failure = [](ErrorCode code, const char* message) {
    std::string answer(1, static_cast<char>(static_cast<int>(code) + 1));
    return answer.append(message).substr(0, kMaxReplyBytes);
  };
  try {
    Serve(received);
    return std::string(1, '\0');
  } catch (const Error& error) {
    // kIo would say that nothing can be converted.
    const bool io = error.code() == ErrorCode::kIo;
    return failure(io ? ErrorCode::kCorruptFile : error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return failure(ErrorCode::kUnsupported, "it needs more memory than a converter may use");
  } catch (const std::exception& error) {
    return failure(ErrorCode::kInternal, error.what());
  }
}

// What libraries open on their first use is opened before nothing can be opened any more.
void WarmUp() {
  xmlInitParser();
  UErrorCode status = U_ZERO_ERROR;
  u_init(&status);
  DecodeText("\xB0\xA1\xB3\xAA", "euc-kr");
}

}  // namespace

int RunConvertWorker() {
  WarmUp();
  {
    const Descriptor rules(MakeLandlockRules(FileReach::kNothing));
    if (!ConfineThisProcess(MakeSystemCallFilter(CallList::kComputing), rules.get())) {
      return kChildNotConfined;
    }
  }
  for (;;) {
    ReceivedRequest request;
    if (!Receive(request)) return 0;
    const std::string answer = Answer(request);
    if (::write(kWorkerSocket, answer.data(), answer.size()) < 0) return 0;
  }
}

}  // namespace pioneer::search
