// Why: models that other programs fetched are found where those programs keep them.
#include "model/model_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/gguf.h"
#include "model/registry.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = ModelPlace::Kind;

class ModelPlacesTest : public ::testing::Test {
 protected:
  void Touch(const std::string& name, const std::string& content = "x") {
    fs::create_directories((folder / name).parent_path());
    WriteFileAtomically(folder / name, content);
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const FoundModel& model : FindModels(places)) ids.push_back(model.id);
    return ids;
  }

  TemporaryFolder folder;
  std::vector<ModelPlace> places = {{Kind::kFolder, folder / "own"},
                                    {Kind::kHubCache, folder / "hub"},
                                    {Kind::kOllama, folder / "ollama"},
                                    {Kind::kLmStudio, folder / "lmstudio"}};
};

TEST_F(ModelPlacesTest, OwnFolderHasFilesPartsAndFolders) {
  Touch("own/b-00001-of-00002.gguf");
  Touch("own/b-00002-of-00002.gguf");
  Touch("own/a.gguf");
  Touch("own/mmproj-a.gguf");
  Touch("own/published/config.json", "{}");
  Touch("own/published/model.safetensors");
  Touch("own/empty/config.json", "{}");
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "published"));
}

TEST_F(ModelPlacesTest, HuggingFacesCache) {
  const std::string old(40, '1'), current(40, '2');
  const std::string repository = "hub/models--maker--tiny-GGUF/";
  Touch(repository + "snapshots/" + old + "/tiny-Q8_0.gguf");
  Touch(repository + "snapshots/" + current + "/tiny-Q4_K_M.gguf");
  Touch(repository + "snapshots/" + current + "/q6/tiny-Q6_K-00001-of-00002.gguf");
  Touch(repository + "refs/main", current + "\n");
  Touch("hub/models--maker--raw/snapshots/" + current + "/config.json", "{}");
  Touch("hub/models--maker--raw/snapshots/" + current + "/model-1.safetensors");
  Touch("hub/datasets--maker--data/snapshots/" + current + "/a.gguf");
  Touch("hub/models--..--x/snapshots/" + current + "/a.gguf");
  EXPECT_THAT(Ids(), ElementsAre("maker/raw", "maker/tiny-GGUF:Q6_K", "maker/tiny-GGUF:Q4_K_M"));
  EXPECT_EQ(ResolveModel("maker/tiny-GGUF", places).id, "maker/tiny-GGUF:Q4_K_M");
  EXPECT_EQ(ResolveModel("tiny-Q6_K", places).id, "maker/tiny-GGUF:Q6_K");
  EXPECT_EQ(ResolveModel("MAKER/RAW", places).path.filename(), current);
}

TEST_F(ModelPlacesTest, OllamasManifests) {
  const std::string hash(64, 'c');
  const auto manifest = [&](const std::string& digest) {
    return R"({"layers":[{"mediaType":"application/vnd.ollama.image.template","digest":"sha256:)" +
           std::string(64, 'd') +
           R"("},{"mediaType":"application/vnd.ollama.image.model","digest":")" + digest + "\"}]}";
  };
  const std::string good = manifest("sha256:" + hash);
  Touch("ollama/blobs/sha256-" + hash);
  Touch("ollama/manifests/registry.ollama.ai/library/llama3.2/3b", good);
  Touch("ollama/manifests/registry.ollama.ai/library/llama3.2/latest", good);
  Touch("ollama/manifests/registry.ollama.ai/somebody/own/v1", good);
  Touch("ollama/manifests/hf.co/maker/tiny/Q4_0", good);
  Touch("ollama/manifests/registry.ollama.ai/library/bad/a", "no json");
  Touch("ollama/manifests/registry.ollama.ai/library/bad/b", manifest("sha256:../../../etc"));
  Touch("ollama/manifests/registry.ollama.ai/library/bad/c", R"({"layers":3})");
  Touch("ollama/manifests/registry.ollama.ai/library/gone/a",
        manifest("sha256:" + std::string(64, 'e')));
  EXPECT_THAT(Ids(), ElementsAre("hf.co/maker/tiny:Q4_0", "llama3.2:3b", "llama3.2:latest",
                                 "somebody/own:v1"));
  const FoundModel latest = ResolveModel("llama3.2", places);
  EXPECT_EQ(latest.id, "llama3.2:latest");
  EXPECT_EQ(latest.path, folder / "ollama/blobs" / ("sha256-" + hash));
  EXPECT_EQ(latest.place, Kind::kOllama);
}

TEST_F(ModelPlacesTest, LmStudiosFolder) {
  Touch("lmstudio/maker/tiny-GGUF/tiny-Q4_K_M.gguf");
  Touch("lmstudio/maker/tiny-GGUF/mmproj-tiny.gguf");
  EXPECT_THAT(Ids(), ElementsAre("maker/tiny-GGUF:Q4_K_M"));
}

TEST_F(ModelPlacesTest, ABrokenModelIsListedWithItsError) {
  Touch("lmstudio/maker/tiny/tiny-Q4_K_M.gguf");
  const auto models = ListModels(places);
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].id, "maker/tiny:Q4_K_M");
  EXPECT_THAT(models[0].error, HasSubstr("GGUF"));
}

TEST(ModelPlaces, FollowTheEnvironment) {
  const TemporaryFolder folder;
  const auto set = [](const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
  };
  set("PIONEER_HOME", folder / "home");
  set("HF_HUB_CACHE", "");
  set("HF_HOME", folder / "hf");
  set("OLLAMA_MODELS", folder / "ollama");
  const auto places = ModelPlaces({folder / "built-in"});
  EXPECT_EQ(places[0].folder, folder / "home/models");
  EXPECT_EQ(places[1].folder, folder / "built-in");
  EXPECT_EQ(places[2].folder, folder / "hf/hub");
  EXPECT_EQ(places[3].folder, folder / "ollama");
  set("HF_HUB_CACHE", folder / "cache");
  EXPECT_EQ(ModelPlaces({})[1].folder, folder / "cache");
  for (const char* name : {"PIONEER_HOME", "HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS"}) {
    ::unsetenv(name);
  }
}

}  // namespace
}  // namespace pioneer
