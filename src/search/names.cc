// Why: the words by which the wire, the terminal and the index's files name states.
#include "search/answerer.h"
#include "search/library.h"
#include "search/source.h"

namespace pioneer::search {

const char* SourceKindName(SourceKind kind) {
  switch (kind) {
    case SourceKind::kFiles:
      return "files";
    case SourceKind::kSite:
      return "site";
    case SourceKind::kFeed:
      return "feed";
    case SourceKind::kPage:
      return "page";
  }
  return "";
}

const char* JobStateName(JobState state) {
  switch (state) {
    case JobState::kWaiting:
      return "waiting";
    case JobState::kRunning:
      return "running";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
    case JobState::kStopped:
      return "stopped";
  }
  return "";
}

const char* SupportName(Support support) {
  switch (support) {
    case Support::kSupported:
      return "supported";
    case Support::kPartly:
      return "partly";
    case Support::kUnsupported:
      return "unsupported";
  }
  return "";
}

}  // namespace pioneer::search
