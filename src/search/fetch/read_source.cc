#include "base/error.h"
#include "search/fetch/readers.h"

namespace pioneer::search {

void ReadSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel) {
  if (settings.location.empty()) Fail(ErrorCode::kInvalidArgument, "the source has no location");
  if (settings.max_documents < 1) {
    Fail(ErrorCode::kInvalidArgument, "max_documents is {}; it is 1 at least",
         settings.max_documents);
  }
  switch (settings.kind) {
    case SourceKind::kFiles:
      return ReadFilesSource(settings, sink, cancel);
    case SourceKind::kSite:
      return ReadSiteSource(settings, sink, cancel);
    case SourceKind::kFeed:
      return ReadFeedSource(settings, sink, cancel);
    case SourceKind::kPage:
      return ReadPageSource(settings, sink, cancel);
  }
}

}  // namespace pioneer::search
