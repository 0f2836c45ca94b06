#include "search/fetch/web_fetcher.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/host_check.h"
#include "net/http_client.h"
#include "search/convert/date.h"

namespace pioneer::search {
namespace {

constexpr int kMaxRedirects = 8;
constexpr double kUsualDelaySeconds = 0.2;
constexpr double kMostDelaySeconds = 30;
constexpr int64_t kStallMs = 20'000;

// Whose turn it is at a host.
struct HostTurn {
  std::timed_mutex busy;
  std::mutex mutex;  // of what follows
  double delay_seconds = 0;
  int64_t free_at_ns = 0;
};

class HostTurns {
 public:
  static HostTurns& Get() {
    static HostTurns turns;
    return turns;
  }
  std::shared_ptr<HostTurn> Of(const Url& url) {
    const std::lock_guard lock(mutex_);
    // Nobody waits at those that only this map holds.
    if (turns_.size() > 4096) {
      std::erase_if(turns_, [](const auto& turn) { return turn.second.use_count() == 1; });
    }
    std::shared_ptr<HostTurn>& turn = turns_[url.host + ":" + url.port];
    if (!turn) {
      turn = std::make_shared<HostTurn>();
      turn->delay_seconds = IsLoopbackHost(url.host) ? 0 : kUsualDelaySeconds;
    }
    return turn;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<HostTurn>> turns_;
};

void WaitFor(double seconds, const CancelToken& cancel) {
  constexpr double kLook = 0.05;
  const Stopwatch watch;
  for (double left = seconds; left > 0; left = seconds - watch.Seconds()) {
    cancel.Check();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kLook)));
  }
}

// Holds the turn as long as it lives.
class TakenTurn {
 public:
  TakenTurn(const Url& url, const CancelToken& cancel) : turn_(HostTurns::Get().Of(url)) {
    constexpr auto kLook = std::chrono::milliseconds(50);
    while (!turn_->busy.try_lock_for(kLook)) cancel.Check();
    try {
      WaitFor(static_cast<double>(FreeAt() - Clock::Real().MonotonicNs()) * 1e-9, cancel);
    } catch (...) {
      turn_->busy.unlock();
      throw;
    }
  }
  ~TakenTurn() {
    {
      const std::lock_guard lock(turn_->mutex);
      turn_->free_at_ns =
          Clock::Real().MonotonicNs() + static_cast<int64_t>(turn_->delay_seconds * 1e9);
    }
    turn_->busy.unlock();
  }
  TakenTurn(const TakenTurn&) = delete;
  TakenTurn& operator=(const TakenTurn&) = delete;

 private:
  int64_t FreeAt() const {
    const std::lock_guard lock(turn_->mutex);
    return turn_->free_at_ns;
  }
  std::shared_ptr<HostTurn> turn_;
};

std::string LowerWeb(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  return lower;
}

