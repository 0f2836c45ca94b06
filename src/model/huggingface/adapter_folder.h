// Why: an adapter of PEFT's as its two files hold it, wherever they came from.
#pragma once

#include <string>

#include "base/json.h"
#include "model/adapter_file.h"
#include "model/huggingface/safetensors.h"

namespace pioneer {

// What ReadAdapterFolder() makes of adapter_config.json, an object, and adapter_model.safetensors.
// `name` is what messages call the adapter. The bytes of the weights must stay alive unless owned.
AdapterFile ReadPeftAdapter(const Json& config, const Safetensors& weights, const std::string& name,
                            const ModelConfig& model);

}  // namespace pioneer
