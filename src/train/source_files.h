// Why: a source is a file, a folder or a package's files; everything behind this sees a list of
// files in an order that does not depend on the file system.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace pioneer {

enum class SourceFormat { kUnknown, kText, kMarkdown, kHtml, kJsonLines };

// By the name's ending, without .xz, .zst, .gz: .txt, .text; .md, .markdown; .html, .htm, .xhtml;
// .jsonl, .ndjson. A file that a recipe names itself and that has another ending is plain text.
SourceFormat FormatOf(const fs::path& path);

struct SourceFile {
  fs::path path;
  std::string name;  // below the folder, with "/"; the file's own name where it was named itself
  SourceFormat format = SourceFormat::kUnknown;
};

inline constexpr size_t kMaxSourceFiles = 2'000'000;
inline constexpr int kMaxFolderDepth = 64;

// A file, or the files with a known format below a folder, sorted by name bytewise. Hidden files
// and folders are left out. A symbolic link counts only where its target lies inside the folder and
// is a file: so nothing outside is read and no loop is walked. Throws Error{kNotFound,
// kInvalidArgument (no file of a known format; above the limits)}.
std::vector<SourceFile> FindSourceFiles(const fs::path& path);

}  // namespace pioneer