HttpClientRequest MakeRequest(const WebRequest& request, const WebFetcherOptions& options,
                              const Url& url, const CancelToken& cancel) {
  HttpClientRequest http;
  http.url = url.ToString();
  http.headers = {{"User-Agent", "Pioneer/" PIONEER_VERSION},
                  {"Accept", request.accept},
                  {"Accept-Language", "*"}};
  if (!request.etag.empty()) http.headers.Add("If-None-Match", request.etag);
  if (!request.last_modified.empty()) http.headers.Add("If-Modified-Since", request.last_modified);
  if (!request.authorization.empty() && url.Origin() == request.url.Origin()) {
    http.headers.Add(request.authorization_name, request.authorization);
  }
  http.connect_timeout_ms = std::min<int64_t>(options.timeout_ms, 10'000);
  http.timeout_ms = options.timeout_ms;
  http.stall_timeout_ms = kStallMs;
  http.max_response_bytes = request.max_bytes;
  http.decompress = true;
  http.address_rule = options.address_rule;
  http.cancel = cancel;
  return http;
}

[[noreturn]] void FailStatus(int status, const Url& url) {
  const auto code = status == 404 || status == 410   ? ErrorCode::kNotFound
                    : status == 401 || status == 403 ? ErrorCode::kUnauthorized
                                                     : ErrorCode::kIo;
  Fail(code, "{} answers {} ({})", url.ToString(), status, HttpReasonPhrase(status));
}

WebAnswer TakeAnswer(HttpResponse response, const Url& url) {
  WebAnswer answer;
  answer.url = url;
  answer.status = response.status;
  answer.unchanged = response.status == 304;
  answer.body = std::move(response.body);
  const std::string type = LowerWeb(response.headers.Get("Content-Type"));
  answer.media_type = type.substr(0, type.find_first_of("; "));
  if (const size_t at = type.find("charset="); at != std::string::npos) {
    answer.charset = type.substr(at + 8, type.find_first_of("; ", at) - at - 8);
    std::erase(answer.charset, '"');
  }
  answer.etag = response.headers.Get("ETag");
  answer.last_modified = response.headers.Get("Last-Modified");
  answer.modified_at_ms = ParseDate(answer.last_modified);
  const std::string robots = LowerWeb(response.headers.Get("X-Robots-Tag"));
  const bool none = robots.find("none") != std::string::npos;
  answer.no_index = none || robots.find("noindex") != std::string::npos;
  answer.no_follow = none || robots.find("nofollow") != std::string::npos;
  return answer;
}

// Of answers that say "later" (429, 503) and mean soon.
std::optional<double> RetryAfterSeconds(const HttpResponse& response) {
  constexpr double kMostPatience = 30;
  if (response.status != 429 && response.status != 503) return std::nullopt;
  const std::string_view value = response.headers.Get("Retry-After");
  double seconds = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (result.ec != std::errc() || seconds < 0 || seconds > kMostPatience) return std::nullopt;
  return seconds;
}

bool IsTracking(std::string_view parameter) {
  const std::string_view name = parameter.substr(0, parameter.find('='));
  static constexpr std::string_view kNames[] = {"fbclid", "gclid",  "dclid",   "msclkid",
                                                "yclid",  "mc_cid", "mc_eid",  "igshid",
                                                "_ga",    "_gl",    "ref_src", "wt_mc"};
  return name.starts_with("utm_") ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsSession(std::string_view name) {
  return name == "phpsessid" || name == "jsessionid" || name == "sid" || name == "sessionid";
}

}  // namespace

Url CanonicalUrl(Url url) {
  std::string query;
  for (std::string_view rest = url.query; !rest.empty();) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view parameter = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string name = LowerWeb(parameter.substr(0, parameter.find('=')));
    if (parameter.empty() || IsTracking(parameter) || IsSession(name)) continue;
    query.append(query.empty() ? "" : "&").append(parameter);
  }
  url.query = query;
  return url;
}

void WebFetcher::SetDelay(const Url& host, double seconds) {
  const std::shared_ptr<HostTurn> turn = HostTurns::Get().Of(host);
  const std::lock_guard lock(turn->mutex);
  turn->delay_seconds = std::clamp(seconds, turn->delay_seconds, kMostDelaySeconds);
}

WebAnswer WebFetcher::Get(const WebRequest& request, const CancelToken& cancel) const {
  Url url = request.url;
  bool waited = false;
  for (int i = 0; i <= kMaxRedirects;) {
    HttpResponse response;
    {
      const TakenTurn turn(url, cancel);
      response = FetchHttp(MakeRequest(request, options_, url, cancel));
    }
    // Who asks for a moment's patience gets it, once.
    const auto patience = RetryAfterSeconds(response);
    if (patience && !std::exchange(waited, true)) {
      WaitFor(*patience, cancel);
      continue;
    }
    const bool redirects = response.status >= 300 && response.status < 400 &&
                           response.status != 304 && response.headers.Has("Location");
    if (!redirects) {
      const bool good = (response.status >= 200 && response.status < 300) || response.status == 304;
      if (!good) FailStatus(response.status, url);
      return TakeAnswer(std::move(response), url);
    }
    const auto next = ResolveUrl(url, response.headers.Get("Location"));
    if (!next) {
      Fail(ErrorCode::kInvalidArgument, "{} leads to something that is no web page",
           url.ToString());
    }
    if (request.on_redirect) request.on_redirect(*next);
    url = *next;
    ++i;
  }
  Fail(ErrorCode::kInvalidArgument, "{} leads on and on ({} redirects)", request.url.ToString(),
       kMaxRedirects);
}

}  // namespace pioneer::search
