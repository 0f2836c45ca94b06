// Why: the page is served from memory, with the strictest policy that it can live with.
#include "serve/service.h"
#include "serve/web/visitors.h"

namespace pioneer::serve {
namespace {

constexpr char kContentSecurityPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr char kNoPage[] = "Pioneer is running. This build has no web page; the API is at /v1.\n";

// Whether the header (a comma-separated list, each with an optional weight) offers `coding`.
bool Accepts(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? "" : header.substr(comma + 1);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    const std::string_view name = item.substr(0, item.find_first_of("; "));
    if (EqualIgnoringCase(name, coding)) return !item.ends_with("q=0");
  }
  return false;
}

// "*" or a list of entity tags, compared weakly (RFC 9110, section 13.1.2).
bool TagMatches(std::string_view header, std::string_view etag) {
  return !etag.empty() && (header == "*" || header.find(etag) != std::string_view::npos);
}

HttpHeaders AssetHeaders(const Asset& asset) {
  // Vite puts a hash of the content into the names under /assets/.
  const bool immutable = asset.path.starts_with("/assets/");
  HttpHeaders headers = {
      {"Content-Type", std::string(asset.content_type)},
      {"Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", kContentSecurityPolicy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Vary", "Accept-Encoding"}};
  if (!asset.etag.empty()) headers.Add("ETag", std::string(asset.etag));
  return headers;
}

void SendAsset(const Asset& asset, const HttpRequest& request, ServeWriter& writer) {
  HttpHeaders headers = AssetHeaders(asset);
  if (TagMatches(request.Header("If-None-Match"), asset.etag)) {
    writer.Send({304, std::move(headers), ""});
    return;
  }
  const std::string_view accepted = request.Header("Accept-Encoding");
  std::string_view bytes = asset.bytes;
  if (!asset.brotli.empty() && Accepts(accepted, "br")) {
    headers.Add("Content-Encoding", "br");
    bytes = asset.brotli;
  } else if (!asset.gzip.empty() && Accepts(accepted, "gzip")) {
    headers.Add("Content-Encoding", "gzip");
    bytes = asset.gzip;
  }
  writer.Send({200, std::move(headers), std::string(bytes)});
}

}  // namespace

void AddPageRoutes(Routes& routes, std::span<const Asset> assets) {
  bool has_index = false;
  for (const Asset& asset : assets) {
    const auto send = [&asset](Service&, const HttpRequest& request, ServeWriter& writer) {
      SendAsset(asset, request, writer);
    };
    if (asset.path == "/index.html") {
      has_index = true;
      routes.Add("GET", "/", [&asset](Service&, const HttpRequest& request, ServeWriter& writer) {
        web::OfferVisitorCookie(request, writer);
        SendAsset(asset, request, writer);
      });
    }
    routes.Add("GET", std::string(asset.path), send);
  }
  if (has_index) return;
  routes.Add("GET", "/", [](Service&, const HttpRequest&, ServeWriter& writer) {
    writer.Send(PlainTextResponse(200, kNoPage));
  });
}

}  // namespace pioneer::serve
