#include "base/file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "base/error.h"

namespace pioneer {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pioneer-file-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  size_t CountFiles() const {
    size_t n = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++n;
    return n;
  }
  static ErrorCode CodeOf(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
  }

  fs::path folder_;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  const std::string content("a\0b\xFF", 4);
  WriteFileAtomically(folder_ / "x", content);
  EXPECT_EQ(ReadFile(folder_ / "x"), content);
  WriteFileAtomically(folder_ / "x", "");
  EXPECT_EQ(ReadFile(folder_ / "x"), "");
  EXPECT_EQ(CountFiles(), 1u);
}

TEST_F(FileTest, WhatIsGivenBackIsReadAgain) {
  const std::string content(100'000, 'x');
  WriteFileAtomically(folder_ / "x", content);
  const MappedFile file(folder_ / "x");
  const auto* text = reinterpret_cast<const char*>(file.bytes().data());
  EXPECT_EQ(std::string_view(text, content.size()), content);
  MappedFile::GiveBack(text + 1, content.size());  // one byte too many is cut off
  MappedFile::GiveBack(text + 5000, 1);
  EXPECT_EQ(std::string_view(text, content.size()), content);
  // Memory that is no file's stays as it is.
  const std::string own(100'000, 'y');
  MappedFile::GiveBack(own.data(), own.size());
  EXPECT_EQ(own, std::string(100'000, 'y'));
}

TEST_F(FileTest, FailuresHaveTheirCodes) {
  EXPECT_EQ(CodeOf([&] { ReadFile(folder_ / "missing"); }), ErrorCode::kNotFound);
  WriteFileAtomically(folder_ / "x", "12345");
  EXPECT_EQ(CodeOf([&] { ReadFile(folder_ / "x", 4); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(folder_ / "x", 5), "12345");
  EXPECT_EQ(CodeOf([&] { MappedFile(folder_ / "missing"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { AtomicFile(folder_ / "no/folder/x"); }), ErrorCode::kIo);
}

TEST_F(FileTest, WithoutCommitNothingChanges) {
  WriteFileAtomically(folder_ / "x", "old");
  {
    AtomicFile file(folder_ / "x");
    file.Write("new", 3);
    EXPECT_EQ(file.offset(), 3u);
  }
  EXPECT_EQ(ReadFile(folder_ / "x"), "old");
  EXPECT_EQ(CountFiles(), 1u);
}

TEST_F(FileTest, MapsTheWholeFile) {
  WriteFileAtomically(folder_ / "x", "12345");
  const MappedFile file(folder_ / "x");
  ASSERT_EQ(file.bytes().size(), 5u);
  EXPECT_EQ(static_cast<char>(file.bytes()[4]), '5');
  WriteFileAtomically(folder_ / "empty", "");
  EXPECT_EQ(MappedFile(folder_ / "empty").bytes().size(), 0u);
}

}  // namespace
}  // namespace pioneer
