#include "train/source_files.h"

#include <algorithm>

#include "base/error.h"
#include "train/source_stream.h"

namespace pioneer {
namespace {

bool IsInside(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

// A regular file of the folder, or a link to one.
bool IsOwnFile(const fs::directory_entry& entry, const fs::path& canonical_root) {
  std::error_code error;
  if (!entry.is_symlink(error)) return entry.is_regular_file(error);
  const fs::path target = fs::canonical(entry.path(), error);
  return !error && fs::is_regular_file(target, error) && IsInside(target, canonical_root);
}

void Walk(const fs::path& root, std::vector<SourceFile>& files) {
  const fs::path canonical_root = fs::canonical(root);
  fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const bool hidden = entry->path().filename().string().starts_with('.');
    if (hidden || entry.depth() >= kMaxFolderDepth) entry.disable_recursion_pending();
    const SourceFormat format = FormatOf(entry->path());
    if (hidden || format == SourceFormat::kUnknown || !IsOwnFile(*entry, canonical_root)) continue;
    files.push_back(
        {entry->path(), entry->path().lexically_relative(root).generic_string(), format});
    if (files.size() > kMaxSourceFiles) {
      Fail(ErrorCode::kInvalidArgument, "{} holds more than {} files; name its folders as sources",
           root.string(), kMaxSourceFiles);
    }
  }
}

}  // namespace

SourceFormat FormatOf(const fs::path& path) {
  struct Ending {
    const char* extension;
    SourceFormat format;
  };
  static constexpr Ending kEndings[] = {
      {".txt", SourceFormat::kText},        {".text", SourceFormat::kText},
      {".md", SourceFormat::kMarkdown},     {".markdown", SourceFormat::kMarkdown},
      {".html", SourceFormat::kHtml},       {".htm", SourceFormat::kHtml},
      {".xhtml", SourceFormat::kHtml},      {".jsonl", SourceFormat::kJsonLines},
      {".ndjson", SourceFormat::kJsonLines}};
  const fs::path extension = UncompressedName(path).extension();
  for (const Ending& ending : kEndings) {
    if (extension == ending.extension) return ending.format;
  }
  return SourceFormat::kUnknown;
}

std::vector<SourceFile> FindSourceFiles(const fs::path& path) {
  if (!fs::exists(path)) Fail(ErrorCode::kNotFound, "there is no source {}", path.string());
  if (!fs::is_directory(path)) {
    const SourceFormat format = FormatOf(path);
    const SourceFormat read_as = format == SourceFormat::kUnknown ? SourceFormat::kText : format;
    return {{path, path.filename().string(), read_as}};
  }
  std::vector<SourceFile> files;
  Walk(path, files);
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  if (files.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "the folder {} holds no text (.txt, .md, .html, .jsonl; also .xz, .zst, .gz)",
         path.string());
  }
  return files;
}

}  // namespace pioneer
