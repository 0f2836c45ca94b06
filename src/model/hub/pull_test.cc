// Why: downloading must survive everything that a network does; see TestHub for the other side.
#include "model/hub/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "model/hub/hub_cache.h"
#include "model/hub/test_hub.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRepository[] = "maker/tiny-GGUF";

std::string Content(size_t n, char seed) {
  std::string text(n, '\0');
  for (size_t i = 0; i < n; ++i) text[i] = static_cast<char>(seed + i * i % 251);
  return text;
}

class PullTest : public ::testing::Test {
 protected:
  PullTest() {
    hub.Add(kRepository, "README.md", "# Tiny", false);
    hub.Add(kRepository, "tiny-Q8_0.gguf", Content(300'000, 1), true);
    hub.Add(kRepository, "tiny-Q4_K_M.gguf", Content(200'000, 2), true);
    hub.Add(kRepository, "mmproj-tiny-F16.gguf", Content(1000, 3), true);
    options.client.settings = {hub.endpoint(), "", folder / "hub"};
    options.client.wait = [this](double seconds) { waits.push_back(seconds); };
  }

  PulledModel Pull(const std::string& name) {
    return PullModel(*ParseModelReference(name), options);
  }
  std::string ErrorOf(ErrorCode code, const std::string& name = kRepository) {
    try {
      Pull(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }
  fs::path Blobs() const { return folder / "hub/models--maker--tiny-GGUF/blobs"; }
  int CountSeen(const std::string& host) const {
    const auto seen = hub.seen();
    return static_cast<int>(
        std::count_if(seen.begin(), seen.end(), [&](const auto& s) { return s.host == host; }));
  }

  TemporaryFolder folder;
  TestHub hub;
  PullOptions options;
  std::vector<double> waits;
};

TEST_F(PullTest, TakesTheBestFileIntoTheCacheOfTheHub) {
  const PulledModel model = Pull(kRepository);
  EXPECT_EQ(model.id, "maker/tiny-GGUF:Q4_K_M");
  EXPECT_EQ(model.bytes, 200'000);
  EXPECT_FALSE(model.was_there);
  EXPECT_EQ(ReadFile(model.path), Content(200'000, 2));
  const fs::path repository = folder / "hub/models--maker--tiny-GGUF";
  EXPECT_EQ(model.path, repository / "snapshots" / TestHub::Commit() / "tiny-Q4_K_M.gguf");
  EXPECT_TRUE(fs::is_symlink(model.path));
  EXPECT_THAT(fs::read_symlink(model.path).string(), ::testing::StartsWith("../../blobs/"));
  EXPECT_EQ(ReadFile(repository / "refs/main"), TestHub::Commit());
  EXPECT_TRUE(Pull(kRepository).was_there);
  EXPECT_EQ(CountSeen("cdn"), 1);
}

TEST_F(PullTest, TakesTheTypeOrFileThatIsAskedFor) {
  EXPECT_EQ(Pull("maker/tiny-GGUF:q8_0").id, "maker/tiny-GGUF:Q8_0");
  EXPECT_EQ(Pull("hf.co/maker/tiny-GGUF:tiny-Q8_0.gguf").id, "maker/tiny-GGUF:Q8_0");
  EXPECT_THAT(ErrorOf(ErrorCode::kNotFound, "maker/tiny-GGUF:Q2_K"),
              HasSubstr("no \"Q2_K\"; it has: Q4_K_M, Q8_0"));
}

TEST_F(PullTest, TakesAllPartsOfASplitModel) {
  hub.Add("maker/big", "q8/big-Q8_0-00001-of-00002.gguf", Content(5000, 1), true);
  hub.Add("maker/big", "q8/big-Q8_0-00002-of-00002.gguf", Content(4000, 2), true);
  std::vector<int64_t> done;
  options.on_progress = [&](const PullProgress& progress) {
    EXPECT_EQ(progress.n_files, 2);
    EXPECT_EQ(progress.bytes_total, 9000);
    done.push_back(progress.bytes_done);
  };
  const PulledModel model = Pull("maker/big");
  EXPECT_EQ(model.path.filename(), "big-Q8_0-00001-of-00002.gguf");
  EXPECT_EQ(ReadFile(model.path.parent_path() / "big-Q8_0-00002-of-00002.gguf"), Content(4000, 2));
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 9000);
}

TEST_F(PullTest, TakesAFolderOfSafetensors) {
  hub.Add("maker/raw", "config.json", R"({"architectures":["LlamaForCausalLM"]})", false);
  hub.Add("maker/raw", "tokenizer.json", "{}", false);
  hub.Add("maker/raw", "original/model.safetensors", Content(100, 1), true);
  hub.Add("maker/raw", "model.safetensors", Content(3000, 1), true);
  hub.Add("maker/raw", "image.png", Content(100, 1), true);
  const PulledModel model = Pull("maker/raw");
  EXPECT_EQ(model.id, "maker/raw");
  EXPECT_TRUE(fs::exists(model.path / "config.json"));
  EXPECT_TRUE(fs::exists(model.path / "model.safetensors"));
  EXPECT_FALSE(fs::exists(model.path / "image.png"));
  EXPECT_FALSE(fs::exists(model.path / "original"));
}

TEST_F(PullTest, FetchesNoWeightsOfAnUnknownClass) {
  hub.Add("maker/odd", "config.json", R"({"architectures":["OddForCausalLM"]})", false);
  hub.Add("maker/odd", "model.safetensors", Content(3000, 1), true);
  EXPECT_THAT(ErrorOf(ErrorCode::kUnsupported, "maker/odd"), HasSubstr("OddForCausalLM"));
  EXPECT_EQ(CountSeen("cdn"), 0);
}

TEST_F(PullTest, GoesOnWhereItWasCut) {
  hub.cuts = 2;
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
  std::vector<std::string> ranges;
  for (const auto& seen : hub.seen()) {
    if (seen.host == "cdn") ranges.push_back(seen.range);
  }
  EXPECT_THAT(ranges, ElementsAre("", "bytes=100000-", "bytes=150000-"));
  EXPECT_THAT(waits, ElementsAre(1, 1));
}

TEST_F(PullTest, GoesOnAfterARestart) {
  hub.cuts = 100;
  options.client.max_attempts = 1;
  EXPECT_THAT(ErrorOf(ErrorCode::kIo), HasSubstr("goes on later from where it stopped"));
  EXPECT_THAT(waits, IsEmpty());
  hub.cuts = 0;
  int64_t first_done = -1;
  options.on_progress = [&](const PullProgress& progress) {
    if (first_done < 0) first_done = progress.bytes_done;
  };
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
  EXPECT_EQ(first_done, 100'000);
  EXPECT_EQ(hub.seen().back().range, "bytes=100000-");
}

TEST_F(PullTest, StartsOverWhereTheServerKnowsNoRanges) {
  hub.cuts = 1;
  hub.no_ranges = true;
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
}

TEST_F(PullTest, DeletesWhatHasTheWrongHash) {
  hub.wrong_bytes = true;
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile), HasSubstr("it was deleted"));
  EXPECT_TRUE(fs::is_empty(Blobs()));
  hub.wrong_bytes = false;
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
}

TEST_F(PullTest, DoesNotBelieveBytesThatAnotherLeft) {
  hub.cuts = 1;
  options.client.max_attempts = 1;
  ErrorOf(ErrorCode::kIo);
  const fs::path incomplete = fs::directory_iterator(Blobs())->path();
  EXPECT_EQ(incomplete.extension(), ".incomplete");
  WriteFileAtomically(incomplete, Content(100'000, 9));
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile), HasSubstr("not what the server promised"));
  WriteFileAtomically(incomplete, Content(300'000, 9));  // longer than the file: starts over
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
}

TEST_F(PullTest, WaitsAsLongAsTheServerAsks) {
  hub.busy = 2;
  Pull(kRepository);
  EXPECT_THAT(waits, ElementsAre(7, 7));
}

TEST_F(PullTest, GivesUpInTime) {
  hub.busy = 1000;
  EXPECT_THAT(ErrorOf(ErrorCode::kIo), HasSubstr("429"));
  EXPECT_THAT(waits, ElementsAre(7, 7, 7, 7, 7));
  waits.clear();
  hub.retry_after = "86400";
  EXPECT_THAT(ErrorOf(ErrorCode::kIo), HasSubstr("429"));
  EXPECT_THAT(waits, IsEmpty());
}

TEST_F(PullTest, TheTokenGoesToTheHubOnly) {
  hub.required_token = "hf_secret";
  EXPECT_THAT(ErrorOf(ErrorCode::kUnauthorized), HasSubstr("HF_TOKEN"));
  options.client.settings.token = "hf_secret";
  Pull(kRepository);
  ASSERT_EQ(CountSeen("cdn"), 1);
  for (const auto& seen : hub.seen()) {
    if (seen.host == "cdn") {
      EXPECT_EQ(seen.authorization, "");
    }
  }
}

TEST_F(PullTest, TellsHowToGetAccess) {
  hub.gated = true;
  EXPECT_THAT(ErrorOf(ErrorCode::kUnauthorized),
              HasSubstr("accepted its terms: open " + hub.endpoint() + "/maker/tiny-GGUF"));
  hub.gated = false;
  hub.required_token = "right";
  options.client.settings.token = "wrong";
  EXPECT_THAT(ErrorOf(ErrorCode::kUnauthorized), HasSubstr("with this token"));
}

TEST_F(PullTest, NamesSimilarModels) {
  EXPECT_THAT(ErrorOf(ErrorCode::kNotFound, "maker/tinny"), HasSubstr("no model maker/tinny"));
  EXPECT_THAT(ErrorOf(ErrorCode::kNotFound, "maker/tiny-GUF"),
              HasSubstr("similar names: maker/tiny-GGUF"));
}

TEST_F(PullTest, StopsWhenToldTo) {
  options.on_progress = [this](const PullProgress& progress) {
    if (progress.bytes_done > 0) options.client.cancel.Cancel();
  };
  ErrorOf(ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(folder / "hub/models--maker--tiny-GGUF/refs"));
}

TEST_F(PullTest, TwoAtOnceDoNotDisturbEachOther) {
  options.on_progress = [this](const PullProgress& progress) {
    if (progress.bytes_done == 0) {
      PullOptions second = options;
      second.on_progress = {};
      EXPECT_THROW(PullModel(*ParseModelReference(kRepository), second), Error);
    }
  };
  EXPECT_EQ(ReadFile(Pull(kRepository).path), Content(200'000, 2));
}

TEST_F(PullTest, RemovesFilesAndTheirBlobs) {
  const PulledModel small = Pull(kRepository);
  const PulledModel large = Pull("maker/tiny-GGUF:Q8_0");
  const auto repository = CachedRepository::FromFolder(folder / "hub/models--maker--tiny-GGUF");
  ASSERT_TRUE(repository);
  EXPECT_EQ(repository->Remove({small.path}), 200'000);
  EXPECT_FALSE(fs::exists(small.path));
  EXPECT_EQ(ReadFile(large.path), Content(300'000, 1));
  EXPECT_EQ(repository->Remove({large.path}), 300'000);
  EXPECT_FALSE(fs::exists(repository->folder()));
}

TEST(HubClient, RedirectsAndOrigins) {
  EXPECT_EQ(UrlOrigin("HTTPS://Example.org:443/a?b"), "https://example.org");
  EXPECT_EQ(UrlOrigin("http://[::1]:8080/x"), "http://[::1]:8080");
  for (const char* url : {"ftp://a/", "https://", "https://good@evil/", "/a", ""}) {
    EXPECT_EQ(UrlOrigin(url), "") << url;
  }
  EXPECT_EQ(ResolveRedirect("https://a/b", "/c"), "https://a/c");
  EXPECT_EQ(ResolveRedirect("https://a/b", "//c/d"), "https://c/d");
  EXPECT_EQ(ResolveRedirect("https://a/b", "http://c/d"), "http://c/d");
  for (const char* location : {"c", "", "file:///etc/passwd", "//u@c/"}) {
    EXPECT_EQ(ResolveRedirect("https://a/b", location), "") << location;
  }
}

TEST(HubCache, BelievesOnlySafePaths) {
  for (const char* path : {"a.gguf", "q8/a b.gguf", "a/b/c..d"}) {
    EXPECT_TRUE(IsSafeRepositoryPath(path)) << path;
  }
  for (const char* path : {"", "/a", "../a", "a/../../b", "a//b/.", "a\\b", "a\nb"}) {
    EXPECT_FALSE(IsSafeRepositoryPath(path)) << path;
  }
}

TEST(ModelReference, ReadsNames) {
  const auto reference = ParseModelReference("https://huggingface.co/Qwen/Qwen3-0.6B-GGUF:Q8_0");
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->id(), "Qwen/Qwen3-0.6B-GGUF");
  EXPECT_EQ(reference->variant, "Q8_0");
  for (const char* name : {"qwen", "a/b/c", "/b", "a/", "a/..", "a/b:", "../b", "a/b c", "-a/b"}) {
    EXPECT_FALSE(ParseModelReference(name)) << name;
  }
}

TEST(ModelReference, ReadsTheTypeInAFilesName) {
  for (const auto& [name, variant] : std::vector<std::pair<std::string, std::string>>{
           {"Qwen2.5-0.5B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
           {"qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf", "Q4_K_M"},
           {"mistral-7b-v0.2.Q5_0.gguf", "Q5_0"},
           {"gpt-oss-20b-mxfp4.gguf", "MXFP4"},
           {"gemma-3-4b-it-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"},
           {"model-IQ4_XS.gguf", "IQ4_XS"},
           {"model_bf16.gguf", "BF16"},
           {"pioneer-small.gguf", ""}}) {
    EXPECT_EQ(VariantOfFileName(name), variant) << name;
  }
  EXPECT_EQ(BestVariant({"BF16", "Q8_0", "Q4_0"}), 2u);
  EXPECT_EQ(BestVariant({"odd"}), 0u);
}

}  // namespace
}  // namespace pioneer
