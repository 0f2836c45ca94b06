// Why: finding by meaning is tested with vectors that the test knows.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "search/embedder.h"

namespace pioneer::search {

// A text's vector is the sum of its words' axes. Words without one mean nothing. Thread-safe.
class FakeEmbedder : public Embedder {
 public:
  static constexpr int kDimensions = 8;

  explicit FakeEmbedder(std::map<std::string, int> axes, std::string fingerprint = "fake")
      : axes_(std::move(axes)), info_{"fake-embed", std::move(fingerprint), kDimensions} {}

  const EmbedderInfo& info() const override { return info_; }

  std::vector<std::vector<float>> Embed(const std::vector<std::string>& texts,
                                        const CancelToken& cancel) override {
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : texts) {
      cancel.Check();
      if (on_text) on_text(text);
      std::vector<float> vector(kDimensions);
      vector.back() = 0.01f;
      for (const auto& [word, axis] : axes_) {
        if (text.find(word) != std::string::npos) vector[static_cast<size_t>(axis)] += 1;
      }
      vectors.push_back(std::move(vector));
      ++n_texts;
    }
    return vectors;
  }

  std::function<void(const std::string&)> on_text;  // may throw
  std::atomic<int> n_texts = 0;

 private:
  const std::map<std::string, int> axes_;
  const EmbedderInfo info_;
};

}  // namespace pioneer::search
