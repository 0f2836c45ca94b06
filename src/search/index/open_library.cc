// Apart from the rest, so that tests of the index need no readers.
#include "search/index/index_library.h"

namespace pioneer::search {

std::unique_ptr<Library> OpenLibrary(const LibraryOptions& options) {
  return std::make_unique<IndexLibrary>(options, ReadSource, true);
}

}  // namespace pioneer::search
