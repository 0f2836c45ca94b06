// Why: any model that embeds makes the vectors of search.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/generator.h"
#include "search/embedder.h"

namespace pioneer::search {

class GeneratorEmbedder : public Embedder {
 public:
  // `fingerprint`: of the model's files. Throws Error{kUnsupported} for a model that makes no
  // vectors.
  GeneratorEmbedder(std::shared_ptr<Generator> model, std::string fingerprint);

  const EmbedderInfo& info() const override { return info_; }
  std::vector<std::vector<float>> Embed(const std::vector<std::string>& texts,
                                        const CancelToken& cancel) override;

 private:
  std::vector<int32_t> TokensOf(const std::string& text) const;

  const std::shared_ptr<Generator> model_;
  EmbedderInfo info_;
  size_t most_tokens_ = 0;
  bool ends_with_mark_ = false;  // every text, as the model was trained
};

}  // namespace pioneer::search
