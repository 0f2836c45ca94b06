#include "model/huggingface/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

std::string File(const std::string& header, const std::string& data) {
  const uint64_t n = header.size();
  return std::string(reinterpret_cast<const char*>(&n), sizeof n) + header + data;
}

Safetensors ParseText(const std::string& text) {
  auto copy = std::make_shared<std::vector<std::byte>>(text.size());
  std::memcpy(copy->data(), text.data(), text.size());
  return Safetensors::Parse(*copy, copy);
}

std::string ErrorOf(const std::string& text) {
  try {
    ParseText(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptFile) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Safetensors, ReadsTensorsAndSkipsMetadata) {
  const auto file = ParseText(File(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},)"
      R"("a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
      R"("scalar":{"dtype":"U8","shape":[],"data_offsets":[8,9]}})",
      std::string("\0\0\x80\x3F", 4) + "wxyz!"));
  ASSERT_EQ(file.tensors().size(), 3u);
  const SafeTensor* a = file.Find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->dtype, "F32");
  EXPECT_EQ(a->shape, (std::vector<int64_t>{1, 1}));
  float value = 0;
  std::memcpy(&value, a->data, sizeof value);
  EXPECT_EQ(value, 1.0f);
  EXPECT_EQ(std::memcmp(file.Find("b")->data, "wxyz", 4), 0);
  EXPECT_EQ(file.Find("scalar")->elements(), 1);
  EXPECT_EQ(file.Find("c"), nullptr);
}

TEST(Safetensors, RefusesWhatIsBroken) {
  const auto one = [](const std::string& entry) {
    return File("{\"t\":" + entry + "}", "12345678");
  };
  EXPECT_THAT(ErrorOf("123"), HasSubstr("no safetensors file"));
  EXPECT_THAT(ErrorOf(std::string(8, '\xFF') + "{}"), HasSubstr("header should have"));
  EXPECT_THAT(ErrorOf(File("{", "")), HasSubstr("header is not valid"));
  EXPECT_THAT(ErrorOf(File("[]", "")), HasSubstr("no JSON object"));
  EXPECT_THAT(ErrorOf(File(std::string(5000, '['), "")), HasSubstr("header is not valid"));
  EXPECT_THAT(ErrorOf(one("1")), HasSubstr("no dtype"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F7","shape":[2],"data_offsets":[0,8]})")),
              HasSubstr("unknown type F7"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})")),
              HasSubstr("dimension that is no count"));
  EXPECT_THAT(
      ErrorOf(one(R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]})")),
      HasSubstr("impossible dimension"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,9]})")),
              HasSubstr("cut off"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})")),
              HasSubstr("cut off"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})")),
              HasSubstr("its shape needs 12"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})")),
              HasSubstr("belong to none"));
  EXPECT_THAT(ErrorOf(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})")),
              HasSubstr("leaves a gap"));
  EXPECT_THAT(ErrorOf(File(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                           "12345678")),
              HasSubstr("overlaps"));
}

std::string OneTensor(const std::string& name) {
  return File("{\"" + name + R"(":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "ok");
}

TEST(Safetensors, JoinsTheShardsOfAFolder) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "m-1.safetensors", OneTensor("a"));
  WriteFileAtomically(folder / "m-2.safetensors", OneTensor("b"));
  const auto set_index = [&](const std::string& second) {
    WriteFileAtomically(folder / "model.safetensors.index.json",
                        R"({"weight_map":{"a":"m-1.safetensors","b":")" + second + "\"}}");
  };
  set_index("m-2.safetensors");
  EXPECT_EQ(Safetensors::OpenFolder(folder.path()).tensors().size(), 2u);
  const auto error = [&] {
    try {
      Safetensors::OpenFolder(folder.path());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  set_index("m-3.safetensors");
  EXPECT_THAT(error(), HasSubstr("missing: m-3.safetensors"));
  set_index("m-1.safetensors");
  EXPECT_THAT(error(), HasSubstr("tensor \"b\" should be in it"));
  set_index("../m-2.safetensors");
  EXPECT_THAT(error(), HasSubstr("outside of its folder"));
}

TEST(Safetensors, FindsTheOnlyFileOfAFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(Safetensors::OpenFolder(folder.path()), Error);
  WriteFileAtomically(folder / "adapter.safetensors", OneTensor("a"));
  EXPECT_EQ(Safetensors::OpenFolder(folder.path()).tensors().size(), 1u);
  WriteFileAtomically(folder / "model.safetensors", OneTensor("b"));
  EXPECT_NE(Safetensors::OpenFolder(folder.path()).Find("b"), nullptr);
}

}  // namespace
}  // namespace pioneer
