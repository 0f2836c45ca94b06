#include "model/gguf_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/gguf.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

std::vector<float> Values(float first) { return {first, first + 1, first + 2, first + 3}; }

// Writes NAME-0000i-of-00003.gguf, each with one tensor of four floats.
class SplitModel {
 public:
  explicit SplitModel(const TemporaryFolder& folder) : folder_(folder) {
    for (int i = 0; i < 3; ++i) WritePart(i, 3, 3);
  }

  void WritePart(int number, uint32_t count, int32_t n_tensors, const std::string& tensor = "") {
    GgufWriter writer;
    if (number == 0) writer.SetString("general.architecture", "llama");
    writer.SetU32("split.no", static_cast<uint32_t>(number));
    writer.SetU32("split.count", count);
    writer.SetValue("split.tensors.count", int64_t{n_tensors});
    const std::vector<float> values = Values(static_cast<float>(10 * number));
    writer.AddTensor({tensor.empty() ? fmt::format("t{}", number) : tensor,
                      DType::kF32,
                      {4},
                      reinterpret_cast<const std::byte*>(values.data()),
                      {}});
    writer.Finish(Part(number));
  }
  fs::path Part(int number) const {
    return folder_ / GgufPartName{"big", number + 1, 3}.FileName();
  }

 private:
  const TemporaryFolder& folder_;
};

template <typename Action>
std::string ErrorOf(ErrorCode code, const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(GgufPartName, ReadsOnlyNamesOfParts) {
  const auto part = ParseGgufPartName("qwen-7b-q8_0-00002-of-00003.gguf");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->stem, "qwen-7b-q8_0");
  EXPECT_EQ(part->number, 2);
  EXPECT_EQ(part->count, 3);
  EXPECT_EQ(part->FileName(), "qwen-7b-q8_0-00002-of-00003.gguf");
  for (const char* name : {"qwen.gguf", "-00001-of-00002.gguf", "a-00003-of-00002.gguf",
                           "a-00000-of-00002.gguf", "a-0001-of-0002.gguf", "a-00001-of-00002.bin",
                           "a-+0001-of-00002.gguf", "a-00001-of-99999.gguf", ""}) {
    EXPECT_FALSE(ParseGgufPartName(name)) << name;
  }
}

TEST(GgufSplit, AnyPartOpensTheWhole) {
  const TemporaryFolder folder;
  const SplitModel model(folder);
  for (int i = 0; i < 3; ++i) {
    const auto file = GgufFile::Open(model.Part(i));
    ASSERT_EQ(file->tensors().size(), 3u);
    EXPECT_EQ(file->String("general.architecture"), "llama");
    EXPECT_FALSE(file->Has("split.count"));
    EXPECT_EQ(file->keys(), std::vector<std::string>{"general.architecture"});
    for (int t = 0; t < 3; ++t) {
      const Tensor* tensor = file->FindTensor(fmt::format("t{}", t));
      ASSERT_NE(tensor, nullptr);
      EXPECT_EQ(reinterpret_cast<const float*>(tensor->data)[3], 10.0f * t + 3);
    }
  }
}

TEST(GgufSplit, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  const SplitModel model(folder);
  fs::remove(model.Part(1));
  const std::string message = ErrorOf(ErrorCode::kNotFound, [&] { GgufFile::Open(model.Part(2)); });
  EXPECT_THAT(message, HasSubstr("these are missing: big-00002-of-00003.gguf"));
}

TEST(GgufSplit, RefusesPartsThatDoNotFit) {
  const TemporaryFolder folder;
  SplitModel model(folder);
  model.WritePart(1, 3, 3, "t0");
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile, [&] { GgufFile::Open(model.Part(0)); }),
              HasSubstr("in two parts"));
  model.WritePart(1, 4, 3);
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile, [&] { GgufFile::Open(model.Part(0)); }),
              HasSubstr("not of one model"));
  model.WritePart(1, 3, 3);
  model.WritePart(0, 3, 5);
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile, [&] { GgufFile::Open(model.Part(0)); }),
              HasSubstr("3 tensors together, but should have 5"));
  fs::rename(model.Part(0), folder / "renamed.gguf");
  EXPECT_THAT(ErrorOf(ErrorCode::kCorruptFile, [&] { GgufFile::Open(folder / "renamed.gguf"); }),
              HasSubstr("NAME-00001-of-00003.gguf"));
}

TEST(GgufFile, LoadingStopsWhenCancelled) {
  const TemporaryFolder folder;
  const SplitModel model(folder);
  CancelToken cancel;
  const auto file = GgufFile::Open(model.Part(0), cancel);
  EXPECT_NE(file->FindTensor("t0"), nullptr);
  cancel.Cancel();
  ErrorOf(ErrorCode::kCancelled, [&] { file->FindTensor("t0"); });
}

TEST(GgufWriter, BuildsTheFileThatItWouldWrite) {
  const TemporaryFolder folder;
  const auto values = std::make_shared<const std::vector<float>>(Values(1));
  const auto* bytes = reinterpret_cast<const std::byte*>(values->data());
  GgufWriter writer;
  writer.SetString("general.architecture", "llama");
  writer.SetStrings("list", {"a", "b"});
  writer.AddTensor({"view", DType::kF32, {4}, bytes, values});
  writer.AddTensor({"made", DType::kF32, {2, 2}, nullptr, {}}, [&](const GgufSink& sink) {
    sink(bytes, 8);
    sink(bytes + 8, 8);
  });
  const auto built = writer.Build("a model in memory");
  EXPECT_EQ(built->name(), "a model in memory");
  EXPECT_EQ(built->file_bytes(), 32);
  EXPECT_EQ(built->FindTensor("view")->data, bytes);
  EXPECT_EQ(std::memcmp(built->FindTensor("made")->data, bytes, 16), 0);
  EXPECT_EQ(built->FindTensor("made")->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(built->Strings("list")->at(1), "b");

  uint64_t last_done = 0;
  writer.Finish(folder / "out.gguf", [&](uint64_t done, uint64_t total) {
    EXPECT_EQ(total, 32u);
    EXPECT_GT(done, last_done);
    last_done = done;
  });
  EXPECT_EQ(last_done, 32u);
  GgufWriter copy;
  for (const std::string& key : built->keys()) copy.CopyValue(*built, key);
  for (const Tensor& tensor : built->tensors()) copy.AddTensor(tensor);
  copy.Finish(folder / "copy.gguf");
  EXPECT_EQ(ReadFile(folder / "out.gguf"), ReadFile(folder / "copy.gguf"));
}

TEST(GgufWriter, LeavesNothingWhenProgressThrows) {
  const TemporaryFolder folder;
  const std::vector<float> values = Values(1);
  GgufWriter writer;
  writer.AddTensor({"t", DType::kF32, {4}, reinterpret_cast<const std::byte*>(values.data()), {}});
  ErrorOf(ErrorCode::kCancelled, [&] {
    writer.Finish(folder / "out.gguf",
                  [](uint64_t, uint64_t) { throw Error(ErrorCode::kCancelled, "stopped"); });
  });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace pioneer
