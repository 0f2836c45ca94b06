// Why: folders as people have them: links that lead out, hidden files, files that break or change.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "search/failure_text.h"
#include "search/fetch/file_uri.h"
#include "search/fetch/folder_watcher.h"
#include "search/fetch/path_glob.h"
#include "search/fetch/test_sink.h"

namespace pioneer::search {
namespace {

class FilesSourceTest : public ::testing::Test {
 protected:
  FilesSourceTest() {
    std::string pattern = (fs::temp_directory_path() / "pioneer_files_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    settings_.location = folder_.string();
  }
  ~FilesSourceTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
  }
  void Read() { ReadSource(settings_, sink_, CancelToken()); }
  std::string Uri(const std::string& name) { return FileUri(folder_ / name); }

  fs::path folder_;
  SourceSettings settings_;
  RecordingSink sink_;
};

TEST_F(FilesSourceTest, ReadsWhatCanBeReadInOrder) {
  Write("b.md", "# Bread\n\nFlour and water.\n");
  Write("a/deep/note.txt", "A note about\nyeast.\n");
  Write("a.py", "def f():\n    return 1\n");
  Write("picture.png", "\x89PNG");
  Write(".hidden.md", "secret");
  Write(".git/config.txt", "secret");
  Write("node_modules/x/readme.md", "not mine");
  Write("_sources/b.rst.txt", "the same as b");
  Read();
  EXPECT_EQ(sink_.order,
            (std::vector<std::string>{Uri("a/deep/note.txt"), Uri("a.py"), Uri("b.md")}));
  EXPECT_EQ(sink_.documents[Uri("b.md")].title, "Bread");
  EXPECT_EQ(sink_.documents[Uri("a.py")].language, "code");
  EXPECT_EQ(TextOf(sink_.documents[Uri("a/deep/note.txt")]), "A note about yeast.\n");
  EXPECT_EQ(sink_.done, 3);
  EXPECT_EQ(sink_.total, 3);
  EXPECT_TRUE(sink_.failures.empty()) << sink_.Complaints();
}

TEST_F(FilesSourceTest, ReadsAgainOnlyWhatChanged) {
  Write("a.txt", "one");
  Write("b.txt", "two");
  Read();
  sink_.Clear();
  Write("b.txt", "three, longer");
  fs::remove(folder_ / "a.txt");
  Write("c.txt", "four");
  Read();
  EXPECT_EQ(sink_.order, (std::vector<std::string>{Uri("b.txt"), Uri("c.txt")}));
  EXPECT_TRUE(sink_.unchanged.empty());
  sink_.Clear();
  Read();
  EXPECT_EQ(sink_.unchanged, (std::vector<std::string>{Uri("b.txt"), Uri("c.txt")}));
  EXPECT_TRUE(sink_.order.empty());
}

TEST_F(FilesSourceTest, DoesNotFollowLinksOrOpenPipes) {
  Write("outside/secret.txt", "secret");
  Write("inside/a.txt", "mine");
  fs::create_directory_symlink(folder_ / "outside", folder_ / "inside" / "folder");
  fs::create_symlink(folder_ / "outside" / "secret.txt", folder_ / "inside" / "b.txt");
  fs::create_directory_symlink(folder_ / "inside", folder_ / "inside" / "loop");
  ASSERT_EQ(::mkfifo((folder_ / "inside" / "pipe.txt").c_str(), 0600), 0);
  settings_.location = (folder_ / "inside").string();
  Read();
  EXPECT_EQ(sink_.order, (std::vector<std::string>{Uri("inside/a.txt")}));
}

TEST_F(FilesSourceTest, KeepsToPatternsAndLimits) {
  for (const char* name : {"a.md", "b.txt", "drafts/c.md", "d.md"}) Write(name, "text of it");
  settings_.include = {"*.md"};
  settings_.exclude = {"drafts/"};
  Read();
  EXPECT_EQ(sink_.order, (std::vector<std::string>{Uri("a.md"), Uri("d.md")}));
  settings_.max_documents = 1;
  sink_.Clear();
  Read();
  EXPECT_NE(sink_.Complaints().find("more than 1 files"), std::string::npos);
}

TEST_F(FilesSourceTest, TellsBrokenFilesAndGoesOn) {
  Write("a.docx", "this is no ZIP file");
  Write("b.txt", std::string("zeros\0inside", 12));
  Write("c.txt", "good");
  Read();
  EXPECT_EQ(sink_.order, (std::vector<std::string>{Uri("c.txt")}));
  EXPECT_NE(sink_.failures[Uri("a.docx")].find("broken"), std::string::npos);
  EXPECT_EQ(SplitFailure(sink_.failures[Uri("a.docx")]).code, "corrupt_file");
  EXPECT_EQ(SplitFailure("kept before there were codes").code, "");
  EXPECT_EQ(SplitFailure("kept before there were codes").message, "kept before there were codes");
  EXPECT_NE(sink_.failures[Uri("b.txt")].find("something else"), std::string::npos);
}

TEST_F(FilesSourceTest, ReadsOneFileAndSpellsNames) {
  Write("메모 1%.txt", "한국어로 쓴 메모입니다.");
  settings_.location = (folder_ / "메모 1%.txt").string();
  Read();
  ASSERT_EQ(sink_.order.size(), 1u);
  EXPECT_TRUE(sink_.order[0].ends_with("%EB%A9%94%EB%AA%A8%201%25.txt")) << sink_.order[0];
  EXPECT_EQ(sink_.documents.begin()->second.title, "메모 1%.txt");
  EXPECT_EQ(sink_.documents.begin()->second.language, "ko");
}

TEST_F(FilesSourceTest, SaysWhatIsMissing) {
  settings_.location = (folder_ / "none").string();
  try {
    Read();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST_F(FilesSourceTest, WatcherSeesChangesBelow) {
  Write("deep/a.txt", "one");
  FolderWatcher watcher(folder_);
  EXPECT_FALSE(watcher.AwaitChange(0));
  Write("deep/a.txt", "two");
  EXPECT_TRUE(watcher.AwaitChange(60'000));
  EXPECT_FALSE(watcher.AwaitChange(0));
  Write("new/b.txt", "three");
  EXPECT_TRUE(watcher.AwaitChange(60'000));
  Write("new/b.txt", "four");
  EXPECT_TRUE(watcher.AwaitChange(60'000));
}

TEST(PathGlobTest, MatchesAsPeopleMeanIt) {
  EXPECT_TRUE(MatchesGlob("*.md", "a/b/c.md"));
  EXPECT_FALSE(MatchesGlob("*.md", "a.md/c.txt"));
  EXPECT_TRUE(MatchesGlob("docs/**", "docs/a/b"));
  EXPECT_TRUE(MatchesGlob("docs/*/x", "docs/a/x"));
  EXPECT_FALSE(MatchesGlob("docs/*/x", "docs/a/b/x"));
  EXPECT_TRUE(MatchesGlob("docs/**/x", "docs/x"));
  EXPECT_TRUE(MatchesGlob("docs/**/x", "docs/a/b/x"));
  EXPECT_FALSE(MatchesGlob("docs/**/x", "docs/ax"));
  EXPECT_TRUE(MatchesGlob("/drafts/", "drafts/a/b"));
  EXPECT_TRUE(MatchesGlob("a/[b-d]?.t", "a/cx.t"));
  EXPECT_FALSE(MatchesGlob("a/[!b-d].t", "a/c.t"));
  EXPECT_FALSE(MatchesGlob(std::string(300, '*') + "b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace pioneer::search
