#include "search/rank/generator_embedder.h"

#include <gtest/gtest.h>

#include "engine/fake_generator.h"

namespace pioneer::search {
namespace {

TEST(GeneratorEmbedderTest, TellsWhatTheModelIsAndMakesItsVectors) {
  GeneratorEmbedder embedder(std::make_shared<FakeGenerator>(), "f");
  EXPECT_EQ(embedder.info().name, FakeGenerator::DefaultInfo().id);
  EXPECT_EQ(embedder.info().fingerprint, "f");
  EXPECT_EQ(embedder.info().dimensions, 8);  // a to h
  const auto vectors = embedder.Embed({"aaaa", "b"}, {});
  ASSERT_EQ(vectors.size(), 2u);
  EXPECT_NEAR(vectors[0][0], 1, 1e-6);
  EXPECT_NEAR(vectors[1][1], 1, 1e-6);
}

TEST(GeneratorEmbedderTest, LongTextsAreCutWhereTheModelEnds) {
  GeneratorInfo info = FakeGenerator::DefaultInfo();
  info.context_length = 16;
  GeneratorEmbedder embedder(std::make_shared<FakeGenerator>(info), "f");
  const auto vectors = embedder.Embed({std::string(12, 'a') + std::string(5000, 'b')}, {});
  EXPECT_GT(vectors.at(0).at(0), vectors.at(0).at(1));
}

TEST(GeneratorEmbedderTest, RefusesAModelWithoutVectors) {
  GeneratorInfo info = FakeGenerator::DefaultInfo();
  info.abilities.embed = false;
  EXPECT_THROW(GeneratorEmbedder(std::make_shared<FakeGenerator>(info), "f"), Error);
}

}  // namespace
}  // namespace pioneer::search
