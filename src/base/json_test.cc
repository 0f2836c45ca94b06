#include "base/json.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace pioneer {
namespace {

TEST(Json, ParsesAndKeepsOrderWhereAsked) {
  EXPECT_EQ(DumpJson(ParseJson(R"({"b": 1, "a": [true, null, "é"]})")),
            R"({"a":[true,null,"é"],"b":1})");
  EXPECT_EQ(DumpJson(ParseOrderedJson(R"({"b": 1, "a": 2})")), R"({"b":1,"a":2})");
}

TEST(Json, RefusesBadText) {
  for (const char* text : {"", "{", "[1,]", "nul", "\"\xFF\"", "1 2", "{'a': 1}", "1e999"}) {
    EXPECT_THROW(ParseJson(text), Error) << text;
  }
}

TEST(Json, LimitsNesting) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(ParseJson(nested(kMaxJsonDepth)));
  EXPECT_THROW(ParseJson(nested(kMaxJsonDepth + 1)), Error);
  EXPECT_THROW(ParseJson(std::string(1000000, '[')), Error);
}

TEST(Json, DumpRepairsInvalidUtf8) { EXPECT_EQ(DumpJson(Json("a\xFFz")), "\"a\uFFFDz\""); }

}  // namespace
}  // namespace pioneer
