// Why: tests of training need a tokenizer whose tokens are plain to see: one a byte, and three
// control tokens.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "text/tokenizer.h"

namespace pioneer {

class ByteTokenizer : public Tokenizer {
 public:
  static constexpr int32_t kEndOfText = 256, kTurnStart = 257, kTurnEnd = 258;

  ByteTokenizer() {
    for (int i = 0; i < 256; ++i) vocabulary_.tokens.push_back("byte" + std::to_string(i));
    for (const char* name : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
      vocabulary_.tokens.push_back(name);
    }
  }
  std::vector<int32_t> Encode(std::string_view text, const EncodeOptions&) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<uint8_t>(c));
    return ids;
  }
  std::string TokenBytes(int32_t id, bool) const override {
    return id < 256 ? std::string(1, static_cast<char>(id)) : "";
  }
  std::string Decode(const std::vector<int32_t>& ids, bool) const override {
    std::string text;
    for (const int32_t id : ids) text += TokenBytes(id, false);
    return text;
  }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  bool IsEndOfGeneration(int32_t id) const override { return id == kTurnEnd || id == kEndOfText; }
  int32_t FindToken(std::string_view token) const override {
    for (size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
      if (vocabulary_.tokens[i] == token) return static_cast<int32_t>(i);
    }
    return -1;
  }

 private:
  Vocabulary vocabulary_;
};

// A folder of its own that is gone at the end of the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (fs::temp_directory_path() / "pioneer-train-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

}  // namespace pioneer
