// Why: embeddings and reranking over the wire, against the scripted model.
#include <cmath>

#include "serve/test_support.h"

namespace pioneer::serve::openai {
namespace {

class TextRoutesTest : public ServerTest {
 protected:
  void SetUp() override { StartServer(); }
};

TEST_F(TextRoutesTest, EmbedsTexts) {
  const Json answer = Client().Ask(200, "POST", "/v1/embeddings",
                                   R"({"input":["aab","h"],"encoding_format":"float"})");
  EXPECT_EQ(answer["object"], "list");
  EXPECT_EQ(answer["model"], "fake");
  ASSERT_EQ(answer["data"].size(), 2u);
  EXPECT_EQ(answer["data"][1]["object"], "embedding");
  EXPECT_EQ(answer["data"][1]["index"], 1);
  EXPECT_EQ(answer["data"][1]["embedding"][7], 1.0);
  EXPECT_NEAR(answer["data"][0]["embedding"][0].get<double>(), 2 / std::sqrt(5), 1e-6);
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 4);
  EXPECT_EQ(answer["usage"]["total_tokens"], 4);
}

TEST_F(TextRoutesTest, EmbedsTokensAndSingleTexts) {
  const Json text = Client().Ask(200, "POST", "/v1/embeddings", R"({"input":"aab"})");
  const Json tokens = Client().Ask(200, "POST", "/v1/embeddings", R"({"input":[97,97,98]})");
  ASSERT_EQ(text["data"].size(), 1u);
  EXPECT_EQ(text["data"][0]["embedding"], tokens["data"][0]["embedding"]);
}

TEST_F(TextRoutesTest, GivesBase64AndFewerDimensions) {
  const Json answer = Client().Ask(200, "POST", "/v1/embeddings",
                                   R"({"input":"aabh","encoding_format":"base64","dimensions":1})");
  EXPECT_EQ(answer["data"][0]["embedding"], "AACAPw==");  // 1.0f: of length 1 again
}

TEST_F(TextRoutesTest, RefusesWhatItCannotEmbed) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({})", "input"},
      {R"({"input":[]})", "input"},
      {R"({"input":"a","dimensions":9})", "dimensions"},
      {R"({"input":"a","dimensions":0})", "dimensions"},
      {R"({"input":"a","encoding_format":"int8"})", "encoding_format"},
      {R"({"input":["a",5]})", "input[1]"},
  };
  for (const auto& [body, param] : kCases) {
    const Json answer = Client().Ask(400, "POST", "/v1/embeddings", body);
    EXPECT_EQ(answer["error"]["param"], param) << body;
  }
  EXPECT_EQ(Client().Ask(400, "POST", "/v1/embeddings", R"({"input":[[300]]})")["error"]["type"],
            "invalid_request_error");
  const std::string long_text(5000, 'a');
  EXPECT_EQ(Client().Ask(400, "POST", "/v1/embeddings",
                         R"({"input":")" + long_text + "\"}")["error"]["code"],
            "context_length_exceeded");
}

TEST_F(TextRoutesTest, RanksDocuments) {
  const Json answer = Client().Ask(
      200, "POST", "/v1/rerank",
      R"({"query":"abcd","documents":["xx","abcd",{"text":"ab"},"dcba"],"top_n":3,"return_documents":true})");
  ASSERT_EQ(answer["results"].size(), 3u);
  EXPECT_EQ(answer["results"][0]["index"], 1);
  EXPECT_EQ(answer["results"][1]["index"], 3);  // as good, but later
  EXPECT_EQ(answer["results"][2]["index"], 2);
  EXPECT_EQ(answer["results"][2]["relevance_score"], 0.5);
  EXPECT_EQ(answer["results"][2]["document"]["text"], "ab");
  EXPECT_GT(answer["usage"]["total_tokens"], 0);
}

TEST_F(TextRoutesTest, RefusesWhatItCannotRank) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"documents":["a"]})", "query"},
      {R"({"query":"a"})", "documents"},
      {R"({"query":"a","documents":[]})", "documents"},
      {R"({"query":"a","documents":["a",{"body":"b"}]})", "documents[1].text"},
      {R"({"query":"a","documents":["a"],"top_n":0})", "top_n"},
  };
  for (const auto& [body, param] : kCases) {
    const Json answer = Client().Ask(400, "POST", "/v1/rerank", body);
    EXPECT_EQ(answer["error"]["param"], param) << body;
  }
}

}  // namespace
}  // namespace pioneer::serve::openai
