// Why: the filters, tests, methods and functions that templates find by name. Each lookup returns
// nullptr for an unknown name.
#pragma once

#include <string_view>

#include "text/jinja/function.h"
#include "text/jinja/value.h"

namespace pioneer::jinja {

NativeFunction FindFilter(std::string_view name);
NativeTest FindTest(std::string_view name);
NativeFunction FindMethod(const Value& object, std::string_view name);
NativeFunction FindGlobalFunction(std::string_view name);

// The parts of FindFilter() and FindMethod().
NativeFunction FindScalarFilter(std::string_view name);
NativeFunction FindSequenceFilter(std::string_view name);
NativeFunction FindTextFilter(std::string_view name);
NativeFunction FindStringMethod(std::string_view name);
NativeFunction FindListMethod(std::string_view name);
NativeFunction FindDictMethod(std::string_view name);
NativeFunction FindLoopMethod(std::string_view name);

// "text %s" % values
Value PercentFormat(Heap& heap, std::string_view format, const Value& values);

// What methods and filters ask of their arguments; they throw Error{kInvalidArgument}.
std::string_view RequireText(const Value& value, std::string_view what);
int64_t RequireInteger(const Value& value, std::string_view what);

}  // namespace pioneer::jinja
