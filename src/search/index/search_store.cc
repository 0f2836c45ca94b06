// What is the same in every database.
#include "search/index/search_store.h"

namespace pioneer::search {
LibraryState SearchStore::State() {
  LibraryState state;
  state.sources = Sources();
  for (const Source& source : state.sources) {
    state.documents += source.documents;
    state.passages += source.passages;
    state.text_bytes += source.text_bytes;
  }
  return state;
}

}  // namespace pioneer::search
