// Why: the table of architectures. A new one is a file with a load function and a line here.
#include "model/model.h"

#include "base/error.h"
#include "model/gguf.h"
#include "model/llama.h"

namespace pioneer {
namespace {

struct Architecture {
  const char* name;  // general.architecture
  std::unique_ptr<Model> (*load)(std::shared_ptr<const GgufFile> file);
};

constexpr Architecture kArchitectures[] = {
    {"llama", LoadLlama},
    {"qwen2", LoadQwen2},
};

std::string KnownArchitectures() {
  std::string list;
  for (const Architecture& known : kArchitectures) {
    list += list.empty() ? "" : ", ";
    list += known.name;
  }
  return list;
}

}  // namespace

std::unique_ptr<Model> LoadModel(const fs::path& gguf_path) {
  auto file = GgufFile::Open(gguf_path);
  const std::string architecture = file->String("general.architecture");
  for (const Architecture& known : kArchitectures) {
    if (architecture != known.name) continue;
    try {
      return known.load(std::move(file));
    } catch (const std::bad_alloc&) {
      Fail(ErrorCode::kOutOfMemory, "{}: there is not enough memory to load this model",
           gguf_path.string());
    }
  }
  Fail(ErrorCode::kUnsupported, "{}: architecture \"{}\" is not supported (these are: {})",
       gguf_path.string(), architecture.substr(0, 64), KnownArchitectures());
}

}  // namespace pioneer
