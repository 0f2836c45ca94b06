// Why: sources of training text come from strangers; whatever a page, a Markdown file or a
// compressed stream holds, it ends in valid text or in an Error. Input: one byte that chooses, then
// the file.
// room: train
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "train/clean_filter.h"
#include "train/clean_lines.h"
#include "train/clean_text.h"
#include "train/dedup_min_hash.h"
#include "train/source_html.h"
#include "train/source_markdown.h"
#include "train/source_stream.h"

namespace pioneer {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

// What every kind of text goes through afterwards.
void CleanText(const std::string& text) {
  static RepeatedLines lines;
  TextChanges changes;
  std::string clean = NormalizeText(text, changes);
  Require(IsValidUtf8(clean));
  Require(NormalizeText(clean, changes) == clean);
  lines.Strip(clean);
  const std::vector<TextWord> words = FindWords(clean);
  for (const TextWord& word : words) Require(word.begin < word.end && word.end <= clean.size());
  MinHash(ShingleHashes(words, kShingleWords));
  JudgeText(clean, words, TagLanguage(clean));
}

void ReadCompressed(std::string_view bytes, const char* extension) {
  static const fs::path folder = [] {
    std::string pattern = (fs::temp_directory_path() / "pioneer_fuzz_XXXXXX").string();
    return fs::path(::mkdtemp(pattern.data()));
  }();
  const fs::path path = folder / (std::string("input") + extension);
  WriteFileAtomically(path, bytes);
  CleanText(ReadSourceFile(path, size_t{1} << 20));
}

}  // namespace
}  // namespace pioneer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 6) {
      case 0:
      case 1: {
        const std::string text = HtmlToText(bytes);
        Require(IsValidUtf8(text));
        CleanText(text);
        break;
      }
      case 2:
        CleanText(CleanMarkdown(RepairUtf8(bytes)));
        break;
      case 3:
        ReadCompressed(bytes, ".gz");
        break;
      case 4:
        ReadCompressed(bytes, ".zst");
        break;
      default:
        ReadCompressed(bytes, ".xz");
    }
  } catch (const Error&) {
    // The expected end of a broken file.
  }
  return 0;
}
