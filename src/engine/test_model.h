// Why: a model for the engine's own tests: exact, tiny, and it keeps its history nowhere but in the
// KV pages, so that a page that is wrong, lost or shared changes what it says.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"
#include "engine/generator.h"
#include "model/model.h"
#include "text/special_tokens.h"

namespace pioneer {

// Bytes, and a few special tokens.
class TestTokenizer : public Tokenizer {
 public:
  static constexpr int32_t kBos = 256, kEos = 257, kStart = 258, kEnd = 259, kThink = 260;

  TestTokenizer() {
    for (int i = 0; i < 256; ++i)
      vocabulary_.tokens.push_back(std::string(1, static_cast<char>(i)));
    vocabulary_.types.assign(256, TokenType::kNormal);
    for (const char* text : {"<s>", "</s>", "<|im_start|>", "<|im_end|>"}) {
      Add(text, TokenType::kControl);
    }
    Add("<think>", TokenType::kUserDefined);
    vocabulary_.bos_id = kBos;
    vocabulary_.eos_id = kEos;
    vocabulary_.add_bos = true;
  }

  std::vector<int32_t> Encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<int32_t> ids;
    if (options.add_special) ids.push_back(kBos);
    const SpecialTokenMatcher& matcher = options.parse_special ? all_ : user_defined_;
    for (size_t i = 0; i < text.size();) {
      const auto match = matcher.Find(text, i);
      const bool here = match.begin == i;
      ids.push_back(here ? match.id : static_cast<uint8_t>(text[i]));
      i += here ? match.length : 1;
    }
    return ids;
  }
  std::string TokenBytes(int32_t id, bool show_special = false) const override {
    if (id < 0 || id >= size() || (id >= 256 && id != kThink && !show_special)) return "";
    return vocabulary_.tokens[id];
  }
  std::string Decode(const std::vector<int32_t>& ids, bool show_special = false) const override {
    std::string text;
    for (const int32_t id : ids) text += TokenBytes(id, show_special);
    return RepairUtf8(text);
  }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  bool IsEndOfGeneration(int32_t id) const override { return id == kEos || id == kEnd; }
  int32_t FindToken(std::string_view token) const override {
    for (int32_t id = 0; id < size(); ++id) {
      if (vocabulary_.tokens[id] == token) return id;
    }
    return -1;
  }

 private:
  void Add(const std::string& text, TokenType type) {
    const auto id = static_cast<int32_t>(vocabulary_.tokens.size());
    vocabulary_.tokens.push_back(text);
    vocabulary_.types.push_back(type);
    all_.Add(text, id);
    if (type == TokenType::kUserDefined) user_defined_.Add(text, id);
  }

  Vocabulary vocabulary_;
  SpecialTokenMatcher all_, user_defined_;
};

class TestModel : public Model {
 public:
  // The next token after this history; -1 = any, from a distribution that is a hash of the history.
  using Program = std::function<int32_t(const std::vector<int32_t>& history)>;

  explicit TestModel(int context_length, Program program = nullptr) : program_(std::move(program)) {
    config_.architecture = "test";
    config_.name = "test-model";
    config_.n_layers = config_.n_heads = config_.n_kv_heads = config_.head_dim = 1;
    config_.vocab_size = tokenizer_.size();
    config_.context_length = context_length;
    config_.n_parameters = 3'900'000;
    config_.quantization = "Q8_0";
  }

  // It then also keeps a hash of its history in a recurrent state, and says something else when
  // that is not the history's.
  void MakeRecurrent() { memory_.state_floats = 2; }

  // Says `text` after any prompt that ends in '>' or ':', and EOS after it.
  static Program Saying(const std::string& text) {
    return [text](const std::vector<int32_t>& history) -> int32_t {
      size_t last = history.size();
      while (last > 0 && history[last - 1] != '>' && history[last - 1] != ':') --last;
      const size_t n_said = history.size() - last;
      return n_said < text.size() ? static_cast<uint8_t>(text[n_said]) : TestTokenizer::kEos;
    };
  }

