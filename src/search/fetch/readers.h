// Why: one reader a kind of source; ReadSource() chooses.
#pragma once

#include "base/cancel.h"
#include "search/source.h"

namespace pioneer::search {

// Each does what source.h promises of ReadSource().
void ReadFilesSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel);
void ReadSiteSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel);
void ReadFeedSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel);
void ReadPageSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel);

}  // namespace pioneer::search
