// Why: tests publish a random model as Hugging Face's library would, to read it back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "text/vocabulary.h"

namespace pioneer {

struct Published {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

// Pairs of what is replaced, once each, and by what.
using Renames = std::vector<std::pair<std::string, std::string>>;
inline std::string Renamed(std::string name, const Renames& renames) {
  for (const auto& [from, to] : renames) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  return name;
}

inline std::vector<float> ValuesOf(const Tensor& tensor) {
  const auto* data = reinterpret_cast<const float*>(tensor.data);
  return {data, data + tensor.rows() * tensor.cols()};
}
inline Published PublishFloats(const std::string& name, std::vector<int64_t> shape,
                               const std::vector<float>& values) {
  return {name, "F32", std::move(shape),
          std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float))};
}

inline void WriteSafetensors(const fs::path& path, const std::vector<Published>& tensors) {
  Json header = Json::object();
  std::string data;
  for (const Published& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  const std::string text = DumpJson(header);
  const uint64_t n = text.size();
  WriteFileAtomically(path, std::string(reinterpret_cast<const char*>(&n), sizeof n) + text + data);
}

inline Json TokenizerJson(const Vocabulary& vocabulary) {
  Json tokens = Json::object(), added = Json::array();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& token = vocabulary.tokens[id];
    if (vocabulary.types[id] == TokenType::kControl) {
      added.push_back({{"id", id}, {"content", token}, {"special", true}, {"normalized", false}});
    } else {
      tokens[token] = id;
    }
  }
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model", {{"type", "BPE"}, {"vocab", tokens}, {"merges", vocabulary.merges}}}};
}

inline void WriteShards(const fs::path& folder, const std::vector<Published>& tensors) {
  const auto middle = tensors.begin() + static_cast<long>(tensors.size() / 2);
  WriteSafetensors(folder / "model-00001-of-00002.safetensors", {tensors.begin(), middle});
  WriteSafetensors(folder / "model-00002-of-00002.safetensors", {middle, tensors.end()});
  Json index = Json::object();
  for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
    index[tensor->name] =
        tensor < middle ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
  }
  WriteFileAtomically(folder / "model.safetensors.index.json",
                      DumpJson(Json{{"weight_map", index}}));
}

// The logits after each token of a text.
inline std::vector<float> FolderLogits(const fs::path& path) {
  ModelRunner runner(path);
  KvSequence kv(runner.pages());
  const Matrix& logits = runner.Step({{&kv, 0, {5, 70, 12, 101, 33, 8, 260, 44}, true}});
  return {logits.data(), logits.data() + logits.rows() * logits.cols()};
}

}  // namespace pioneer
