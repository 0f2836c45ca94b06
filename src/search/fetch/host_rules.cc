#include "search/fetch/host_rules.h"

#include "base/error.h"

namespace pioneer::search {

const HostRules::Entry& HostRules::Find(const Url& url, const CancelToken& cancel) {
  const auto known = entries_.find(url.Origin());
  if (known != entries_.end()) return known->second;
  Entry entry;
  try {
    WebRequest request;
    request.url = *ParseUrl(url.Origin() + "/robots.txt");
    request.accept = "text/plain,*/*;q=0.5";
    request.max_bytes = size_t{4} << 20;
    entry.rules = RobotsRules::Parse(fetcher_.Get(request, cancel).body);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    const bool none =
        error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kUnauthorized;
    if (!none) entry = {RobotsRules::ForbidAll(), error.what()};
  }
  const auto delay = entry.rules.crawl_delay_seconds();
  if (delay) WebFetcher::SetDelay(url, *delay);
  return entries_.emplace(url.Origin(), std::move(entry)).first->second;
}

const RobotsRules& HostRules::Of(const Url& url, const CancelToken& cancel) {
  return Find(url, cancel).rules;
}

void HostRules::Check(const Url& url, const CancelToken& cancel) {
  const Entry& entry = Find(url, cancel);
  if (entry.rules.Allows(url.path + (url.query.empty() ? "" : "?" + url.query))) return;
  if (!entry.problem.empty()) {
    Fail(ErrorCode::kUnsupported, "robots.txt cannot be had, so nothing is read there: {}",
         entry.problem);
  }
  Fail(ErrorCode::kUnsupported, "robots.txt of {} asks programs not to read {}", url.host,
       url.ToString());
}

}  // namespace pioneer::search
