// Why: robots.txt is asked for once a host and reading, whichever pages come from there.
#pragma once

#include <map>
#include <string>

#include "search/fetch/robots.h"
#include "search/fetch/web_fetcher.h"

namespace pioneer::search {

// One thread.
class HostRules {
 public:
  explicit HostRules(const WebFetcher& fetcher) : fetcher_(fetcher) {}

  // After RFC 9309, 2.3.1: without a robots.txt (4xx) all is allowed; while it cannot be had (5xx,
  // no answer), nothing is. Sets the host's delay. Throws Error{kCancelled}.
  const RobotsRules& Of(const Url& url, const CancelToken& cancel);
  // Throws Error{kUnsupported} that says why the page is not read, Error{kCancelled}.
  void Check(const Url& url, const CancelToken& cancel);

 private:
  struct Entry {
    RobotsRules rules;
    std::string problem;  // why robots.txt could not be had
  };
  const Entry& Find(const Url& url, const CancelToken& cancel);

  const WebFetcher& fetcher_;
  std::map<std::string, Entry> entries_;
};

}  // namespace pioneer::search
