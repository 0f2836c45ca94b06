// Why: metadata that no table says: of some families it must be computed.
#pragma once

#include "model/gguf.h"
#include "model/huggingface/config.h"

namespace pioneer {

// Each adds the keys of one family, behind those that all families share. All throw
// Error{kCorruptFile} for what is missing or makes no sense, kUnsupported for what GGUF cannot say.
void AddExaone4Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddOlmo2Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddGemma3Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddGemma4Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddGpt2Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddGptOssKeys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddPhi3Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddLfm2Keys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddDeepSeekKeys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddBertKeys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddRobertaKeys(const HuggingFaceConfig& config, GgufWriter& writer);
void AddQwen35Keys(const HuggingFaceConfig& config, GgufWriter& writer);

}  // namespace pioneer
