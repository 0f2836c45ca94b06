#include "model/model_places.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "model/gguf_split.h"
#include "model/hub/blob_hash.h"
#include "model/hub/hub_cache.h"
#include "model/hub/hub_settings.h"
#include "model/huggingface/folder.h"

namespace pioneer {
namespace {

using Kind = ModelPlace::Kind;

constexpr size_t kMaxEntries = 20'000;  // looked at in one place
constexpr size_t kMaxManifestBytes = size_t{1} << 20;

// Names in a folder, in order; folders and files, links followed.
std::vector<fs::path> Entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end;
       !failure && entry != end && entries.size() < kMaxEntries; entry.increment(failure)) {
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(entry->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool IsFolder(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

// A model's file by its name; of several parts only the first.
bool IsModelFile(const fs::path& path) {
  const std::string name = path.filename().string();
  std::error_code failure;
  if (!name.ends_with(".gguf") || IsCompanionFile(name)) return false;
  const auto part = ParseGgufPartName(name);
  return (!part || part->number == 1) && fs::is_regular_file(path, failure);
}

bool HasSafetensors(const fs::path& folder) {
  const std::vector<fs::path> entries = Entries(folder);
  return std::any_of(entries.begin(), entries.end(),
                     [](const fs::path& entry) { return entry.extension() == ".safetensors"; });
}

// The file's name without ".gguf" and without a part's number.
std::string Stem(const fs::path& path) {
  const auto part = ParseGgufPartName(path.filename().string());
  return part ? part->stem : path.stem().string();
}

std::string IdInRepository(const std::string& repository, const fs::path& file) {
  const std::string variant = VariantOfFileName(file.filename().string());
  return repository + ":" + (variant.empty() ? Stem(file) : variant);
}

class Finder {
 public:
  std::vector<FoundModel> Take() { return std::move(found_); }

  void Find(const ModelPlace& place) {
    kind_ = place.kind;
    switch (place.kind) {
      case Kind::kFolder:
        return FindInFolder(place.folder);
      case Kind::kHubCache:
        return FindInHubCache(place.folder);
      case Kind::kOllama:
        return FindInOllama(place.folder);
      case Kind::kLmStudio:
        return FindInLmStudio(place.folder);
    }
  }

 private:
  void Add(std::string id, std::string alias, const fs::path& path) {
    if (ids_.insert(id).second) found_.push_back({std::move(id), std::move(alias), path, kind_});
  }

  void FindInFolder(const fs::path& folder) {
    for (const fs::path& path : Entries(folder)) {
      if (IsModelFile(path)) {
        Add(Stem(path), "", path);
      } else if (IsHuggingFaceFolder(path) && HasSafetensors(path)) {
        Add(path.filename().string(), "", path);
      }
    }
  }

  void FindInHubCache(const fs::path& cache) {
    for (const CachedRepository& repository : ListCachedRepositories(cache)) {
      const auto snapshot = repository.CurrentSnapshot();
      if (!snapshot) continue;
      const std::string id = repository.reference().id();
      AddRepositoryFiles(id, *snapshot, 2);
      if (IsHuggingFaceFolder(*snapshot) && HasSafetensors(*snapshot)) {
        Add(id, repository.reference().repository, *snapshot);
      }
    }
  }

  void AddRepositoryFiles(const std::string& repository, const fs::path& folder, int depth) {
    for (const fs::path& path : Entries(folder)) {
      if (IsModelFile(path)) Add(IdInRepository(repository, path), Stem(path), path);
      if (depth > 0 && IsFolder(path)) AddRepositoryFiles(repository, path, depth - 1);
    }
  }

  void FindInLmStudio(const fs::path& folder) {
    for (const fs::path& publisher : Entries(folder)) {
      for (const fs::path& repository : Entries(publisher)) {
        if (!IsFolder(repository)) continue;
        AddRepositoryFiles(publisher.filename().string() + "/" + repository.filename().string(),
                           repository, 0);
      }
    }
  }

  void FindInOllama(const fs::path& folder) {
    for (const fs::path& host : Entries(folder / "manifests")) {
      for (const fs::path& owner : Entries(host)) {
        for (const fs::path& name : Entries(owner)) {
          for (const fs::path& tag : Entries(name)) AddManifest(folder, tag);
        }
      }
    }
  }

  void AddManifest(const fs::path& folder, const fs::path& manifest) {
    const fs::path blob = BlobOfManifest(folder, manifest);
    std::error_code failure;
    if (blob.empty() || !fs::is_regular_file(blob, failure)) return;
    const std::string tag = manifest.filename().string();
    const fs::path name = manifest.parent_path(), owner = name.parent_path();
    const std::string host = owner.parent_path().filename().string();
    std::string id = name.filename().string();
    if (owner.filename() != "library") id = owner.filename().string() + "/" + id;
    if (host != "registry.ollama.ai") id = host + "/" + id;
    Add(id + ":" + tag, tag == "latest" ? id : "", blob);
  }

  // Empty where it names none.
  static fs::path BlobOfManifest(const fs::path& folder, const fs::path& manifest) {
    constexpr std::string_view kModel = "application/vnd.ollama.image.model", kHash = "sha256:";
    try {
      const Json json = ParseJson(ReadFile(manifest, kMaxManifestBytes));
      for (const Json& layer : json.at("layers")) {
        if (layer.at("mediaType") != kModel) continue;
        const auto digest = layer.at("digest").get<std::string>();
        const std::string hash = digest.substr(std::min(digest.size(), kHash.size()));
        if (digest.starts_with(kHash) && hash.size() == 64 && IsBlobName(hash)) {
          return folder / "blobs" / ("sha256-" + hash);
        }
      }
    } catch (const std::exception&) {
      // Not a manifest, or not one of a model: another program's file, and its own affair.
    }
    return {};
  }

  Kind kind_ = Kind::kFolder;
  std::set<std::string> ids_;
  std::vector<FoundModel> found_;
};

}  // namespace

const char* ModelPlaceName(ModelPlace::Kind kind) {
  switch (kind) {
    case Kind::kFolder:
      return "folder";
    case Kind::kHubCache:
      return "huggingface";
    case Kind::kOllama:
      return "ollama";
    case Kind::kLmStudio:
      return "lmstudio";
  }
  return "";
}

std::vector<ModelPlace> ModelPlaces(const std::vector<fs::path>& more) {
  const fs::path home = EnvironmentVariable("HOME");
  std::vector<ModelPlace> places = {{Kind::kFolder, PioneerHome() / "models"}};
  for (const fs::path& folder : more) places.push_back({Kind::kFolder, folder});
  places.push_back({Kind::kHubCache, HubSettings::FromEnvironment().cache});
  if (const std::string ollama = EnvironmentVariable("OLLAMA_MODELS"); !ollama.empty()) {
    places.push_back({Kind::kOllama, ollama});
  } else {
    places.push_back({Kind::kOllama, home / ".ollama/models"});
    places.push_back({Kind::kOllama, "/usr/share/ollama/.ollama/models"});
  }
  places.push_back({Kind::kLmStudio, home / ".lmstudio/models"});
  places.push_back({Kind::kLmStudio, home / ".cache/lm-studio/models"});
  return places;
}

std::vector<FoundModel> FindModels(const std::vector<ModelPlace>& places) {
  Finder finder;
  for (const ModelPlace& place : places) finder.Find(place);
  return finder.Take();
}

}  // namespace pioneer
