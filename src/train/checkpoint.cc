#include "train/checkpoint.h"

#include <lzma.h>

#include <cstring>
#include <string>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr char kMagic[8] = {'P', 'I', 'O', 'C', 'K', 'P', 'T', '2'};
constexpr size_t kPrefixBytes = sizeof kMagic + sizeof(uint64_t);

size_t DataOffset(size_t header_bytes) { return (kPrefixBytes + header_bytes + 63) / 64 * 64; }

// AtomicFile that sums what passes through it.
class SummedFile {
 public:
  explicit SummedFile(const fs::path& path) : file_(path) {}
  void Write(const void* data, size_t bytes) {
    sum_ = lzma_crc64(static_cast<const uint8_t*>(data), bytes, sum_);
    file_.Write(data, bytes);
  }
  void Write(std::span<const float> values) { Write(values.data(), values.size_bytes()); }
  void Commit() {
    const uint64_t sum = sum_;
    file_.Write(&sum, sizeof sum);
    file_.Commit();
  }

 private:
  AtomicFile file_;
  uint64_t sum_ = 0;
};

Json StateToJson(const TrainState& state) {
  return {{"stage", state.stage},
          {"step", state.step},
          {"stage_step", state.stage_step},
          {"tokens", state.tokens},
          {"stage_tokens", state.stage_tokens},
          {"seconds", state.seconds},
          {"stage_seconds", state.stage_seconds},
          {"skipped_steps", state.skipped_steps},
          {"skipped_in_a_row", state.skipped_in_a_row},
          {"recent_losses", state.recent_losses},
          {"recent_norms", state.recent_norms},
          {"optimizer_steps", state.optimizer_steps},
          {"validation_loss", state.validation_loss},
          {"data_position", state.data_position},
          {"lineage", state.lineage}};
}

TrainState StateFromJson(const Json& json) {
  TrainState state;
  json.at("stage").get_to(state.stage);
  json.at("step").get_to(state.step);
  json.at("stage_step").get_to(state.stage_step);
  json.at("tokens").get_to(state.tokens);
  json.at("stage_tokens").get_to(state.stage_tokens);
  json.at("seconds").get_to(state.seconds);
  json.at("stage_seconds").get_to(state.stage_seconds);
  json.at("skipped_steps").get_to(state.skipped_steps);
  json.at("skipped_in_a_row").get_to(state.skipped_in_a_row);
  json.at("recent_losses").get_to(state.recent_losses);
  json.at("recent_norms").get_to(state.recent_norms);
  json.at("optimizer_steps").get_to(state.optimizer_steps);
  json.at("validation_loss").get_to(state.validation_loss);
  state.data_position = json.at("data_position");
  state.lineage = json.value("lineage", "");
  return state;
}

[[noreturn]] void Refuse(const fs::path& path, const std::string& why) {
  Fail(ErrorCode::kCorruptFile,
       "the checkpoint {} is broken: {}. Restore it from a copy, or start a new run in another "
       "folder",
       path.string(), why);
}

}  // namespace

void SaveCheckpoint(const fs::path& path, const Json& model, const TrainState& state,
                    const TrainBuffer<float>& weights, const TrainBuffer<float>& optimizer) {
  SaveCheckpoint(path, model, state, weights, static_cast<int64_t>(optimizer.size()),
                 [&](const WriteFloats& write) { write(optimizer); });
}

void SaveCheckpoint(const fs::path& path, const Json& model, const TrainState& state,
                    const TrainBuffer<float>& weights, int64_t n_optimizer,
                    const std::function<void(const WriteFloats&)>& optimizer) {
  const std::string header = DumpJson(Json{{"model", model},
                                           {"n_parameters", weights.size()},
                                           {"n_optimizer", n_optimizer},
                                           {"state", StateToJson(state)}});
  const uint64_t header_bytes = header.size();
  SummedFile file(path);
  file.Write(kMagic, sizeof kMagic);
  file.Write(&header_bytes, sizeof header_bytes);
  file.Write(header.data(), header.size());
  const std::string padding(DataOffset(header.size()) - kPrefixBytes - header.size(), '\0');
  file.Write(padding.data(), padding.size());
  file.Write(weights);
  optimizer([&](std::span<const float> piece) { file.Write(piece); });
  file.Commit();
}

TrainState LoadCheckpointState(const fs::path& path) {
  const MappedFile file(path);  // replaced, never written to
  const std::span<const std::byte> bytes = file.bytes();
  uint64_t header_bytes = 0;
  if (bytes.size() < kPrefixBytes) Refuse(path, "it is too short");
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) Refuse(path, "it is no checkpoint");
  std::memcpy(&header_bytes, bytes.data() + sizeof kMagic, sizeof header_bytes);
  if (header_bytes > bytes.size() - kPrefixBytes) Refuse(path, "it is cut short");
  try {
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + kPrefixBytes;
    return StateFromJson(ParseJson({text, header_bytes}).at("state"));
  } catch (const Json::exception& error) {
    Refuse(path, error.what());
  }
}

Checkpoint LoadCheckpoint(const fs::path& path) {
  const MappedFile file(path);
  const std::span<const std::byte> bytes = file.bytes();
  uint64_t header_bytes = 0, sum = 0;
  if (bytes.size() < kPrefixBytes + sizeof sum) Refuse(path, "it is too short");
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) Refuse(path, "it is no checkpoint");
  const size_t summed = bytes.size() - sizeof sum;
  std::memcpy(&header_bytes, bytes.data() + sizeof kMagic, sizeof header_bytes);
  std::memcpy(&sum, bytes.data() + summed, sizeof sum);
  if (header_bytes > summed - kPrefixBytes) Refuse(path, "it is cut short");
  if (lzma_crc64(reinterpret_cast<const uint8_t*>(bytes.data()), summed, 0) != sum) {
    Refuse(path, "its checksum is wrong");
  }
  Checkpoint checkpoint;
  try {
    const Json header =
        ParseJson({reinterpret_cast<const char*>(bytes.data()) + kPrefixBytes, header_bytes});
    checkpoint.model = header.at("model");
    checkpoint.state = StateFromJson(header.at("state"));
    const size_t n_weights = header.at("n_parameters").get<size_t>();
    const size_t n_optimizer = header.at("n_optimizer").get<size_t>();
    const size_t offset = DataOffset(header_bytes);
    if (n_weights > summed || n_optimizer > summed ||
        offset + (n_weights + n_optimizer) * sizeof(float) != summed) {
      Refuse(path, "its size is wrong");
    }
    const std::byte* next = bytes.data() + offset;
    checkpoint.weights.resize(n_weights);
    std::memcpy(checkpoint.weights.data(), next, n_weights * sizeof(float));
    checkpoint.optimizer.resize(n_optimizer);
    std::memcpy(checkpoint.optimizer.data(), next + n_weights * sizeof(float),
                n_optimizer * sizeof(float));
  } catch (const Json::exception& error) {
    Refuse(path, error.what());
  }
  return checkpoint;
}

}  // namespace pioneer
