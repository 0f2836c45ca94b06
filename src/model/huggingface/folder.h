// Why: a model as it is published, a folder with config.json, tokenizer.json and safetensors, runs
// as it is, and becomes a GGUF file where one is wanted.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "base/file.h"
#include "model/gguf.h"

namespace pioneer {

// Whether this is a folder with a config.json.
bool IsHuggingFaceFolder(const fs::path& path);

// Tells the writer all of the model that lies in the folder: metadata, vocabulary, chat template,
// tensors (views of the mapped files where nothing is to be changed). Throws Error{kNotFound} for
// missing files, kCorruptFile for what contradicts itself, kUnsupported for a class of models or a
// type of numbers that this program does not have; the message says which there are.
void DescribeHuggingFaceFolder(const fs::path& folder, GgufWriter& writer);

// The same as an open file. Memory: that of the tensors whose numbers must be rearranged (of
// llama's a tenth, of experts in single tensors nearly all).
std::shared_ptr<const GgufFile> OpenHuggingFaceFolder(const fs::path& folder,
                                                      const CancelToken& cancel = {});

}  // namespace pioneer
