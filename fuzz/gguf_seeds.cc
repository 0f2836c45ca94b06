// Why: the fuzzer of GGUF starts from a valid file of every architecture, cut where its weights
// begin. Argument: the folder to write to.
// room: model
#include <algorithm>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"
#include "model/random_presets.h"

namespace {

using namespace pioneer;

// So many zeros the fuzzer puts in the place of weights.
constexpr size_t kZeroWeightBytes = size_t{1} << 20;

std::string Header(const fs::path& path) {
  const std::string bytes = ReadFile(path, size_t{64} << 20);
  size_t begin = bytes.size();
  const auto file = GgufFile::Parse(std::as_bytes(std::span(bytes)), nullptr);
  for (const Tensor& tensor : file->tensors()) {
    begin = std::min<size_t>(begin, reinterpret_cast<const char*>(tensor.data) - bytes.data());
  }
  if (bytes.size() - begin > kZeroWeightBytes) {
    Fail(ErrorCode::kInvalidArgument, "{} has too many weights to fuzz", path.string());
  }
  return bytes.substr(0, begin);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path folder = argv[1];
  fs::create_directories(folder);
  for (const std::string& architecture : KnownArchitectures()) {
    RandomModelOptions options = RandomPreset(architecture);
    options.dtype = DType::kQ8_0;
    options.vocabulary = MakeByteVocabulary(260);
    options.chat_template = "{{ messages[0].content }}";
    const fs::path path = folder / architecture;
    WriteRandomModel(path, options);
    WriteFileAtomically(path, Header(path));
  }
  return 0;
}
