#include "serve/search/search_fields.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/log.h"

namespace pioneer::serve {
namespace {

constexpr size_t kMaxSources = 100;
constexpr size_t kMaxNameBytes = 256;
constexpr size_t kMaxLocationBytes = 4096;
constexpr size_t kMaxPatterns = 100;
constexpr int64_t kYearSeconds = int64_t{366} * 24 * 3600;
constexpr std::array<std::string_view, 4> kLanguages = {"en", "ko", "ja", "code"};

std::string ShortText(const FieldReader& fields, const char* name, size_t max_bytes) {
  std::string text = fields.String(name).value_or("");
  if (text.size() > max_bytes)
    throw InvalidField(fields.Path(name),
                       fmt::format("must not be longer than {} bytes", max_bytes));
  return text;
}

std::vector<std::string> ReadTexts(const FieldReader& fields, const char* name, size_t max_items) {
  std::vector<std::string> texts;
  const Json* array = fields.Array(name);
  if (array == nullptr) return texts;
  if (array->size() > max_items)
    throw InvalidField(fields.Path(name), fmt::format("must have at most {}", max_items));
  for (size_t i = 0; i < array->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", fields.Path(name), i);
    texts.push_back(RequireString((*array)[i], path));
    if (texts.back().size() > kMaxLocationBytes) throw InvalidField(path, "is too long");
  }
  return texts;
}

search::SourceKind ReadKind(const FieldReader& body) {
  const std::string name = body.String("kind").value_or("");
  for (const auto kind : {search::SourceKind::kFiles, search::SourceKind::kSite,
                          search::SourceKind::kFeed, search::SourceKind::kPage}) {
    if (name == search::SourceKindName(kind)) return kind;
  }
  throw InvalidField("kind", "must be files, site, feed or page");
}

}  // namespace

SearchSettings ReadSearchSettings(const FieldReader& fields) {
  constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
  SearchSettings settings;
  settings.filter.source_ids = ReadTexts(fields, "sources", kMaxSources);
  settings.filter.languages = ReadTexts(fields, "languages", kLanguages.size());
  for (const std::string& language : settings.filter.languages) {
    if (std::find(kLanguages.begin(), kLanguages.end(), language) == kLanguages.end()) {
      throw InvalidField(fields.Path("languages"), "has en, ko, ja, code only");
    }
  }
  settings.filter.from_ms = fields.Int("from", 0, kForever);
  settings.filter.until_ms = fields.Int("until", 0, kForever);
  settings.web = fields.Bool("web").value_or(false);
  const std::string unsupported = fields.String("unsupported").value_or("drop");
  if (unsupported != "drop" && unsupported != "mark")
    throw InvalidField(fields.Path("unsupported"), "must be drop or mark");
  if (unsupported == "mark") settings.unsupported = search::Unsupported::kMark;
  return settings;
}

OrderedJson SearchSettingsJson(const SearchSettings& settings) {
  OrderedJson json = OrderedJson::object();
  const search::RetrievalFilter& filter = settings.filter;
  if (!filter.source_ids.empty()) json["sources"] = filter.source_ids;
  if (!filter.languages.empty()) json["languages"] = filter.languages;
  if (filter.from_ms) json["from"] = *filter.from_ms;
  if (filter.until_ms) json["until"] = *filter.until_ms;
  if (settings.web) json["web"] = true;
  if (settings.unsupported == search::Unsupported::kMark) json["unsupported"] = "mark";
  return json;
}

search::NewSource ReadNewSource(const FieldReader& body) {
  search::NewSource source;
  source.name = ShortText(body, "name", kMaxNameBytes);
  search::SourceSettings& settings = source.settings;
  settings.kind = ReadKind(body);
  settings.location = ShortText(body, "location", kMaxLocationBytes);
  if (settings.location.empty() || settings.location.find('\0') != std::string::npos) {
    throw InvalidField("location", "is missing, or no path or address");
  }
  settings.include = ReadTexts(body, "include", kMaxPatterns);
  settings.exclude = ReadTexts(body, "exclude", kMaxPatterns);
  settings.max_documents =
      static_cast<int>(body.Int("max_documents", 1, 10'000'000).value_or(settings.max_documents));
  settings.max_depth =
      static_cast<int>(body.Int("max_depth", 0, 1000).value_or(settings.max_depth));
  settings.allow_private_addresses = body.Bool("allow_private_addresses").value_or(false);
  source.sync_every_seconds = body.Int("sync_every_seconds", 0, kYearSeconds).value_or(0);
  return source;
}

search::Library& RequireLibrary(Service& service) {
  if (service.options.library) return *service.options.library;
  throw ApiError(404, "invalid_request_error", "no_library", "",
                 "this service has no library to search");
}

std::shared_ptr<search::Retriever> RequireRetriever(Service& service, bool web) {
  search::Retriever& library = RequireLibrary(service).retriever();
  if (!web) return {service.options.library, &library};
  if (service.options.web) {
    return std::make_shared<search::WebRetriever>(*service.options.web, library);
  }
  throw ApiError(400, "invalid_request_error", "no_web_search", "web",
                 "web: no web search is set up here: whoever runs the service can start it with "
                 "--web-search");
}

std::shared_ptr<Generator> FindWriter(Service& service, const std::string& model) {
  try {
    return service.models.Find(model);
  } catch (const std::exception& error) {
    spdlog::info("searching without a model: {}", error.what());
    return nullptr;
  }
}

}  // namespace pioneer::serve
