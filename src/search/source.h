// Why: where documents come from, as settings that outlive the process, and one way to read any of
// them again and again without fetching what has not changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "search/document.h"

namespace pioneer::search {

enum class SourceKind {
  kFiles,  // a file, or a folder and all below it; watched
  kSite,   // a web site: sitemaps and links, on the same host and below the path
  kFeed,   // RSS or Atom; the pages that it links to
  kPage,   // one web page
};

const char* SourceKindName(SourceKind kind);  // "files", "site", "feed", "page"

struct SourceSettings {
  SourceKind kind = SourceKind::kFiles;
  std::string location;  // a whole path, or an http(s) URL
  // Glob patterns of paths below the folder, or of URL paths; none = everything that can be read.
  std::vector<std::string> include, exclude;
  int max_documents = 100'000;  // what is beyond is told as one failure
  int max_depth = 16;           // links from the first page; kSite
  // Web sources may name private and loopback addresses only where an administrator allowed it for
  // this source.
  bool allow_private_addresses = false;
};

// Takes what a reader finds, on the reader's thread. May throw: the reader ends with that error.
class SourceSink {
 public:
  virtual ~SourceSink() = default;
  // What OnDocument() was given for this item when it was read last; nullopt: new.
  virtual std::optional<std::string> KnownStamp(std::string_view uri) = 0;
  // `stamp` is whatever tells the reader next time that nothing changed (size and time of a file,
  // ETag and Last-Modified of a page); opaque to the sink.
  virtual void OnDocument(Document document, std::string stamp) = 0;
  virtual void OnUnchanged(std::string_view uri) = 0;
  // Could not be read now, is broken or too large: told to the user and skipped; what was indexed
  // before stays.
  virtual void OnFailed(std::string_view uri, std::string_view message) = 0;
  // Items done, of how many are known so far; `bytes` of the originals read so far.
  virtual void OnProgress(int64_t done, int64_t total, int64_t bytes) = 0;
};

// Reads the source once. When it returns, every item of the source has been reported by one of the
// three calls; what was not is gone, or no longer named by its feed. Throws Error{kNotFound} (no
// such path, host or page), {kInvalidArgument} (settings), {kIo}, {kCancelled}: then nothing can be
// said about what was not reported.
void ReadSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel);

}  // namespace pioneer::search
