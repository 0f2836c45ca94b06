// Why: what is not in the library may be on the web: a provider is asked, the pages that it names
// are read, and their passages are ranked among those of the library. Who serves and who types sees
// the web only through this.
//
// What comes from there is data: it is converted by a process that can do nothing else, reaches a
// model as passages only, and no address in it is followed.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/fetch/provider.h"
#include "search/retriever.h"

namespace pioneer::search {

struct WebSearchSettings {
  ProviderSettings provider;
  int max_pages = 8;            // read for one question; 1..20
  int64_t timeout_ms = 12'000;  // of the provider and the pages together
  int64_t provider_ms = 6'000;  // of that, the provider
};

// "searxng=https://search.example.org", "brave" or "opensearch=https://example.org/search.xml". The
// provider may be anywhere: who starts the program names it. Throws Error{kInvalidArgument}.
ProviderSettings ParseWebProvider(std::string_view text, const std::string& api_key);

struct WebFound {
  std::vector<Passage> passages;  // ids and document ids below 0; source_id is ""
  std::vector<int> places;        // of passage i's page in the provider's order, from 1
  std::vector<RetrievalProblem> problems;
};

// Thread-safe. Some questions ask at a time, others wait.
class WebSearch {
 public:
  explicit WebSearch(const WebSearchSettings& settings);  // throws Error{kInvalidArgument}
  ~WebSearch();

  const char* name() const;  // "searxng"
  // Asks for the first queries and reads the best pages. A provider or page that fails is a
  // problem, not an error. Throws only Error{kCancelled}.
  WebFound Find(const std::vector<std::string>& queries, const CancelToken& cancel,
                const std::function<void(int done, int total)>& on_reading = {});

 private:
  class Turn;
  std::vector<WebResult> AskProvider(const std::vector<std::string>& queries,
                                     const CancelToken& cancel,
                                     std::vector<RetrievalProblem>& problems);

  const WebSearchSettings settings_;
  const std::unique_ptr<WebProvider> provider_;
  std::mutex mutex_;
  int running_ = 0;  // guarded by mutex_
};

// The library's retriever with the web beside it, for one question: asked again about the same one
// (other dates, say), it does not ask the web again. Thread-safe.
class WebRetriever : public Retriever {
 public:
  // Both outlive it.
  WebRetriever(WebSearch& web, Retriever& library) : web_(web), library_(library) {}

  std::vector<RankedPassage> Retrieve(const RetrievalQuery& query,
                                      const CancelToken& cancel) override;
  // Of a page of the web: the passage alone.
  std::string Around(const Passage& passage, size_t bytes) override;

 private:
  WebSearch& web_;
  Retriever& library_;
  std::mutex mutex_;
  std::optional<WebFound> found_;  // guarded by mutex_
};

}  // namespace pioneer::search
