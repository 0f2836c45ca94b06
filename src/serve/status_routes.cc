// Why: what watches the service asks whether it is well, and how busy.
#include "serve/service.h"
#include "serve/version.h"

namespace pioneer::serve {
namespace {

void Health(Service& service, const HttpRequest&, ServeWriter& writer) {
  const bool loading = !service.models.WaitForDefault(0);
  const char* status = service.stopping ? "stopping" : loading ? "loading" : "ok";
  const bool ok = !service.stopping && !loading;
  if (!ok) writer.AddHeader("Retry-After", "2");
  writer.SendJson(ok ? 200 : 503, {{"status", status}});
}

void ShowMetrics(Service& service, const HttpRequest&, ServeWriter& writer) {
  writer.Send({200,
               {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                {"Cache-Control", "no-store"}},
               service.metrics.Render(service.models)});
}

}  // namespace

void AddStatusRoutes(Routes& routes) {
  routes.Add("GET", "/health", Health);
  routes.Add("GET", "/metrics", ShowMetrics);
}

}  // namespace pioneer::serve
