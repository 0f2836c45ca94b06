// Why: what every database's rows have in common: how a document becomes values, and values become
// a document again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/index/search_store.h"

namespace pioneer::search {

// Throw Error{kCorruptFile}.
SourceKind ParseSourceKind(std::string_view name);
JobState ParseJobState(std::string_view name);

// Of all that the index has of a text, so that equal means interchangeable. 32 hex digits.
std::string ContentHash(const NewDocument& document);

// Headings have no line breaks.
std::string JoinHeadings(const std::vector<std::string>& headings);
std::vector<std::string> SplitHeadings(std::string_view joined);

// Whether anything but removed sources is left out.
bool FiltersAnything(const RetrievalFilter& filter);

// Behind ranges that are in rising order; joins the last of them where it begins at its end.
void AddRange(PassageRange range, std::vector<PassageRange>& ranges);

// `read` gives what stands before a passage of the same document, and its text; empty: there is
// none.
using PassageParts = std::pair<std::string, std::string>;
std::string TextAround(const Passage& passage, size_t bytes,
                       const std::function<PassageParts(int64_t id)>& read);

}  // namespace pioneer::search
