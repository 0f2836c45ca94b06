// Why: one file of a repository on its way into the cache, over cuts, other processes and restarts.
#pragma once

#include <functional>

#include "model/hub/hub_cache.h"
#include "model/hub/hub_client.h"

namespace pioneer {

// Bytes of the blob that are here already: all of them, what an earlier download left, or 0.
int64_t BytesInCache(const CachedRepository& cache, const HubFile& file);

// Downloads the blob unless it is there. `on_bytes` tells how many bytes of it are here, now and as
// they come. See PullModel for what it throws.
void DownloadBlob(const HubClient& client, const HubRepository& repository, const HubFile& file,
                  const CachedRepository& cache, const std::function<void(int64_t)>& on_bytes);

}  // namespace pioneer
