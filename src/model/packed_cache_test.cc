// Why: a file that is damaged, cut off, of another model or of another program must never be used,
// and making one must never harm what is there.
#include "model/packed_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <string>

#include "base/error.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

constexpr size_t kDataOffset = size_t{2} << 20;

class PackedCacheTest : public testing::Test {
 protected:
  PackedCache Cache() const {
    PackedCache cache;
    cache.folder = folder_ / "cache";
    return cache;
  }
  static PackedKey Key(const std::string& name, char byte = 'a') {
    return {name, fmt::format("made of {}\n", byte), 10'000};
  }
  fs::path PathOf(const std::string& name) const { return folder_ / "cache" / (name + ".packed"); }

  std::shared_ptr<const PackedFile> Make(const std::string& name, char byte = 'a') const {
    return Make(Cache(), Key(name, byte), byte);
  }
  static std::shared_ptr<const PackedFile> Make(const PackedCache& cache, const PackedKey& key,
                                                char byte) {
    PackedFileWriter writer(cache, key, {});
    const std::vector<std::byte> half(key.bytes / 2, static_cast<std::byte>(byte));
    EXPECT_TRUE(writer.Write(half.size(), half));  // in any order
    EXPECT_TRUE(writer.Write(0, half));
    return writer.Commit();
  }
  static bool Holds(const std::shared_ptr<const PackedFile>& file, char byte) {
    return file != nullptr && std::string(reinterpret_cast<const char*>(file->data()), 10'000) ==
                                  std::string(10'000, byte);
  }
  static void Overwrite(const fs::path& path, size_t at, char byte) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }
  size_t CountFiles() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(Cache().folder), {}));
  }

  TemporaryFolder folder_;
};

TEST_F(PackedCacheTest, WhatIsMadeIsFound) {
  EXPECT_EQ(PackedFile::Find(Cache(), Key("m")), nullptr);
  const auto made = Make("m");
  EXPECT_TRUE(Holds(made, 'a'));
  EXPECT_TRUE(Holds(PackedFile::Find(Cache(), Key("m")), 'a'));
  EXPECT_EQ(PackedFile::Find(Cache(), Key("n")), nullptr);
  EXPECT_EQ(CountFiles(), 1u);
}

TEST_F(PackedCacheTest, AnotherModelOfTheNameTakesTheOldOnesPlace) {
  const auto old = Make("m");
  EXPECT_EQ(PackedFile::Find(Cache(), Key("m", 'b')), nullptr);
  PackedKey larger = Key("m");
  larger.bytes += 64;
  EXPECT_EQ(PackedFile::Find(Cache(), larger), nullptr);
  Make("m", 'b');
  EXPECT_TRUE(Holds(PackedFile::Find(Cache(), Key("m", 'b')), 'b'));
  EXPECT_EQ(PackedFile::Find(Cache(), Key("m")), nullptr);
  EXPECT_TRUE(Holds(old, 'a')) << "who uses the old file keeps it";
  EXPECT_EQ(CountFiles(), 1u);
}

