// Why: the house rules that a machine can check. Reads src/layers.txt and every source file.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = fs::path(PIONEER_SOURCE_DIR) / "src";

struct Layers {
  std::map<std::string, int> floor_of;
  std::set<std::pair<std::string, std::string>> allowed;
};

Layers ReadLayers() {
  Layers layers;
  std::ifstream file(kSource / "layers.txt");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string first, second, third, fourth;
    words >> first >> second >> third >> fourth;
    if (first == "allow") {
      layers.allowed.insert({second, fourth});
    } else if (!first.empty() && first[0] != '#') {
      layers.floor_of[second] = std::stoi(first);
    }
  }
  return layers;
}

struct SourceFile {
  std::string name;  // from src/
  std::string room;
  std::vector<std::string> lines;
  bool is_test() const { return name.ends_with("_test.cc"); }
};

std::vector<SourceFile> ReadSources() {
  std::vector<SourceFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    const std::string extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const fs::path relative = fs::relative(entry.path(), kSource);
    SourceFile source{relative.string(), relative.begin()->string(), {}};
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) source.lines.push_back(line);
    files.push_back(std::move(source));
  }
  return files;
}

const std::vector<SourceFile>& Sources() {
  static const std::vector<SourceFile> files = ReadSources();
  return files;
}

bool MayInclude(const Layers& layers, const std::string& from, const std::string& to) {
  if (from == to || layers.allowed.contains({from, to})) return true;
  return layers.floor_of.at(to) < layers.floor_of.at(from);
}

// The line without string literals and comments, so that words in messages do not count.
std::string Code(const std::string& line) {
  static const std::regex kString(R"("([^"\\]|\\.)*")");
  const std::string without_strings = std::regex_replace(line, kString, "\"\"");
  return without_strings.substr(0, without_strings.find("//"));
}

TEST(Tidy, EveryRoomHasAFloor) {
  const Layers layers = ReadLayers();
  ASSERT_GE(layers.floor_of.size(), 10u);
  for (const SourceFile& file : Sources()) {
    EXPECT_TRUE(layers.floor_of.contains(file.room))
        << "src/" << file.room << " has no line in src/layers.txt";
  }
}

TEST(Tidy, RoomsIncludeOnlyLowerFloors) {
  const Layers layers = ReadLayers();
  static const std::regex kInclude(R"re(^#include "(([a-z_]+)/[^"]+)")re");
  int includes = 0;
  for (const SourceFile& file : Sources()) {
    for (const std::string& line : file.lines) {
      std::smatch match;
      if (!std::regex_search(line, match, kInclude)) continue;
      ++includes;
      ASSERT_TRUE(fs::exists(kSource / match[1].str()) || match[2] == "generated")
          << file.name << " includes " << match[1] << ", which is not there";
      EXPECT_TRUE(match[2] == "generated" || MayInclude(layers, file.room, match[2]))
          << "src/" << file.name << " includes " << match[1] << ": " << file.room
          << " may not know " << match[2] << " (src/layers.txt)";
    }
  }
  EXPECT_GT(includes, 100);
}

struct Ban {
  std::regex pattern;
  std::string why;
  std::set<std::string> rooms_excepted;
};

const std::vector<Ban>& Bans() {
  static const std::vector<Ban> bans = {
      {std::regex(R"((^|[^\w.:>])(std::)?(system|popen)\s*\()"), "runs a shell", {}},
      {std::regex(R"((^|[^\w])new\s+[\w:<])"), "raw new: use std::make_unique", {}},
      {std::regex(R"((^|[^\w])(?!operator)delete\s+[\w:*])"), "raw delete: use an owner", {}},
      {std::regex(R"(std::(cout|cerr)|(^|[^\w.:>])(std::)?printf\s*\()"),
       "prints from a library room: return it or log it",
       {"cli"}},
      {std::regex(R"((^|[^\w.:>])(std::)?(strcpy|strcat|sprintf|gets)\s*\()"), "is unbounded", {}},
      {std::regex(R"((^|[^\w.:>])(std::)?(rand|srand)\s*\()"), "use base/random.h", {}},
      {std::regex(R"(using\s+namespace\s+std\b)"), "hides where names come from", {}},
  };
  return bans;
}

TEST(Tidy, NoBannedCalls) {
  for (const SourceFile& file : Sources()) {
    if (file.is_test()) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const Ban& ban : Bans()) {
        if (ban.rooms_excepted.contains(file.room)) continue;
        EXPECT_FALSE(std::regex_search(Code(file.lines[i]), ban.pattern))
            << "src/" << file.name << ":" << i + 1 << " " << ban.why << ": " << file.lines[i];
      }
    }
  }
}

TEST(Tidy, BansSeeWhatTheyShould) {
  const auto banned = [](const std::string& line) {
    for (const Ban& ban : Bans()) {
      if (std::regex_search(Code(line), ban.pattern)) return true;
    }
    return false;
  };
  EXPECT_TRUE(banned("  system(command);"));
  EXPECT_TRUE(banned("  auto* p = new Thing();"));
  EXPECT_TRUE(banned("  delete p;"));
  EXPECT_TRUE(banned("  std::cout << 1;"));
  EXPECT_FALSE(banned("  Thing(const Thing&) = delete;"));
  EXPECT_FALSE(banned("  file.system(1);  // system()"));
  EXPECT_FALSE(banned("  Fail(code, \"call system(now)\");"));
}

TEST(Tidy, OnlyTensorKnowsSimd) {
  static const std::regex kSimd(R"(immintrin\.h|arm_neon\.h|_mm\d*_|target\(")");
  for (const SourceFile& file : Sources()) {
    if (file.room == "tensor") continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], kSimd))
          << "src/" << file.name << ":" << i + 1 << " uses SIMD outside src/tensor";
    }
  }
}

// In model/ only what reads other programs' files does, and tests.
TEST(Tidy, TheEngineNeverSeesJson) {
  const auto reads_json = [](const SourceFile& file) {
    return file.name.starts_with("model/huggingface/") || file.name.starts_with("model/hub/") ||
           file.name.ends_with("_test.cc") || file.name.find("/test_") != std::string::npos ||
           file.name == "model/model_places.cc";
  };
  for (const SourceFile& file : Sources()) {
    if (file.room != "tensor" && file.room != "model") continue;
    if (reads_json(file)) continue;
    for (const std::string& line : file.lines) {
      EXPECT_EQ(line.find("base/json.h"), std::string::npos) << "src/" << file.name;
    }
  }
}

TEST(Tidy, HeadersAreGuardedAndFilesAreShort) {
  constexpr size_t kMaxLines = 600;
  for (const SourceFile& file : Sources()) {
    EXPECT_LE(file.lines.size(), kMaxLines) << "src/" << file.name << ": look for a seam";
    // An .inl.h is included once an instruction set.
    if (!file.name.ends_with(".h") || file.name.ends_with(".inl.h")) continue;
    bool guarded = false;
    for (const std::string& line : file.lines) guarded = guarded || line == "#pragma once";
    EXPECT_TRUE(guarded) << "src/" << file.name << " lacks #pragma once";
  }
}

}  // namespace
