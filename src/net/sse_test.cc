// Why: events written and read again must be the same, however the bytes are cut.
#include "net/sse.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace pioneer {
namespace {

std::vector<SseEvent> Parse(std::string_view text, size_t piece) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (size_t i = 0; i < text.size(); i += piece) {
    parser.Push(text.substr(i, piece), [&](const SseEvent& event) { events.push_back(event); });
  }
  return events;
}

TEST(Sse, Format) {
  EXPECT_EQ(FormatSseData("{}"), "data: {}\n\n");
  EXPECT_EQ(FormatSseEvent("delta", "a\nb\r\nc\rd", "7"),
            "event: delta\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(FormatSseEvent("", ""), "data: \n\n");
  EXPECT_EQ(FormatSseComment("ping"), ": ping\n\n");
  EXPECT_THROW(FormatSseEvent("a\nb", ""), Error);
  EXPECT_THROW(FormatSseEvent("a", "", "1\r2"), Error);
}

TEST(Sse, RoundTripInPiecesOfAnySize) {
  const std::string data = "한\n\n  two\n:colon\n";
  const std::string text = "\xEF\xBB\xBF" + FormatSseComment("c") +
                           FormatSseEvent("delta", data, "1") + FormatSseData("[DONE]");
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    const auto events = Parse(text, piece);
    ASSERT_EQ(events.size(), 2u) << piece;
    EXPECT_EQ(events[0].event, "delta");
    EXPECT_EQ(events[0].data, data);
    EXPECT_EQ(events[1].event, "");
    EXPECT_EQ(events[1].data, "[DONE]");
    EXPECT_EQ(events[1].id, "1");
  }
}

TEST(Sse, EveryLineEndAndOddLines) {
  const auto events =
      Parse("data:a\r\ndata: b\rdata\nunknown: x\nretry: 3\n\r\nevent: only\n\ndata: cut", 3);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, "a\nb\n");
}

TEST(Sse, EventSizeIsLimited) {
  SseParser parser(100);
  const auto ignore = [](const SseEvent&) {};
  EXPECT_THROW(parser.Push(std::string(101, 'x'), ignore), Error);
  SseParser lines(100);
  EXPECT_THROW(
      {
        for (int i = 0; i < 50; ++i) lines.Push("data: 12345\n", ignore);
      },
      Error);
}

}  // namespace
}  // namespace pioneer
