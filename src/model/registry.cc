#include "model/registry.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf.h"

namespace pioneer {
namespace {

constexpr char kExtension[] = ".gguf";

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// id -> path of all model files; earlier folders win.
std::map<std::string, fs::path> FindModelFiles(const std::vector<fs::path>& folders) {
  std::map<std::string, fs::path> files;
  for (const fs::path& folder : folders) {
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      std::error_code ignored;
      const fs::path& path = entry->path();
      if (path.extension() != kExtension || !entry->is_regular_file(ignored)) continue;
      files.emplace(path.stem().string(), path);
    }
  }
  return files;
}

// A metadata value that is only shown: of another type it counts as absent.
std::string ShownString(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return "";
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
}

std::vector<std::string> IdsThatStartWith(const std::map<std::string, fs::path>& files,
                                          const std::string& name) {
  std::vector<std::string> ids;
  for (const auto& [id, path] : files) {
    if (LowerCase(id).starts_with(LowerCase(name))) ids.push_back(id);
  }
  return ids;
}

}  // namespace

ModelSummary ReadModelSummary(const fs::path& path) {
  const auto file = GgufFile::Open(path);
  ModelSummary summary;
  summary.id = path.stem().string();
  summary.path = path;
  summary.config = ReadModelConfig(*file);
  summary.n_tensors = static_cast<int>(file->tensors().size());
  summary.tokenizer = ShownString(*file, "tokenizer.ggml.model");
  summary.pre_tokenizer = ShownString(*file, "tokenizer.ggml.pre");
  summary.license = ShownString(*file, "general.license");
  summary.has_chat_template = !ShownString(*file, "tokenizer.chat_template").empty();
  return summary;
}

std::vector<fs::path> ModelFolders(const std::vector<fs::path>& more) {
  std::vector<fs::path> folders = {PioneerHome() / "models"};
  folders.insert(folders.end(), more.begin(), more.end());
  return folders;
}

std::vector<ModelSummary> ListModels(const std::vector<fs::path>& folders) {
  std::vector<ModelSummary> models;
  for (const auto& [id, path] : FindModelFiles(folders)) {
    try {
      models.push_back(ReadModelSummary(path));
    } catch (const Error& error) {
      ModelSummary broken;
      broken.id = id;
      broken.path = path;
      broken.error = error.what();
      models.push_back(std::move(broken));
    }
  }
  return models;
}

fs::path ResolveModel(const std::string& name_or_path, const std::vector<fs::path>& folders) {
  std::error_code ignored;
  if (fs::is_regular_file(name_or_path, ignored)) return name_or_path;
  const std::map<std::string, fs::path> files = FindModelFiles(folders);
  if (IsPlainName(name_or_path)) {
    for (const std::string& id : {name_or_path, fs::path(name_or_path).stem().string()}) {
      const auto found = files.find(id);
      if (found != files.end() && (id == name_or_path || name_or_path == id + kExtension)) {
        return found->second;
      }
    }
    const std::vector<std::string> ids = IdsThatStartWith(files, name_or_path);
    if (ids.size() == 1) return files.at(ids[0]);
    if (ids.size() > 1) {
      Fail(ErrorCode::kInvalidArgument, "\"{}\" may be any of: {}; give the whole name",
           name_or_path, fmt::join(ids, ", "));
    }
  }
  std::vector<std::string> known;
  for (const auto& [id, path] : files) known.push_back(id);
  Fail(ErrorCode::kNotFound, "there is no model \"{}\"; {}", name_or_path,
       known.empty() ? "no models are installed"
                     : fmt::format("these are: {}", fmt::join(known, ", ")));
}

}  // namespace pioneer
