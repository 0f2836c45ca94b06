// Requests in pieces of any size.
#include "net/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pioneer {
namespace {

constexpr std::string_view kHeader =
    "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

constexpr RequestReader::Limits kLimits{.max_header_bytes = 4096, .max_body_bytes = 4096};

// As a connection feeds it: `piece` bytes more each time, behind those that were not used.
void ReadInPieces(std::string_view bytes, size_t piece, RequestReader& reader) {
  size_t shown = 0;
  while (!reader.done() && !reader.failure() && shown < bytes.size()) {
    shown = std::min(bytes.size(), shown + piece);
    const size_t used = reader.Feed(bytes.substr(0, shown));
    bytes.remove_prefix(used);
    shown -= used;
  }
}

TEST(RequestReader, ChunksMayComeInPieces) {
  for (const auto& [body, text] : std::vector<std::pair<const char*, const char*>>{
           {"0\r\n\r\n", ""},
           {"1\r\na\r\n0\r\n\r\n", "a"},
           {"2;e=1\r\nde\r\n3\r\nfgh\r\n0\r\nTrailer: 1\r\n\r\n", "defgh"}}) {
    const std::string bytes = std::string(kHeader) + body;
    for (size_t piece = 1; piece <= bytes.size(); ++piece) {
      RequestReader reader(kLimits);
      ReadInPieces(bytes, piece, reader);
      ASSERT_TRUE(reader.done()) << body << " in pieces of " << piece;
      EXPECT_EQ(reader.Take().body, text);
    }
  }
}

TEST(RequestReader, BrokenChunksAreRefused) {
  for (const char* body :
       {"0\r\nabc\r\n2;e=1\r\nde\r\n0\r\nTr\xD0"
        "ailer://\r\n\r\n",
        "0\r\n\n\n\n\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n", "x\r\n\r\n\r\n\r\n", "0\rx\r\n\r\n\r\n"}) {
    const std::string bytes = std::string(kHeader) + body;
    for (size_t piece = 1; piece <= bytes.size(); ++piece) {
      RequestReader reader(kLimits);
      ReadInPieces(bytes, piece, reader);
      ASSERT_TRUE(reader.failure()) << body << " in pieces of " << piece;
      EXPECT_EQ(reader.failure()->status, 400);
    }
  }
}

}  // namespace
}  // namespace pioneer
