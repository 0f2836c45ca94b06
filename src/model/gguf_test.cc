// Why: GGUF files come from strangers. What is written is read back; whatever lies is refused with
// an error that names the part.
#include "model/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kF32 = static_cast<uint32_t>(DType::kF32);

// Expects that the bytes are refused with this code and these words.
void ExpectRefused(const RawGguf& raw, const std::string& words,
                   ErrorCode code = ErrorCode::kCorruptFile) {
  try {
    ParseCopy(raw.bytes());
    ADD_FAILURE() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

RawGguf OneKey(GgufType type) {
  RawGguf raw;
  raw.Header(0, 1).Text("some.key").Type(type);
  return raw;
}

RawGguf OneTensor(const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset,
                  size_t data_bytes) {
  RawGguf raw;
  raw.Header(1, 0).Tensor("weights", dims, type, offset).Align().Zeros(data_bytes);
  return raw;
}

// A file with a value of every kind and two tensors.
GgufWriter SampleWriter(const std::vector<float>& data) {
  GgufWriter writer;
  writer.SetString("general.architecture", "llama");
  writer.SetU32("u32", 4000000000u);
  writer.SetF32("f32", 0.5f);
  writer.SetBool("flag", true);
  writer.SetStrings("strings", {"", "a", std::string("b\0c", 3)});
  writer.SetF32s("floats", {1.5f, -2.0f});
  writer.SetI32s("ints", {-1, 7});
  writer.SetValue("big", uint64_t{1} << 40);
  writer.SetValue("bools", std::vector<bool>{true, false, true});
  Tensor matrix{"matrix", DType::kF32, {2, 3}, reinterpret_cast<const std::byte*>(data.data()), {}};
  writer.AddTensor(matrix);
  Tensor made{"made", DType::kF32, {2}, nullptr, {}};
  writer.AddTensor(made, [&data](const GgufSink& sink) {
    sink(&data[4], sizeof(float));
    sink(&data[5], sizeof(float));
  });
  return writer;
}

TEST(GgufTest, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  SampleWriter(data).Finish(folder / "a.gguf");
  const auto file = GgufFile::Open(folder / "a.gguf");
  EXPECT_EQ(file->String("general.architecture"), "llama");
  EXPECT_EQ(file->Int("u32"), 4000000000);
  EXPECT_EQ(file->Float("f32", 0), 0.5);
  EXPECT_TRUE(file->Bool("flag", false));
  EXPECT_THAT(*file->Strings("strings"), ElementsAre("", "a", std::string("b\0c", 3)));
  EXPECT_THAT(*file->Floats("floats"), ElementsAre(1.5, -2.0));
  EXPECT_THAT(*file->Ints("ints"), ElementsAre(-1, 7));
  EXPECT_EQ(file->Int("big"), int64_t{1} << 40);
  EXPECT_EQ(std::get<std::vector<bool>>(file->metadata().at("bools")),
            (std::vector<bool>{true, false, true}));
  const Tensor* matrix = file->FindTensor("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_THAT(matrix->shape, ElementsAre(2, 3));
  EXPECT_EQ(std::memcmp(matrix->data, data.data(), 24), 0);
  const Tensor* made = file->FindTensor("made");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(std::memcmp(made->data, &data[4], 8), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(made->data) % 32, 0u);
  EXPECT_EQ(file->FindTensor("none"), nullptr);
}

TEST(GgufTest, CopiesValuesByteForByte) {
  const TemporaryFolder folder;
  RawGguf raw;  // types that the writer itself would not choose
  raw.Header(0, 3).Text("u8").Type(GgufType::kU8).Number<uint8_t>(7);
  raw.Text("u64").Type(GgufType::kU64).Number<uint64_t>(7);
  raw.Text("f64").Type(GgufType::kF64).Number<double>(7);
  const auto file = ParseCopy(raw.bytes());
  GgufWriter writer;
  for (const char* key : {"u8", "u64", "f64"}) writer.CopyValue(*file, key);
  writer.Finish(folder / "copy.gguf");
  const std::string copy = ReadFile(folder / "copy.gguf");
  EXPECT_EQ(copy.substr(0, raw.bytes().size()), raw.bytes());
  EXPECT_THROW(writer.CopyValue(*file, "none"), Error);
}

TEST(GgufTest, TensorsOutliveTheFileObject) {
  const TemporaryFolder folder;
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  SampleWriter(data).Finish(folder / "a.gguf");
  const Tensor tensor = *GgufFile::Open(folder / "a.gguf")->FindTensor("matrix");
  float last;
  std::memcpy(&last, tensor.data + 20, 4);
  EXPECT_EQ(last, 6);
}

TEST(GgufTest, ReadsVersion2) {
  RawGguf raw;
  raw.Header(0, 1, 2).Text("k").Type(GgufType::kI16).Number<int16_t>(-3);
  EXPECT_EQ(ParseCopy(raw.bytes())->Int("k"), -3);
}

TEST(GgufTest, NamesKeysOfWrongType) {
  RawGguf raw = OneKey(GgufType::kString).Text("x");
  const auto file = ParseCopy(raw.bytes());
  const auto message = [](auto read) -> std::string {
    try {
      read();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message([&] { file->Int("some.key"); }), HasSubstr("some.key"));
  EXPECT_THAT(message([&] { file->Int("some.key", 3); }), HasSubstr("some.key"));
  EXPECT_THAT(message([&] { file->Bool("some.key", true); }), HasSubstr("some.key"));
  EXPECT_THAT(message([&] { file->Strings("some.key"); }), HasSubstr("some.key"));
  EXPECT_THAT(message([&] { file->String("other.key"); }), HasSubstr("other.key"));
  EXPECT_EQ(file->Int("other.key", 3), 3);
}

TEST(GgufTest, RefusesWhatIsNoGguf) {
  ExpectRefused(RawGguf(), "no GGUF file");
  ExpectRefused(RawGguf().Number<uint32_t>(1), "no GGUF file");
  ExpectRefused(RawGguf().Number(kGgufMagic), "ends inside the header");
  ExpectRefused(RawGguf().Header(0, 0, 1), "version 1", ErrorCode::kUnsupported);
  ExpectRefused(RawGguf().Header(0, 0, 0x03000000), "big-endian", ErrorCode::kUnsupported);
}

TEST(GgufTest, RefusesLyingCounts) {
  ExpectRefused(RawGguf().Header(0, uint64_t{1} << 63), "keys");
  ExpectRefused(RawGguf().Header(uint64_t{1} << 63, 0), "tensors");
  ExpectRefused(RawGguf().Header(1, 0), "1 tensors");
  ExpectRefused(RawGguf().Header(0, 1), "1 keys");
}

TEST(GgufTest, RefusesLyingStrings) {
  const uint64_t huge = std::numeric_limits<uint64_t>::max();
  ExpectRefused(RawGguf().Header(0, 1).Number(huge).Zeros(100), "key 1 of 1");
  ExpectRefused(RawGguf().Header(0, 1).Number<uint64_t>(70000).Zeros(80000), "key 1 of 1");
  ExpectRefused(OneKey(GgufType::kString).Number(huge), "some.key");
  ExpectRefused(OneKey(GgufType::kString).Number<uint64_t>(4).Zeros(3), "some.key");
}

TEST(GgufTest, RefusesLyingArrays) {
  const auto array = [](GgufType type, uint64_t count) {
    RawGguf raw = OneKey(GgufType::kArray);
    raw.Type(type).Number(count).Zeros(64);
    return raw;
  };
  for (const uint64_t count : {uint64_t{65}, uint64_t{1} << 24, uint64_t{1} << 61, ~uint64_t{0}}) {
    ExpectRefused(array(GgufType::kU8, count), "some.key");
    ExpectRefused(array(GgufType::kU64, count), "some.key");
    ExpectRefused(array(GgufType::kString, count), "some.key");
    ExpectRefused(array(GgufType::kBool, count), "some.key");
    ExpectRefused(array(GgufType::kF32, count), "some.key");
  }
  ExpectRefused(array(GgufType::kArray, 1), "array of arrays");
  ExpectRefused(array(static_cast<GgufType>(13), 1), "unknown type 13");
}

TEST(GgufTest, LimitsAllArraysTogether) {
  RawGguf raw;
  raw.Header(0, 2).Text("a").Type(GgufType::kArray).Type(GgufType::kU8);
  raw.Number<uint64_t>(kMaxGgufArrayElements).Zeros(kMaxGgufArrayElements);
  raw.Text("b").Type(GgufType::kArray).Type(GgufType::kU8).Number<uint64_t>(1).Zeros(1);
  ExpectRefused(raw, "key \"b\"");
}

TEST(GgufTest, RefusesOddKeys) {
  ExpectRefused(OneKey(static_cast<GgufType>(77)).Zeros(16), "unknown type 77");
  ExpectRefused(OneKey(GgufType::kBool).Number<uint8_t>(2), "boolean of value 2");
  RawGguf twice;
  twice.Header(0, 2);
  for (int i = 0; i < 2; ++i) twice.Text("same").Type(GgufType::kU8).Number<uint8_t>(1);
  ExpectRefused(twice, "\"same\" is there twice");
}

TEST(GgufTest, NamesInMessagesAreSafeToPrint) {
  RawGguf raw;
  raw.Header(0, 1).Text("\x1b[2Jk\xFF").Number<uint32_t>(99).Zeros(8);
  ExpectRefused(raw, "key \"?[2Jk\xEF\xBF\xBD\"");
}

TEST(GgufTest, RefusesOddAlignment) {
  for (const uint32_t alignment : {0u, 1u, 4u, 24u, 1u << 31}) {
    RawGguf raw;
    raw.Header(0, 1).Text("general.alignment").Type(GgufType::kU32).Number(alignment);
    ExpectRefused(raw, "general.alignment");
  }
}

TEST(GgufTest, HonoursAlignment) {
  RawGguf raw;
  raw.Header(1, 1).Text("general.alignment").Type(GgufType::kU32).Number<uint32_t>(256);
  raw.Tensor("w", {1}, kF32, 256).Align(256).Zeros(256).Number(2.5f);
  float value;
  std::memcpy(&value, ParseCopy(raw.bytes())->tensors()[0].data, 4);
  EXPECT_EQ(value, 2.5f);
}

TEST(GgufTest, AcceptsATensorThatJustFits) {
  EXPECT_EQ(ParseCopy(OneTensor({4, 2}, kF32, 32, 64).bytes())->tensors()[0].bytes(), 32u);
  ExpectRefused(OneTensor({4, 2}, kF32, 32, 63), "\"weights\"");
  ExpectRefused(OneTensor({4, 2}, kF32, 64, 64), "\"weights\"");
}

TEST(GgufTest, RefusesLyingTensors) {
  const uint64_t huge = std::numeric_limits<uint64_t>::max();
  ExpectRefused(OneTensor({}, kF32, 0, 64), "0 dimensions");
  ExpectRefused(OneTensor({1, 1, 1, 1, 1}, kF32, 0, 64), "5 dimensions");
  ExpectRefused(OneTensor({0}, kF32, 0, 64), "dimension of 0");
  ExpectRefused(OneTensor({4, 0}, kF32, 0, 64), "dimension of 0");
  ExpectRefused(OneTensor({huge}, kF32, 0, 64), "impossible dimension");
  ExpectRefused(OneTensor({uint64_t{1} << 63}, kF32, 0, 64), "impossible dimension");
  ExpectRefused(OneTensor({uint64_t{1} << 32, uint64_t{1} << 32}, kF32, 0, 64), "impossible");
  ExpectRefused(OneTensor({1 << 16, 1 << 16, 1 << 16, 1 << 16}, kF32, 0, 64), "impossible");
  // Element counts whose size in bytes overflows 64 bits, or wraps to a small number.
  ExpectRefused(OneTensor({uint64_t{1} << 62}, kF32, 0, 64), "does not fit");
  ExpectRefused(OneTensor({(uint64_t{1} << 62) + 4}, kF32, 0, 64), "does not fit");
  ExpectRefused(OneTensor({256, uint64_t{1} << 54}, 12, 0, 1024), "does not fit");
  ExpectRefused(OneTensor({17}, kF32, 0, 64), "does not fit");
  ExpectRefused(OneTensor({4}, kF32, 16, 64), "no multiple of 32");
  ExpectRefused(OneTensor({4}, kF32, 1 << 20, 64), "does not fit");
  ExpectRefused(OneTensor({4}, kF32, huge - 31, 64), "does not fit");
  ExpectRefused(OneTensor({33}, static_cast<uint32_t>(DType::kQ8_0), 0, 640), "multiples of 32");
  ExpectRefused(OneTensor({4}, 999, 0, 64), "unknown type 999");
  ExpectRefused(OneTensor({256}, 16, 0, 128), "IQ2_XXS", ErrorCode::kUnsupported);
}

TEST(GgufTest, SizesOfManyTensorsCannotAddUp) {
  // Offsets and sizes whose sum wraps around 2^64, in the way of known attacks.
  RawGguf raw;
  raw.Header(2, 0);
  raw.Tensor("a", {(uint64_t{1} << 61) - 8}, kF32, 0);
  raw.Tensor("b", {16}, kF32, uint64_t{0} - 32).Align().Zeros(64);
  ExpectRefused(raw, "tensor \"a\"");
}

TEST(GgufTest, RefusesTensorNames) {
  RawGguf twice;
  twice.Header(2, 0).Tensor("w", {4}, kF32, 0).Tensor("w", {4}, kF32, 32).Align().Zeros(64);
  ExpectRefused(twice, "tensor \"w\" is there twice");
  RawGguf name;
  name.Header(1, 0).Tensor(std::string(65, 'x'), {4}, kF32, 0).Align().Zeros(64);
  ExpectRefused(name, "string of 65 bytes");
}

TEST(GgufTest, TensorsMayOverlap) {
  RawGguf raw;
  raw.Header(2, 0).Tensor("a", {8}, kF32, 0).Tensor("b", {8}, kF32, 0).Align().Zeros(32);
  const auto file = ParseCopy(raw.bytes());
  EXPECT_EQ(file->tensors()[0].data, file->tensors()[1].data);
}

TEST(GgufTest, WriterRefusesWhatReadersWould) {
  const std::vector<float> data(64);
  const auto* bytes = reinterpret_cast<const std::byte*>(data.data());
  GgufWriter writer;
  writer.AddTensor(Tensor{"w", DType::kF32, {4}, bytes, {}});
  EXPECT_THROW(writer.AddTensor(Tensor{"w", DType::kF32, {4}, bytes, {}}), Error);
  EXPECT_THROW(writer.AddTensor(Tensor{"x", DType::kF32, {}, bytes, {}}), Error);
  EXPECT_THROW(writer.AddTensor(Tensor{"x", DType::kF32, {4, 0}, bytes, {}}), Error);
  EXPECT_THROW(writer.AddTensor(Tensor{"x", DType::kQ8_0, {33}, bytes, {}}), Error);
  EXPECT_THROW(writer.AddTensor(Tensor{"x", DType::kF32, {4}, nullptr, {}}), Error);
  EXPECT_THROW(writer.AddTensor(Tensor{std::string(65, 'x'), DType::kF32, {4}, bytes, {}}), Error);
  EXPECT_THROW(writer.SetU32("", 1), Error);
}

TEST(GgufTest, NothingIsLeftWhenATensorIsCutShort) {
  const TemporaryFolder folder;
  GgufWriter writer;
  writer.AddTensor(Tensor{"w", DType::kF32, {4}, nullptr, {}},
                   [](const GgufSink& sink) { sink("abc", 3); });
  EXPECT_THROW(writer.Finish(folder / "a.gguf"), Error);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(GgufTest, OpenNamesTheFile) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "bad.gguf", "nonsense");
  WriteFileAtomically(folder / "empty.gguf", "");
  for (const char* name : {"bad.gguf", "empty.gguf"}) {
    try {
      GgufFile::Open(folder / name);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
  EXPECT_THROW(GgufFile::Open(folder / "none.gguf"), Error);
}

// Reads everything that a file offers, so that a sanitizer sees a view that is too long.
uint64_t TouchAll(const GgufFile& file) {
  uint64_t sum = 0;
  for (const Tensor& tensor : file.tensors()) {
    for (size_t i = 0; i < tensor.bytes(); ++i) sum += static_cast<uint64_t>(tensor.data[i]);
  }
  return sum + file.metadata().size();
}

// Either outcome is right; anything but an Error (a crash, bad_alloc) is not.
void ParseAnything(std::string_view bytes) {
  try {
    TouchAll(*ParseCopy(bytes));
  } catch (const Error&) {
  }
}

TEST(GgufTest, SurvivesEveryChangeOfASmallFile) {
  const TemporaryFolder folder;
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  SampleWriter(data).Finish(folder / "a.gguf");
  const std::string good = ReadFile(folder / "a.gguf");
  for (size_t n = 0; n <= good.size(); ++n) ParseAnything(std::string_view(good).substr(0, n));
  for (size_t i = 0; i < good.size(); ++i) {
    for (const int change : {0x01, 0x02, 0x10, 0x7F, 0x80, 0xFF}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      ParseAnything(bad);
    }
    for (const char byte : {'\0', '\xFF'}) {  // runs, to make huge numbers
      std::string bad = good;
      for (size_t j = i; j < std::min(i + 8, bad.size()); ++j) bad[j] = byte;
      ParseAnything(bad);
    }
  }
}

TEST(GgufTest, SurvivesRandomChanges) {
  const TemporaryFolder folder;
  const std::vector<float> data = {1, 2, 3, 4, 5, 6};
  SampleWriter(data).Finish(folder / "a.gguf");
  const std::string good = ReadFile(folder / "a.gguf");
  Random random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string bad = good;
    for (uint64_t i = 0; i <= random.Below(4); ++i) {
      bad[random.Below(bad.size())] = static_cast<char>(random.Next());
    }
    if (random.Below(4) == 0) bad.erase(random.Below(bad.size()), random.Below(9));
    if (random.Below(4) == 0) bad.insert(random.Below(bad.size()), random.Below(9), '\xFE');
    ParseAnything(bad);
  }
}

TEST(GgufTest, ReadsRealFiles) {
  if (!fs::exists(SharedData("vocab"))) GTEST_SKIP() << "no ../shared/data";
  const auto stories = GgufFile::Open(SharedData("models/stories260K.gguf"));
  EXPECT_EQ(stories->tensors().size(), 47u);
  EXPECT_THAT(stories->FindTensor("token_embd.weight")->shape, ElementsAre(512, 64));
  EXPECT_EQ(stories->Int("llama.block_count"), 5);
  TouchAll(*stories);
  const auto qwen = GgufFile::Open(SharedData("vocab/ggml-vocab-qwen2.gguf"));
  EXPECT_EQ(qwen->Strings("tokenizer.ggml.tokens")->size(), 151936u);
  EXPECT_EQ(qwen->Strings("tokenizer.ggml.merges")->size(), 151387u);
}

}  // namespace
}  // namespace pioneer
