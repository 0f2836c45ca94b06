#include "cli/library_option.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "cli/generator_option.h"
#include "cli/model_option.h"
#include "search/rank/generator_embedder.h"
#include "store/key_store.h"

namespace pioneer {
namespace {

constexpr int kEmbedderKvMib = 512;  // for some texts at a time, in models that need it

// What tells a model's files from others: their sizes and bytes here and there, the beginning and
// the end among them. Copies have the same; a model trained anew does not.
std::string FingerprintOf(const fs::path& model) {
  constexpr size_t kPieces = 32, kPieceBytes = 1 << 16;
  std::vector<fs::path> files;
  if (fs::is_directory(model)) {
    for (const auto& entry : fs::directory_iterator(model)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(model);
  }
  std::string read;
  for (const fs::path& path : files) {
    const MappedFile file(path);
    const size_t size = file.bytes().size();
    read += fmt::format("{}\n", size);
    for (size_t piece = 0; piece < kPieces && size > 0; ++piece) {
      const size_t last = size > kPieceBytes ? size - kPieceBytes : 0;
      const auto bytes = file.bytes().subspan(last / (kPieces - 1) * piece);
      read.append(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kPieceBytes));
    }
    const auto end = file.bytes().last(std::min(size, kPieceBytes));
    read.append(reinterpret_cast<const char*>(end.data()), end.size());
  }
  return Sha256Hex(read);
}

}  // namespace

void AddLibraryOption(CLI::App& command, std::string& place) {
  command.add_option("--library", place,
                     "The folder of what is searched, or postgresql://USER@HOST/DATABASE; default: "
                     "search in the data folder");
}

void AddEmbedderOption(CLI::App& command, std::string& model) {
  command
      .add_option("--embedder", model,
                  "A model that makes vectors of texts, by name or file: passages are found by "
                  "their meaning, too; none: by their words alone")
      ->type_name("MODEL")
      ->envname("PIONEER_EMBEDDER")
      ->default_val(kBuiltInEmbedder);
}

std::shared_ptr<search::Embedder> OpenEmbedder(const std::string& model,
                                               std::shared_ptr<ThreadPool> threads) {
  if (model == "none") return nullptr;
  const FoundModel found = FindModel(model);
  EngineFlags flags;
  flags.kv_mib = kEmbedderKvMib;
  return std::make_shared<search::GeneratorEmbedder>(
      LoadGenerator(found.id, found.path, flags, std::move(threads)), FingerprintOf(found.path));
}

std::shared_ptr<search::Library> OpenNamedLibrary(const std::string& place,
                                                  std::shared_ptr<search::Embedder> embedder) {
  search::LibraryOptions options;
  options.place = place;
  options.embedder = std::move(embedder);
  if (place.empty()) options.place = (PioneerHome() / "search").string();
  return search::OpenLibrary(options);
}

}  // namespace pioneer
