#include "model/hub/hub_settings.h"

#include <cstdlib>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr char kDefaultEndpoint[] = "https://huggingface.co";
constexpr size_t kMaxTokenBytes = 4096;

fs::path HubHome() {
  if (const std::string home = EnvironmentVariable("HF_HOME"); !home.empty()) return home;
  if (const std::string cache = EnvironmentVariable("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface";
  }
  return fs::path(EnvironmentVariable("HOME")) / ".cache/huggingface";
}

std::string Trimmed(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string ReadToken() {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const std::string token = Trimmed(EnvironmentVariable(name)); !token.empty()) return token;
  }
  const std::string path = EnvironmentVariable("HF_TOKEN_PATH");
  const fs::path file = path.empty() ? HubHome() / "token" : fs::path(path);
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return "";
  return Trimmed(ReadFile(file, kMaxTokenBytes));
}

}  // namespace

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

HubSettings HubSettings::FromEnvironment() {
  HubSettings settings;
  settings.endpoint = EnvironmentVariable("HF_ENDPOINT");
  if (settings.endpoint.empty()) settings.endpoint = kDefaultEndpoint;
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  settings.token = ReadToken();
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (settings.cache.empty()) settings.cache = EnvironmentVariable(name);
  }
  if (settings.cache.empty()) settings.cache = HubHome() / "hub";
  return settings;
}

}  // namespace pioneer
