// Why: cleaned text is kept as what it is, lines of JSON that any program reads and a person can
// look into: `zstdcat FILE | less`.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "train/document_reader.h"
#include "train/language_tag.h"

namespace pioneer {

// A .jsonl.zst file. One thread. Nothing is at `path` until Finish().
class CleanWriter {
 public:
  explicit CleanWriter(const fs::path& path);
  ~CleanWriter();
  CleanWriter(const CleanWriter&) = delete;
  CleanWriter& operator=(const CleanWriter&) = delete;

  // {"language": ..., "text": ...}, or {"language": ..., "messages": [{"content", "role"}]}.
  void Add(const Document& document, LanguageTag language);
  // Returns the SHA-256 of the uncompressed lines.
  std::string Finish();

 private:
  struct State;
  void Compress(std::string_view bytes, bool last);

  std::unique_ptr<State> state_;
};

}  // namespace pioneer
