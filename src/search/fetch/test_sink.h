// Why: tests see what a reader reported, and play the index that remembers it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "search/source.h"

namespace pioneer::search {

class RecordingSink : public SourceSink {
 public:
  std::optional<std::string> KnownStamp(std::string_view uri) override {
    const auto found = stamps.find(std::string(uri));
    return found == stamps.end() ? std::nullopt : std::optional(found->second);
  }
  void OnDocument(Document document, std::string stamp) override {
    stamps[document.uri] = std::move(stamp);
    const std::string uri = document.uri;
    documents[uri] = std::move(document);
    order.push_back(uri);
  }
  void OnUnchanged(std::string_view uri) override { unchanged.emplace_back(uri); }
  void OnFailed(std::string_view uri, std::string_view message) override {
    failures[std::string(uri)] = message;
  }
  void OnProgress(int64_t done_now, int64_t total_now, int64_t) override {
    done = done_now;
    total = total_now;
  }

  // Forgets what was reported, but not the stamps.
  void Clear() {
    documents.clear();
    failures.clear();
    unchanged.clear();
    order.clear();
  }
  // All failures as one text.
  std::string Complaints() const {
    std::string all;
    for (const auto& [uri, message] : failures) all += uri + ": " + message + "\n";
    return all;
  }

  std::map<std::string, std::string> stamps, failures;
  std::map<std::string, Document> documents;
  std::vector<std::string> unchanged, order;
  int64_t done = 0, total = 0;
};

inline std::string TextOf(const Document& document) {
  std::string text;
  for (const Block& block : document.blocks) text += block.text + "\n";
  return text;
}

}  // namespace pioneer::search