TEST_F(PackedCacheTest, DamagedFilesAreNotUsed) {
  Make("m")->AwaitSeal();
  const std::string whole = ReadFile(PathOf("m"));
  ASSERT_EQ(whole.size(), kDataOffset + 10'000);
  const auto found = [&] { return PackedFile::Find(Cache(), Key("m")) != nullptr; };
  ASSERT_TRUE(found());
  const size_t head_bytes = whole.find('\0');
  ASSERT_LT(head_bytes, 500u);
  for (size_t i = 0; i < head_bytes; ++i) {
    for (const int bit : {0, 5}) {
      Overwrite(PathOf("m"), i, static_cast<char>(whole[i] ^ 1 << bit));
      EXPECT_FALSE(found()) << "byte " << i << ", bit " << bit;
    }
    Overwrite(PathOf("m"), i, whole[i]);
  }
  ASSERT_TRUE(found());
  for (const size_t size : {whole.size() + 1, whole.size() - 1, kDataOffset, kDataOffset - 1,
                            head_bytes, head_bytes - 1, size_t{1}, size_t{0}}) {
    fs::resize_file(PathOf("m"), size);
    EXPECT_FALSE(found()) << size;
  }
  EXPECT_TRUE(Holds(Make("m"), 'a'));
  EXPECT_TRUE(Holds(PackedFile::Find(Cache(), Key("m")), 'a'));
}

TEST_F(PackedCacheTest, WhatIsNotOnTheDiskCountsForItsBootOnly) {
  Make("m")->AwaitSeal();
  const std::string sealed = ReadFile(PathOf("m"));
  const size_t boot = sealed.find('\n') + 1;
  EXPECT_EQ(sealed.substr(boot, 40), std::string(40, ' '));
  std::string id = ReadFile("/proc/sys/kernel/random/boot_id").substr(0, 36);

  std::string here = sealed;
  WriteFileAtomically(PathOf("m"), here.replace(boot, id.size(), id));
  const auto found = PackedFile::Find(Cache(), Key("m"));
  ASSERT_NE(found, nullptr);
  found->AwaitSeal();
  EXPECT_EQ(ReadFile(PathOf("m")), sealed);

  id[0] = id[0] == '0' ? '1' : '0';
  WriteFileAtomically(PathOf("m"), here.replace(boot, id.size(), id));
  EXPECT_EQ(PackedFile::Find(Cache(), Key("m")), nullptr);
}

TEST_F(PackedCacheTest, WhatIsNotCommittedLeavesNothing) {
  Make("m");
  {
    PackedFileWriter writer(Cache(), Key("m", 'b'), {});
    EXPECT_TRUE(writer.Write(0, std::vector<std::byte>(100)));
    EXPECT_EQ(CountFiles(), 2u);
  }
  EXPECT_EQ(CountFiles(), 1u);
  EXPECT_TRUE(Holds(PackedFile::Find(Cache(), Key("m")), 'a'));
}

TEST_F(PackedCacheTest, OneMakesItWhileOthersWait) {
  auto writer = std::make_unique<PackedFileWriter>(Cache(), Key("m"), CancelToken());
  auto other = std::async(std::launch::async, [this] {
    const PackedFileWriter waiting(Cache(), Key("m"), {});
    return PackedFile::Find(Cache(), Key("m"));
  });
  EXPECT_TRUE(writer->Write(0, std::vector<std::byte>(10'000, std::byte{'a'})));
  const auto made = writer->Commit();
  EXPECT_TRUE(Holds(other.get(), 'a'));

  const PackedFileWriter again(Cache(), Key("m"), {});
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(PackedFileWriter(Cache(), Key("m"), cancel), Error);
}

TEST_F(PackedCacheTest, TheLeastRecentlyUsedMakeRoom) {
  PackedCache cache = Cache();
  const auto make = [&](const std::string& name) { Make(cache, Key(name), 'a'); };
  const auto used_at = [&](const std::string& name, time_t seconds) {
    const timespec times[] = {{seconds, 0}, {0, UTIME_OMIT}};
    ASSERT_EQ(::utimensat(AT_FDCWD, PathOf(name).c_str(), times, 0), 0);
  };
  for (const char* name : {"one", "two", "three"}) make(name);
  used_at("one", 3000);
  used_at("two", 1000);
  used_at("three", 2000);
  const auto entries = ListPackedFiles(cache.folder);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].path.stem(), "one");
  EXPECT_EQ(entries[2].path.stem(), "two");
  EXPECT_GE(entries[0].bytes, 10'000);

  // A new file counts with its hole, which the others do not.
  cache.max_bytes = static_cast<int64_t>(kDataOffset) + 10'000 + 2 * entries[0].bytes;
  make("four");
  EXPECT_EQ(PackedFile::Find(cache, Key("two")), nullptr);
  EXPECT_NE(PackedFile::Find(cache, Key("one")), nullptr);
  used_at("three", 1);
  EXPECT_NE(PackedFile::Find(cache, Key("three")), nullptr);  // uses it
  EXPECT_EQ(ListPackedFiles(cache.folder).front().path.stem(), "three");

  cache.max_bytes = 10'000;
  try {
    make("five");
    ADD_FAILURE() << "there is no room";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
  }
  EXPECT_EQ(CountFiles(), 3u) << "nothing is removed where that does not help";
  EXPECT_GT(ClearPackedFiles(cache.folder), 30'000);
  EXPECT_EQ(CountFiles(), 0u);
}

TEST_F(PackedCacheTest, WhatACrashLeftIsRemoved) {
  Make("m");
  WriteFileAtomically(folder_ / "cache" / "x.packed.part", "begun");
  const PackedFileWriter writing(Cache(), Key("y"), {});
  EXPECT_EQ(ListPackedFiles(Cache().folder).size(), 1u);
  EXPECT_FALSE(fs::exists(folder_ / "cache" / "x.packed.part"));
  EXPECT_TRUE(fs::exists(folder_ / "cache" / "y.packed.part"));
}

TEST_F(PackedCacheTest, AFolderThatCannotBeMadeIsAnError) {
  WriteFileAtomically(folder_ / "cache", "a file");
  EXPECT_EQ(PackedFile::Find(Cache(), Key("m")), nullptr);
  EXPECT_THROW(Make("m"), Error);
  EXPECT_TRUE(ListPackedFiles(Cache().folder).empty());
}

}  // namespace
}  // namespace pioneer
