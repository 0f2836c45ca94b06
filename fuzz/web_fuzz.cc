// Why: robots.txt, addresses, patterns and stamps are read by the service itself. Input: two texts
// with a zero between.
// room: search
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "net/url.h"
#include "search/convert/date.h"
#include "search/fetch/path_glob.h"
#include "search/fetch/robots.h"
#include "search/fetch/web_page.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::search;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view first = bytes.substr(0, bytes.find('\0'));
  const std::string_view second = bytes.substr(std::min(first.size() + 1, bytes.size()));
  const auto require = [](bool ok) {
    if (!ok) std::abort();
  };
  const RobotsRules rules = RobotsRules::Parse(first);
  rules.Allows(second);
  require(rules.Allows("/robots.txt"));
  MatchesGlob(first, second);
  ParseDate(first);
  if (const auto url = ParseUrl(first)) {
    // What was tidied up stays as it is, and is on the host that it says.
    const Url canonical = CanonicalUrl(*url);
    require(ParseUrl(canonical.ToString()) == canonical);
    if (const auto resolved = ResolveUrl(canonical, second)) {
      require(ParseUrl(resolved->ToString()) == resolved);
    }
  }
  ParseStamp(first);
  try {
    Gunzip(bytes, 1 << 20);
  } catch (const Error&) {
    // Broken, or too large.
  }
  return 0;
}
