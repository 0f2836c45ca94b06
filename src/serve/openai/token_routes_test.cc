// Why: clients cut texts by what these endpoints say, and editors complete code with them.
#include "serve/openai/infill.h"
#include "serve/test_support.h"

namespace pioneer::serve::openai {
namespace {

class TokenRoutesTest : public ServerTest {
 protected:
  void SetUp() override { StartServer(); }
  Json Ask(int status, const char* path, const std::string& body) {
    return Client().Ask(status, "POST", path, body);
  }
};

TEST_F(TokenRoutesTest, TextToIdsAndBack) {
  for (const char* name : {"prompt", "text", "content"}) {
    const Json answer = Ask(200, "/v1/tokenize", R"({")" + std::string(name) + R"(":"ab"})");
    EXPECT_EQ(answer["tokens"], (std::vector<int>{'a', 'b'}));
    EXPECT_EQ(answer["count"], 2);
    EXPECT_EQ(answer["max_model_len"], generator->info().context_length);
  }
  const Json text = Ask(200, "/v1/detokenize", R"({"model":"fake","tokens":[104,105]})");
  EXPECT_EQ(text["prompt"], "hi");
  EXPECT_EQ(text["content"], "hi");
  EXPECT_EQ(Ask(200, "/v1/detokenize", R"({"tokens":[]})")["prompt"], "");
  EXPECT_EQ(Ask(200, "/v1/tokenize", R"({"prompt":""})")["count"], 0);
}

TEST_F(TokenRoutesTest, PiecesAreTextsOrBytes) {
  const Json answer = Ask(200, "/v1/tokenize", R"({"content":"a\u00e9","with_pieces":true})");
  EXPECT_EQ(answer["tokens"], ParseJson(R"([{"id":97,"piece":"a"},{"id":195,"piece":[195]},
                                            {"id":169,"piece":[169]}])"));
  EXPECT_EQ(answer["count"], 3);
  EXPECT_EQ(Ask(200, "/v1/tokenize", R"({"prompt":"","with_pieces":true})")["tokens"],
            Json::array());
}

TEST_F(TokenRoutesTest, WhatCannotBeDoneNamesTheField) {
  const auto param = [this](const char* path, const char* body) {
    return Ask(400, path, body)["error"]["param"].get<std::string>();
  };
  EXPECT_EQ(param("/v1/tokenize", "{}"), "prompt");
  EXPECT_EQ(param("/v1/tokenize", R"({"prompt":1})"), "prompt");
  EXPECT_EQ(param("/v1/tokenize", R"({"prompt":"a","text":"b"})"), "text");
  EXPECT_EQ(param("/v1/tokenize", R"({"messages":[]})"), "messages");
  EXPECT_EQ(param("/v1/tokenize", R"({"prompt":"a","return_token_strs":true})"),
            "return_token_strs");
  EXPECT_EQ(param("/v1/detokenize", "{}"), "tokens");
  EXPECT_EQ(param("/v1/detokenize", R"({"tokens":[1,"a"]})"), "tokens[1]");
  EXPECT_EQ(param("/v1/detokenize", R"({"tokens":[-1]})"), "tokens[0]");
  EXPECT_EQ(param("/v1/infill", R"({"prompt":"a"})"), "input_prefix");
  EXPECT_EQ(param("/v1/infill", R"({"input_prefix":"a","n":2})"), "n");
  EXPECT_EQ(param("/v1/infill", R"({"input_prefix":"a","input_extra":[{}]})"),
            "input_extra[0].text");
  EXPECT_EQ(Ask(404, "/v1/tokenize", R"({"model":"none","prompt":"a"})")["error"]["code"],
            "model_not_found");
}

TEST_F(TokenRoutesTest, FillsAHole) {
  generator->Add("a.h:int A;;int x = _;", {"4", "2"});
  const Json answer = Ask(200, "/v1/infill",
                          R"({"input_prefix":"int x","prompt":" = ","input_suffix":";",
                              "input_extra":[{"filename":"a.h","text":"int A;"}],"n_predict":2})");
  EXPECT_EQ(answer["content"], "42");
  EXPECT_EQ(answer["stop"], true);
  EXPECT_EQ(answer["stop_type"], "limit");
  EXPECT_EQ(answer["tokens_predicted"], 2);
  EXPECT_EQ(answer["model"], "fake");
}

TEST_F(TokenRoutesTest, StreamsAFilling) {
  generator->Add("x_y", {"4", "2"});
  const auto events = Client().Stream(
      "/v1/infill", R"({"input_prefix":"x","input_suffix":"y","stop":["2"],"stream":true})");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(ParseJson(events[0].data)["content"], "4");
  EXPECT_EQ(ParseJson(events[0].data)["stop"], false);
  EXPECT_EQ(ParseJson(events[1].data)["stop_type"], "word");
  EXPECT_EQ(ParseJson(events[1].data)["stopping_word"], "2");
}

TEST_F(TokenRoutesTest, ACompletionWithASuffixFillsAHole) {
  generator->Add("a_z", {"M"});
  const Json answer = Ask(200, "/v1/completions", R"({"prompt":["a","a"],"suffix":"z"})");
  ASSERT_EQ(answer["choices"].size(), 2u);
  EXPECT_EQ(answer["choices"][1]["text"], "M");
}

TEST(InfillPromptTokens, LeavesRoomForTheAnswer) {
  EXPECT_EQ(InfillPromptTokens(1000, 100), 900);
  EXPECT_EQ(InfillPromptTokens(1000, -1), 500);
  EXPECT_EQ(InfillPromptTokens(1000, 5000), 500);
}

}  // namespace
}  // namespace pioneer::serve::openai
