#include "model/hub/catalogue.h"

#include "base/error.h"
#include "model/hub/model_reference.h"
#include "model/huggingface/config.h"
#include "net/http_message.h"

namespace pioneer {

std::vector<CatalogueEntry> ReadCatalogue(const fs::path& path) {
  const Json json = ReadModelJson(path);
  const auto models = json.find("models");
  if (models == json.end() || !models->is_array()) {
    Fail(ErrorCode::kCorruptFile, "{}: there is no list \"models\"", path.string());
  }
  std::vector<CatalogueEntry> catalogue;
  for (const Json& model : *models) {
    try {
      CatalogueEntry entry;
      entry.name = model.at("name").get<std::string>();
      entry.model = model.at("model").get<std::string>();
      entry.bytes = model.at("bytes").get<int64_t>();
      entry.license = model.at("license").get<std::string>();
      entry.purpose = model.at("purpose").get<std::string>();
      if (!ParseModelReference(entry.model)) {
        Fail(ErrorCode::kCorruptFile, "\"{}\" is no \"owner/repo:type\"", entry.model);
      }
      catalogue.push_back(std::move(entry));
    } catch (const std::exception& error) {
      Fail(ErrorCode::kCorruptFile, "{}: entry {}: {}", path.string(), catalogue.size() + 1,
           error.what());
    }
  }
  return catalogue;
}

std::optional<CatalogueEntry> FindInCatalogue(const std::vector<CatalogueEntry>& catalogue,
                                              std::string_view name) {
  for (const CatalogueEntry& entry : catalogue) {
    if (EqualIgnoringCase(entry.name, name)) return entry;
  }
  return {};
}

}  // namespace pioneer
