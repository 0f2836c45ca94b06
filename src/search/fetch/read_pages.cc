// Why: the pages that a search provider named are read at once and within a time that a person
// waits: one that is slow or broken costs nothing but itself.
#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "base/error.h"
#include "search/fetch/deadline.h"
#include "search/fetch/provider.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {
namespace {

constexpr size_t kReadAtOnce = 8;
constexpr size_t kMaxResultBytes = size_t{16} << 20;  // of one page, unpacked

struct PageRead {
  std::optional<Document> document;
  std::string code, problem;
};

PageRead ReadOne(const WebFetcher& fetcher, const std::string& address, const CancelToken& stop) {
  try {
    const auto url = ParseUrl(address);
    if (!url) Fail(ErrorCode::kInvalidArgument, "{} is no web address", address);
    const WebAnswer answer = fetcher.Get({.url = *url, .max_bytes = kMaxResultBytes}, stop);
    Converter converter;  // its process ends with this thread
    WebPage page = MakeWebPage(answer, {}, converter, stop);
    page.document.uri = address;
    return {std::move(page.document), "", ""};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) {
      return {std::nullopt, "timeout", "was not there in time"};
    }
    return {std::nullopt, ErrorCodeName(error.code()), error.what()};
  } catch (const std::exception& error) {
    return {std::nullopt, ErrorCodeName(ErrorCode::kInternal), error.what()};
  }
}

// `stop` ends those that are too slow.
std::vector<PageRead> ReadAll(const std::vector<WebResult>& results, const WebFetcher& fetcher,
                              const CancelToken& stop, std::atomic<int>& done) {
  std::vector<PageRead> pages(results.size());
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(kReadAtOnce, results.size()); ++i) {
    threads.emplace_back([&] {
      for (size_t at = 0; (at = next++) < results.size(); ++done) {
        pages[at] = ReadOne(fetcher, results[at].url, stop);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return pages;
}

}  // namespace

WebPages ReadPages(const std::vector<WebResult>& results, bool allow_private_addresses,
                   int64_t timeout_ms, const CancelToken& cancel,
                   const std::function<void(int done, int total)>& on_reading) {
  const WebFetcher fetcher(
      {allow_private_addresses ? AddressRule::kAny : AddressRule::kPublicOnly});
  const int total = static_cast<int>(results.size());
  std::atomic<int> done = 0;
  int told = -1;
  std::vector<PageRead> read = RunUntil(
      timeout_ms, cancel,
      [&](const CancelToken& stop) { return ReadAll(results, fetcher, stop, done); },
      [&] {
        if (on_reading && done != told) on_reading(told = done, total);
      });
  WebPages pages;
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i].document) {
      pages.documents.push_back(std::move(*read[i].document));
    } else {
      pages.failures.push_back({results[i].url, read[i].code, read[i].problem});
    }
  }
  return pages;
}

}  // namespace pioneer::search
