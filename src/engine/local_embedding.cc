// Why: the half of LocalGenerator that turns texts into vectors and scores.
#include <cmath>
#include <utility>

#include "engine/local_generator.h"
#include "engine/validate.h"

namespace pioneer {
namespace {

using Text = std::variant<std::string, std::vector<int32_t>>;

std::vector<int32_t> EmbeddingTokens(const Tokenizer& tokenizer, const Text& text) {
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&text)) return *ids;
  std::vector<int32_t> tokens =
      tokenizer.Encode(std::get<std::string>(text), {.add_special = true, .parse_special = false});
  if (!tokens.empty()) return tokens;
  // An empty text, in a vocabulary without marks for its ends.
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const int32_t mark = vocabulary.bos_id >= 0 ? vocabulary.bos_id : vocabulary.eos_id;
  return mark < 0 ? tokens : std::vector<int32_t>{mark};
}

// BOS query EOS [SEP] document EOS, as far as the vocabulary has these; BERT's [SEP] is its EOS.
std::vector<int32_t> PairTokens(const Tokenizer& tokenizer, const std::string& query,
                                const std::string& document) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const bool ends = vocabulary.add_eos && vocabulary.eos_id >= 0;
  const int32_t end = ends ? vocabulary.eos_id : vocabulary.separator_id;
  std::vector<int32_t> tokens;
  const auto add = [&tokens](int32_t id) {
    if (id >= 0) tokens.push_back(id);
  };
  const auto add_text = [&](const std::string& text) {
    const std::vector<int32_t> ids = tokenizer.Encode(text, {});
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  };
  if (vocabulary.add_bos) add(vocabulary.bos_id);
  add_text(query);
  add(end);
  if (ends && vocabulary.add_separator) add(vocabulary.separator_id);
  add_text(document);
  add(end);
  return tokens;
}

void Normalize(std::vector<float>& vector) {
  double square = 0;
  for (const float x : vector) square += double{x} * x;
  const double length = std::sqrt(square);
  if (!(length > 0)) return;
  for (float& x : vector) x = static_cast<float>(x / length);
}

int64_t CountTokens(const std::vector<std::vector<int32_t>>& texts) {
  int64_t n = 0;
  for (const auto& text : texts) n += std::ssize(text);
  return n;
}

// Scores of a classifier with several labels are probabilities already.
double Relevance(float score, size_t n_labels) {
  return n_labels > 1 ? score : 1 / (1 + std::exp(-double{score}));
}

}  // namespace

std::vector<std::vector<float>> LocalGenerator::EmbedTokens(std::vector<std::vector<int32_t>> texts,
                                                            const std::vector<AdapterUse>& adapters,
                                                            CancelToken cancel) {
  ValidateAdapters(adapters);
  auto job = std::make_shared<EmbeddingJob>();
  job->texts = std::move(texts);
  job->adapters = MixOf(adapters);
  job->cancel = std::move(cancel);
  std::future<void> done = job->done.get_future();
  inbox_->Submit(job);
  done.get();
  for (const auto& row : job->rows) {
    for (const float x : row) {
      if (!std::isfinite(x)) {
        Fail(ErrorCode::kInternal, "the model's output is not finite; the file may be damaged");
      }
    }
  }
  return std::move(job->rows);
}

EmbeddingAnswer LocalGenerator::Embed(const EmbeddingRequest& request, CancelToken cancel) {
  if (!info_.abilities.embed) {
    Fail(ErrorCode::kUnsupported, "the model {} ranks documents; it makes no vectors", info_.id);
  }
  ValidateEmbedding(request, model_->config().vocab_size);
  std::vector<std::vector<int32_t>> texts;
  for (size_t i = 0; i < request.texts.size(); ++i) {
    texts.push_back(EmbeddingTokens(model_->tokenizer(), request.texts[i]));
    CheckTextLength(fmt::format("input[{}]", i), std::ssize(texts.back()), info_.context_length);
  }
  EmbeddingAnswer answer;
  answer.prompt_tokens = CountTokens(texts);
  answer.vectors = EmbedTokens(std::move(texts), request.adapters, std::move(cancel));
  for (auto& vector : answer.vectors) Normalize(vector);
  return answer;
}

RerankAnswer LocalGenerator::Rerank(const RerankRequest& request, CancelToken cancel) {
  if (!info_.abilities.rerank) {
    Fail(ErrorCode::kUnsupported,
         "the model {} has no head that scores documents; load a reranker (bge-reranker, ...)",
         info_.id);
  }
  std::vector<std::vector<int32_t>> texts;
  for (size_t i = 0; i < request.documents.size(); ++i) {
    texts.push_back(PairTokens(model_->tokenizer(), request.query, request.documents[i]));
    CheckTextLength(fmt::format("query with documents[{}]", i), std::ssize(texts.back()),
                    info_.context_length);
  }
  RerankAnswer answer;
  answer.prompt_tokens = CountTokens(texts);
  const size_t n_labels = model_->embedding().labels.size();
  for (const auto& row : EmbedTokens(std::move(texts), request.adapters, std::move(cancel))) {
    answer.scores.push_back(Relevance(row.at(0), n_labels));
  }
  return answer;
}

}  // namespace pioneer
