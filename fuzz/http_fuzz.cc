// room: net
// Why: request bytes come from strangers, in pieces of any size. The first byte chooses the size of
// the pieces; reading must end in a request or a failure, whatever the pieces, and never stand
// still.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "net/request_reader.h"
#include "net/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  pioneer::RequestReader reader({.max_header_bytes = 4096, .max_body_bytes = 4096});
  std::string_view rest = bytes;
  size_t shown = 0;  // bytes at the front of `rest` that the reader has seen
  while (!reader.done() && !reader.failure() && shown < rest.size()) {
    shown = std::min(rest.size(), shown + piece);
    const size_t used = reader.Feed(rest.substr(0, shown));
    if (used > shown) std::abort();
    rest.remove_prefix(used);
    shown -= used;
  }
  if (reader.done() && !reader.failure()) {
    const pioneer::HttpRequest request = reader.Take();
    if (request.body.size() > 4096) std::abort();
  }

  pioneer::SseParser parser(4096);
  try {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      parser.Push(bytes.substr(at, piece), [](const pioneer::SseEvent&) {});
    }
  } catch (const pioneer::Error&) {
  }
  return 0;
}
