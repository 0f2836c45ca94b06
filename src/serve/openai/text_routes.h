// Why: endpoints beside chat and completions: texts in, numbers out.
#pragma once

#include "serve/service.h"

namespace pioneer::serve::openai {

inline constexpr int kMaxEmbeddingTexts = 2048;  // OpenAI's
inline constexpr int kMaxRerankDocuments = 1024;

void Embeddings(Service& service, const HttpRequest& request, ServeWriter& writer);
void Rerank(Service& service, const HttpRequest& request, ServeWriter& writer);

}  // namespace pioneer::serve::openai
