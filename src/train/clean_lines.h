// Why: what hundreds of pages of a source begin or end with (licence notes, "Previous | Next",
// "Was this page helpful?") belongs to the site, not to the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pioneer {

// Sees the documents of one source in their order; what it does depends on those before only. One
// thread. A line's first five documents keep it. After that it goes where it stands in an unbroken
// row of such lines at the document's beginning or end, and anywhere when it is a long sentence
// (kLongLineBytes). Memory: 16 MiB for lines seen once and 16 bytes for each seen again, at most
// kMaxRememberedLines of them.
class RepeatedLines {
 public:
  static constexpr int kKeptDocuments = 5;
  static constexpr size_t kLongLineBytes = 80;
  static constexpr size_t kMaxRememberedLines = 8'000'000;

  RepeatedLines();

  // Returns the number of bytes that went.
  size_t Strip(std::string& text);

 private:
  bool SeenOften(std::string_view line);

  std::vector<uint64_t> seen_once_;  // one bit a hash; a bit set by chance counts a line once more
  std::unordered_map<uint64_t, uint32_t> documents_;  // of the lines seen again
};

}  // namespace pioneer
