// What is the same in every database, and what a store that keeps no vectors says.
#include "search/index/search_store.h"

#include "base/error.h"

namespace pioneer::search {
namespace {

[[noreturn]] void FailWithoutVectors() {
  Fail(ErrorCode::kUnsupported,
       "this library keeps no vectors: use it without --embedder, or one in a folder");
}

}  // namespace

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

std::optional<std::vector<PassageRange>> SearchStore::FindPassages(const RetrievalFilter&) {
  FailWithoutVectors();
}
VectorsState SearchStore::Vectors() { FailWithoutVectors(); }
void SearchStore::ResetVectors(std::string_view) { FailWithoutVectors(); }
std::vector<PassageText> SearchStore::PassagesWithoutVectors(size_t) { FailWithoutVectors(); }
void SearchStore::SaveVectors(const std::vector<PassageVector>&) { FailWithoutVectors(); }
std::vector<PassageVector> SearchStore::LoadVectors(int64_t, size_t) { FailWithoutVectors(); }
std::vector<int64_t> SearchStore::VectorIds() { FailWithoutVectors(); }

}  // namespace pioneer::search
