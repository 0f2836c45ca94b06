// Why: operators, indexes and slices, with Python's meaning. All throw Error{kInvalidArgument} when
// the kinds do not fit.
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace pioneer::jinja {

Value ApplyBinary(Heap& heap, Operator op, const Value& left, const Value& right);
bool ApplyComparison(Heap& heap, Operator op, const Value& left, const Value& right);
Value Negate(const Value& value);

// object[key]; an undefined value when there is no such item.
Value GetItem(Heap& heap, const Value& object, const Value& key);

struct SliceBounds {
  Value start, stop, step;  // undefined or none where absent
};
Value GetSlice(Heap& heap, const Value& object, const SliceBounds& bounds);

// What a for-loop over the value goes through, as a fresh list: items, keys, characters. Nothing
// for an undefined value.
List* Iterate(Heap& heap, const Value& value);

// Characters, not bytes.
size_t CountCharacters(Heap& heap, std::string_view text);
// Byte offset of a character; text.size() behind the last.
size_t CharacterOffset(Heap& heap, std::string_view text, size_t character);

}  // namespace pioneer::jinja