  const ModelConfig& config() const override { return config_; }
  const MemoryPlan& memory() const override { return memory_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const std::string& chat_template() const override { return chat_template_; }
  const AdapterSites& adapter_sites() const override { return adapter_sites_; }

  void Forward(ThreadPool&, const StepBatch& batch, Matrix& logits) override {
    ++n_steps;
    max_rows = std::max(max_rows.load(), static_cast<int>(batch.tokens.size()));
    if (on_forward) on_forward(batch);
    std::vector<std::vector<int32_t>> histories;
    size_t next_output = 0;
    for (const StepBatch::Sequence& sequence : batch.sequences) {
      for (int row = 0; row < sequence.n_rows; ++row) {
        const int position = sequence.position + row, batch_row = sequence.first_row + row;
        *Slot(*sequence.kv, position) = static_cast<uint16_t>(batch.tokens[batch_row]);
        n_rows_run++;
        if (memory_.state_floats > 0) FollowState(*sequence.kv, position, batch.tokens[batch_row]);
        if (next_output == batch.output_rows.size()) continue;
        if (batch.output_rows[next_output] != batch_row) continue;
        ++next_output;
        histories.push_back(ReadHistory(*sequence.kv, position + 1));
        if (memory_.state_floats > 0) CheckState(*sequence.kv, histories.back());
      }
    }
    logits.Resize(static_cast<int64_t>(histories.size()), config_.vocab_size);
    for (size_t i = 0; i < histories.size(); ++i) {
      FillLogits(histories[i], logits.row(static_cast<int64_t>(i)));
    }
  }

  bool can_generate() const override { return true; }
  const EmbeddingInfo& embedding() const override { return embedding_; }

  // (first token, last token, number of tokens) of each text.
  void EmbedTexts(ThreadPool&, const StepBatch& batch, Matrix& out) override {
    ++n_steps;
    out.Resize(static_cast<int64_t>(batch.sequences.size()), embedding_.size);
    for (int64_t i = 0; i < out.rows(); ++i) {
      const StepBatch::Sequence& text = batch.sequences[static_cast<size_t>(i)];
      out.row(i)[0] = static_cast<float>(batch.tokens[text.first_row]);
      out.row(i)[1] = static_cast<float>(batch.tokens[text.first_row + text.n_rows - 1]);
      out.row(i)[2] = static_cast<float>(text.n_rows);
    }
  }

  // The logits after a history, for tests that check log probabilities.
  void FillLogits(const std::vector<int32_t>& history, float* row) const {
    uint64_t hash = 1469598103934665603u;
    for (const int32_t id : history) hash = (hash ^ static_cast<uint64_t>(id)) * 1099511628211u;
    Random random(hash);
    for (int id = 0; id < config_.vocab_size; ++id) {
      row[id] = static_cast<float>(4 * random.Uniform());
      if (id >= 128 && id < 256) row[id] -= 20;  // ASCII, mostly
      if (tokenizer_.IsEndOfGeneration(id)) row[id] -= 4;
    }
    const int32_t next = program_ ? program_(history) : -1;
    if (next >= 0) row[next] = 50;
    if (broken) row[7] = std::numeric_limits<float>::quiet_NaN();
  }

  std::function<void(const StepBatch&)> on_forward;
  const AdapterSites adapter_sites_;
  std::string chat_template_;
  std::atomic<int> n_steps{0};
  std::atomic<int> max_rows{0};
  std::atomic<int> n_rows_run{0};
  std::atomic<bool> broken{false};

 private:
  // {tokens seen, their hash}, both exact in a float.
  static float NextHash(float hash, int32_t token) {
    return static_cast<float>((static_cast<int64_t>(hash) * 31 + token + 1) % 1000003);
  }
  static void FollowState(KvSequence& kv, int position, int32_t token) {
    float* const state = kv.state();
    if (state[0] != static_cast<float>(position)) state[1] = -1;  // never right again
    state[0] += 1;
    if (state[1] >= 0) state[1] = NextHash(state[1], token);
  }
  static void CheckState(KvSequence& kv, std::vector<int32_t>& history) {
    float hash = 0;
    for (const int32_t token : history) hash = NextHash(hash, token);
    if (hash != kv.state()[1]) history.push_back('?');
  }
  static uint16_t* Slot(const KvSequence& kv, int position) {
    return reinterpret_cast<uint16_t*>(kv.k_pages(0)[position / kKvPageTokens]) +
           position % kKvPageTokens;
  }
  static std::vector<int32_t> ReadHistory(const KvSequence& kv, int n) {
    std::vector<int32_t> history(n);
    for (int i = 0; i < n; ++i) history[i] = *Slot(kv, i);
    return history;
  }

  TestTokenizer tokenizer_;
  ModelConfig config_;
  EmbeddingInfo embedding_{Pooling::kLast, 3, true, {}};
  MemoryPlan memory_ = MemoryPlan::Uniform(1, 1, 1);
  Program program_;
};

// A whole answer, as a client puts it together.
struct Collected {
  std::map<int, std::string> texts;
  std::map<int, FinishEvent> finishes;
  std::map<int, std::vector<TokenInfo>> tokens;
  UsageEvent usage;
  int n_text_events = 0;

  FinishReason reason() const { return finishes.at(0).reason; }
};

inline void Take(Collected& all, GenerationEvent event) {
  if (auto* text = std::get_if<TextEvent>(&event)) {
    ++all.n_text_events;
    all.texts[text->index] += text->text;
    for (TokenInfo& info : text->tokens) all.tokens[text->index].push_back(std::move(info));
  } else if (auto* finish = std::get_if<FinishEvent>(&event)) {
    all.finishes[finish->index] = *finish;
  } else if (auto* usage = std::get_if<UsageEvent>(&event)) {
    all.usage = *usage;
  }
}

inline Collected Collect(Generation& generation) {
  Collected all;
  while (auto event = generation.Next()) Take(all, std::move(*event));
  return all;
}

}  // namespace pioneer
