#include "model/hub/pull.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"
#include "base/progress.h"
#include "model/gguf_split.h"
#include "model/hub/download.h"
#include "model/hub/hub_cache.h"
#include "model/huggingface/config.h"
#include "model/huggingface/families.h"

namespace pioneer {
namespace {

// Left free on the disk for everything else.
constexpr int64_t kSpareBytes = int64_t{256} << 20;
constexpr char kConfigName[] = "config.json";

bool SameText(std::string_view a, std::string_view b) { return EqualIgnoringCase(a, b); }

std::string FileName(const HubFile& file) { return fs::path(file.path).filename().string(); }

// Files by the model that they are parts of: the path, without a part's number.
std::map<std::string, std::vector<HubFile>> GgufModels(const HubRepository& repository) {
  std::map<std::string, std::vector<HubFile>> models;
  for (const HubFile& file : repository.files) {
    const std::string name = FileName(file);
    if (!name.ends_with(".gguf") || IsCompanionFile(name)) continue;
    const auto part = ParseGgufPartName(name);
    const fs::path folder = fs::path(file.path).parent_path();
    models[(folder / (part ? part->stem + ".gguf" : name)).string()].push_back(file);
  }
  for (auto& [name, files] : models) {
    std::sort(files.begin(), files.end(),
              [](const HubFile& a, const HubFile& b) { return a.path < b.path; });
  }
  return models;
}

std::string VariantOf(const std::string& model_path) {
  const std::string name = fs::path(model_path).filename().string();
  const std::string variant = VariantOfFileName(name);
  return variant.empty() ? fs::path(name).stem().string() : variant;
}

bool IsFolderFile(const HubFile& file) {
  static constexpr std::string_view kNames[] = {kConfigName,
                                                "generation_config.json",
                                                "tokenizer.json",
                                                "tokenizer_config.json",
                                                "special_tokens_map.json",
                                                "chat_template.jinja",
                                                "tokenizer.model",
                                                "vocab.json",
                                                "merges.txt",
                                                "vocab.txt",
                                                "added_tokens.json",
                                                "model.safetensors.index.json"};
  if (file.path.find('/') != std::string::npos) return false;
  if (std::find(std::begin(kNames), std::end(kNames), file.path) != std::end(kNames)) return true;
  return file.path.starts_with("model") && file.path.ends_with(".safetensors");
}

FilesToPull FolderFiles(const HubRepository& repository) {
  FilesToPull chosen;
  chosen.is_folder = true;
  bool has_config = false, has_weights = false;
  for (const HubFile& file : repository.files) {
    if (!IsFolderFile(file)) continue;
    has_config |= file.path == kConfigName;
    has_weights |= file.path.ends_with(".safetensors");
    chosen.files.push_back(file);
  }
  if (!has_config || !has_weights) {
    Fail(ErrorCode::kNotFound, "{} has neither GGUF files nor safetensors with a {}",
         repository.reference.id(), kConfigName);
  }
  // The small ones first: what they say may make the others useless.
  std::stable_sort(chosen.files.begin(), chosen.files.end(),
                   [](const HubFile& a, const HubFile& b) { return a.bytes < b.bytes; });
  return chosen;
}

void CheckSpace(const fs::path& cache, int64_t needed) {
  fs::path existing = fs::absolute(cache);
  std::error_code failure;
  while (!fs::exists(existing, failure) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  const fs::space_info space = fs::space(existing, failure);
  if (failure || static_cast<int64_t>(space.available) >= needed + kSpareBytes) return;
  Fail(ErrorCode::kIo,
       "{} are to be downloaded, but the disk of {} has only {} left; free some, take a smaller "
       "type, or set HF_HOME to another disk",
       FormatBytes(static_cast<double>(needed)), existing.string(),
       FormatBytes(static_cast<double>(space.available)));
}

// A class that this program does not have is told before gigabytes are fetched.
void CheckClass(const fs::path& config_path) {
  const HuggingFaceConfig config(ReadModelJson(config_path), config_path.string());
  if (FindModelFamily(config.class_name()) != nullptr) return;
  Fail(ErrorCode::kUnsupported,
       "this is a model of class \"{}\", which this program cannot run (it can: {})",
       config.class_name().substr(0, 64), KnownModelClasses());
}

class Puller {
 public:
  Puller(const ModelReference& reference, const PullOptions& options)
      : options_(options),
        client_(options.client),
        repository_(client_.Describe(reference)),
        chosen_(ChooseModelFiles(repository_, reference.variant)),
        cache_(options.client.settings.cache, reference) {}

  PulledModel Pull() {
    int64_t here = 0;
    for (const HubFile& file : chosen_.files) {
      state_.bytes_total += file.bytes;
      here += BytesInCache(cache_, file);
    }
    CheckSpace(options_.client.settings.cache, state_.bytes_total - here);
    state_.n_files = static_cast<int>(chosen_.files.size());
    for (const HubFile& file : chosen_.files) PullFile(file);
    cache_.SetMain(repository_.commit);
    return Result();
  }

 private:
  void PullFile(const HubFile& file) {
    ++state_.file_number;
    state_.file = file.path;
    const int64_t before = state_.bytes_done;
    int64_t last = -1;
    DownloadBlob(client_, repository_, file, cache_, [&](int64_t bytes) {
      if (last >= 0 && bytes > last) state_.bytes_received += bytes - last;
      last = bytes;
      state_.bytes_done = before + bytes;
      if (options_.on_progress) options_.on_progress(state_);
    });
    cache_.Link(repository_.commit, file.path, file.blob);
    if (chosen_.is_folder && file.path == kConfigName) {
      CheckClass(cache_.SnapshotPath(repository_.commit) / kConfigName);
    }
  }

  PulledModel Result() const {
    PulledModel model;
    model.id = repository_.reference.id();
    if (!chosen_.variant.empty()) model.id += ":" + chosen_.variant;
    model.path = cache_.SnapshotPath(repository_.commit);
    if (!chosen_.is_folder) model.path /= chosen_.files.front().path;
    model.bytes = state_.bytes_total;
    model.was_there = state_.bytes_received == 0;
    return model;
  }

  const PullOptions& options_;
  const HubClient client_;
  const HubRepository repository_;
  const FilesToPull chosen_;
  const CachedRepository cache_;
  PullProgress state_;
};

}  // namespace

FilesToPull ChooseModelFiles(const HubRepository& repository, const std::string& variant) {
  const auto models = GgufModels(repository);
  if (models.empty() && variant.empty()) return FolderFiles(repository);
  std::vector<std::string> names, variants;
  for (const auto& [name, files] : models) {
    names.push_back(name);
    variants.push_back(VariantOf(name));
  }
  const auto chosen = [&](size_t i) {
    return FilesToPull{variants[i], models.at(names[i]), false};
  };
  if (variant.empty()) return chosen(BestVariant(variants));
  for (size_t i = 0; i < names.size(); ++i) {
    const fs::path path = names[i];
    if (SameText(variants[i], variant) || names[i] == variant || path.filename() == variant ||
        path.stem() == variant) {
      return chosen(i);
    }
  }
  Fail(ErrorCode::kNotFound, "{} has no \"{}\"; {}", repository.reference.id(), variant,
       variants.empty() ? "it has no GGUF files at all"
                        : fmt::format("it has: {}", fmt::join(variants, ", ")));
}

PulledModel PullModel(const ModelReference& reference, const PullOptions& options) {
  return Puller(reference, options).Pull();
}

}  // namespace pioneer
