#include "search/fetch/web_page.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxKeptLinks = 3000;

// The page's own word, as long as it names a page of the same site.
Url AddressOf(const WebAnswer& answer, const std::string& canonical) {
  const auto named = canonical.empty() ? std::nullopt : ResolveUrl(answer.url, canonical);
  if (named && named->host == answer.url.host && named->port == answer.url.port) {
    return CanonicalUrl(*named);
  }
  return CanonicalUrl(answer.url);
}

std::string LastPart(const Url& url) {
  const size_t end = url.path.find_last_not_of('/');
  if (end == std::string::npos) return url.host;
  const size_t begin = url.path.rfind('/', end) + 1;
  return url.path.substr(begin, end - begin + 1);
}

bool LooksLikeFeed(std::string_view body) {
  const std::string_view head = body.substr(0, 1024);
  return head.find("<rss") != std::string_view::npos ||
         head.find("<feed") != std::string_view::npos ||
         head.find("<rdf:RDF") != std::string_view::npos;
}

std::vector<Url> ResolveLinks(const Url& page, const Converted& converted) {
  std::vector<Url> links;
  const auto base = converted.base_url.empty() ? page : ResolveUrl(page, converted.base_url);
  if (!base) return links;
  for (const FoundLink& link : converted.links) {
    if (const auto url = ResolveUrl(*base, link.url)) links.push_back(CanonicalUrl(*url));
  }
  return links;
}

std::vector<Url> ParseLinks(const std::vector<std::string>& texts) {
  std::vector<Url> links;
  for (const std::string& text : texts) {
    if (const auto url = ParseUrl(text)) links.push_back(*url);
  }
  return links;
}

}  // namespace

std::string FormatStamp(const PageStamp& stamp) {
  return DumpJson(
      Json{{"e", stamp.etag}, {"m", stamp.last_modified}, {"h", stamp.hash}, {"l", stamp.links}});
}

PageStamp ParseStamp(std::string_view text) {
  try {
    const Json json = text.empty() ? Json::object() : ParseJson(text);
    return {json.value("e", ""), json.value("m", ""), json.value("h", ""),
            json.value("l", std::vector<std::string>())};
  } catch (const std::exception&) {
    return {};
  }
}

Format FormatOfAnswer(const WebAnswer& answer) {
  const std::string& type = answer.media_type;
  const auto by_type = FormatOfMediaType(type);
  const auto by_name = FormatOfName(LastPart(answer.url));
  const bool vague = type.empty() || type == "application/octet-stream" || type == "text/plain";
  if (vague && by_name) return *by_name;
  if (type.ends_with("xml") && LooksLikeFeed(answer.body)) return Format::kFeed;
  if (by_type) return *by_type;
  if (answer.body.substr(0, 1024).find("<html") != std::string::npos) return Format::kHtml;
  Fail(ErrorCode::kUnsupported, "{} is {}, which cannot be read", answer.url.ToString(),
       type.empty() ? "of an unknown kind" : type);
}

WebPage MakeWebPage(const WebAnswer& answer, const PageStamp& known, Converter& converter,
                    const CancelToken& cancel) {
  WebPage page;
  page.stamp = known;
  page.stamp.etag = answer.etag.empty() ? known.etag : answer.etag;
  page.stamp.last_modified =
      answer.last_modified.empty() ? known.last_modified : answer.last_modified;
  const std::string hash = answer.unchanged
                               ? known.hash
                               : fmt::format("{:016x}{:x}", Fnv1a(answer.body), answer.body.size());
  if (!hash.empty() && hash == known.hash) {
    page.unchanged = true;
    page.links = ParseLinks(known.links);
    return page;
  }
  const Format format = FormatOfAnswer(answer);
  Converted converted =
      converter.ConvertMemory(answer.body, format, LastPart(answer.url), answer.charset, cancel);
  page.document = std::move(converted.document);
  page.document.uri = AddressOf(answer, converted.canonical).ToString();
  page.document.media_type = MediaTypeOf(format, LastPart(answer.url));
  if (!page.document.modified_at_ms) page.document.modified_at_ms = answer.modified_at_ms;
  if (!converted.no_follow && !answer.no_follow && format == Format::kHtml) {
    page.links = ResolveLinks(answer.url, converted);
  }
  page.no_index = converted.no_index || answer.no_index;
  page.stamp.hash = hash;
  page.stamp.links.clear();
  for (size_t i = 0; i < std::min(page.links.size(), kMaxKeptLinks); ++i) {
    page.stamp.links.push_back(page.links[i].ToString());
  }
  return page;
}

std::string Gunzip(std::string_view bytes, size_t max_bytes) {
  if (!bytes.starts_with("\x1F\x8B")) return std::string(bytes);
  z_stream stream = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) Fail(ErrorCode::kOutOfMemory, "no memory for zlib");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::string piece(65536, '\0');
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, 0, piece.size() - stream.avail_out);
    if (out.size() > max_bytes) {
      Fail(ErrorCode::kUnsupported, "it unpacks to more than {} MiB", max_bytes >> 20);
    }
    if (status != Z_OK && status != Z_STREAM_END) {
      Fail(ErrorCode::kCorruptFile, "it is compressed, and broken");
    }
  }
  return out;
}

}  // namespace pioneer::search
