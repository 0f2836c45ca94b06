// Why: where models are fetched from and kept, by the same variables as every program that uses
// Hugging Face, so that a model is downloaded once for all of them.
#pragma once

#include <string>

#include "base/file.h"

namespace pioneer {

struct HubSettings {
  std::string endpoint;  // HF_ENDPOINT, without a slash at the end
  // HF_TOKEN, else the file HF_TOKEN_PATH or $HF_HOME/token; "" = none.
  std::string token;
  // HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub, else
  // ~/.cache/huggingface/hub. May not exist yet.
  fs::path cache;

  static HubSettings FromEnvironment();
};

// A variable of the environment, "" when it is not set.
std::string EnvironmentVariable(const char* name);

}  // namespace pioneer
