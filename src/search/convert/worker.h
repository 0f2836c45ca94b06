// Why: files from strangers are read in a process that can do nothing but read them. This is that
// process's whole life; search/convert/converter.h is who starts it.
#pragma once

#include <cstddef>

namespace pioneer::search {

// Descriptor 3 of a converter's process: a socket that keeps messages apart. Each request is an
// EncodeRequest() with two descriptors: the file, and an empty one for the EncodeConverted(). Each
// answer is one byte (0 or 1 + an ErrorCode) and a message.
inline constexpr int kWorkerSocket = 3;
inline constexpr size_t kMaxRequestBytes = 16384;
inline constexpr size_t kMaxReplyBytes = 4096;

// Gives up all that is not needed for computing (base/confinement.h), then serves until the socket
// is closed. The process's exit status.
int RunConvertWorker();

}  // namespace pioneer::search
