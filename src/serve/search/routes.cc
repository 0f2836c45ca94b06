// Why: the library's API, as docs/web-api.md says. Every visitor may ask; only an administrator
// changes what is there or sees where it comes from.
#include <fmt/format.h>

#include <charconv>

#include "net/sse.h"
#include "serve/administrator.h"
#include "serve/search/documents.h"
#include "serve/search/search_fields.h"
#include "serve/search/search_json.h"
#include "serve/search/v1_search.h"

namespace pioneer::serve {
namespace {

constexpr int64_t kChangesEveryMs = 500;
constexpr int kUsualFailures = 100;
constexpr int kMaxFailures = 1000;

search::Source RequireSource(search::Library& library, const std::string& id) {
  auto source = library.Find(id);
  if (!source) throw NotFoundError("there is no such source");
  return std::move(*source);
}

std::string ProviderName(const Service& service) {
  return service.options.web ? service.options.web->name() : "";
}

void ShowLibrary(Service& service, const HttpRequest& request, ServeWriter& writer) {
  writer.SendJson(200, LibraryJson(RequireLibrary(service).State(), ProviderName(service),
                                   IsAdministrator(service, request)));
}

void WatchLibrary(Service& service, const HttpRequest& request, ServeWriter& writer) {
  search::Library& library = RequireLibrary(service);
  const bool administrator = IsAdministrator(service, request);
  writer.StartEvents();
  int64_t seen = -1, last_ns = service.NowNs();
  std::string last;
  while (!writer.disconnected() && !service.stopping) {
    const int64_t now = library.AwaitChange(seen, kChangesEveryMs);
    if (now != seen) {
      seen = now;
      std::string state =
          DumpJson(LibraryJson(library.State(), ProviderName(service), administrator));
      if (state != last) {
        writer.Write(FormatSseEvent("library", state));
        last_ns = service.NowNs();
        last = std::move(state);
      }
      // At most twice a second, and gone clients are noticed as soon.
      std::this_thread::sleep_for(std::chrono::milliseconds(kChangesEveryMs));
    } else if (service.NowNs() - last_ns > service.options.stream_keep_alive_ms * 1'000'000) {
      writer.Write(FormatSseComment("ping"));
      last_ns = service.NowNs();
    }
  }
  writer.End();
}

// The library refuses it, too; here it has a code of its own.
void RefuseKnown(search::Library& library, const search::SourceSettings& asked) {
  for (const search::Source& source : library.State().sources) {
    if (source.settings.kind == asked.kind && source.settings.location == asked.location) {
      throw ApiError(400, "invalid_request_error", "exists", "location",
                     fmt::format("{} is a source already: {}", asked.location, source.name));
    }
  }
}

void AddSource(Service& service, const HttpRequest& request, ServeWriter& writer) {
  search::Library& library = RequireLibrary(service);
  const Json json = ParseBody(request.body);
  const search::NewSource asked = ReadNewSource(FieldReader(json, ""));
  RefuseKnown(library, asked.settings);
  writer.SendJson(201, SourceJson(library.Add(asked), true));
}

void SyncSource(Service& service, const HttpRequest& request, ServeWriter& writer) {
  search::Library& library = RequireLibrary(service);
  const std::string& id = request.PathParameter("id");
  library.Sync(id);
  writer.SendJson(202, SourceJson(RequireSource(library, id), true));
}

void StopSource(Service& service, const HttpRequest& request, ServeWriter& writer) {
  search::Library& library = RequireLibrary(service);
  const std::string& id = request.PathParameter("id");
  library.StopJob(id);
  writer.SendJson(202, SourceJson(RequireSource(library, id), true));
}

void RemoveSource(Service& service, const HttpRequest& request, ServeWriter& writer) {
  RequireLibrary(service).Remove(request.PathParameter("id"));
  writer.SendEmpty();
}

void ListFailures(Service& service, const HttpRequest& request, ServeWriter& writer) {
  search::Library& library = RequireLibrary(service);
  int limit = kUsualFailures;
  if (const auto text = request.Query("limit")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc() || end != text->data() + text->size() || limit < 1 ||
        limit > kMaxFailures) {
      throw InvalidField("limit", fmt::format("must be an integer from 1 to {}", kMaxFailures));
    }
  }
  const std::string& id = request.PathParameter("id");
  RequireSource(library, id);
  OrderedJson failures = OrderedJson::array();
  for (const search::ItemFailure& failure : library.Failures(id, limit)) {
    failures.push_back(FailureJson(failure));
  }
  writer.SendJson(200, {{"failures", std::move(failures)}});
}

}  // namespace

void AddSearchRoutes(Routes& routes) {
  routes.Add("GET", "/api/search/library", ShowLibrary);
  routes.Add("GET", "/api/search/library/live", WatchLibrary);
  routes.Add("GET", "/api/search/documents/{id}", ShowDocument);
  routes.Add("GET", "/api/search/documents/{id}/original", SendOriginal);
  routes.Add("POST", "/v1/search", SearchByProgram);
  const auto add = [&routes](const char* method, const char* pattern, ServeHandler handler) {
    routes.Add(method, pattern,
               [handler](Service& service, const HttpRequest& request, ServeWriter& writer) {
                 RequireAdministrator(service, request);
                 handler(service, request, writer);
               });
  };
  add("POST", "/api/search/sources", AddSource);
  add("POST", "/api/search/sources/{id}/sync", SyncSource);
  add("POST", "/api/search/sources/{id}/stop", StopSource);
  add("DELETE", "/api/search/sources/{id}", RemoveSource);
  add("GET", "/api/search/sources/{id}/failures", ListFailures);
  add("GET", "/api/search/folders", ListFolders);
}

}  // namespace pioneer::serve
