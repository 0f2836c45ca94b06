// Why: the llama architecture (Touvron et al. 2023, https://arxiv.org/abs/2302.13971; grouped-query
// attention: Ainslie et al. 2023) and its relatives that differ only in the layout of the rotation
// and in biases: Llama 1-3, Mistral, SmolLM, TinyLlama ("llama"); Qwen 2 and 2.5 ("qwen2").
#pragma once

#include <memory>

#include "model/gguf.h"
#include "model/model.h"

namespace pioneer {

// Throw Error{kCorruptFile, kUnsupported} as LoadModel does.
std::unique_ptr<Model> LoadLlama(std::shared_ptr<const GgufFile> file);
std::unique_ptr<Model> LoadQwen2(std::shared_ptr<const GgufFile> file);

}  // namespace pioneer
