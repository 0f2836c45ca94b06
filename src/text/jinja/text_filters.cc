// Why: filters over text, and Python's two ways to fill values into a text.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/runtime.h"
#include "text/unicode.h"

namespace pioneer::jinja {
namespace {

// Filters take any value and print it first.
Value AsText(Runtime& runtime, const Value& input) {
  return input.is_string() ? input : runtime.heap().NewString(ToText(runtime.heap(), input));
}

// A filter that is a method of strings.
template <char... name>
Value ViaMethod(Runtime& runtime, const Value& input, const Arguments& arguments) {
  static constexpr char kName[] = {name..., '\0'};
  return FindStringMethod(kName)(runtime, AsText(runtime, input), arguments);
}

Value Trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return FindStringMethod("strip")(runtime, AsText(runtime, input), arguments);
}

Value ReplaceFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  Arguments texts;
  texts.positional = {AsText(runtime, arguments.Get(0, "old")),
                      AsText(runtime, arguments.Get(1, "new"))};
  if (const Value count = arguments.Get(2, "count"); count.is_integral()) {
    texts.positional.push_back(count);
  }
  return FindStringMethod("replace")(runtime, AsText(runtime, input), texts);
}

// Every word starts with a capital; words are divided by spaces, brackets, slashes and hyphens.
Value TitleFilter(Runtime& runtime, const Value& input, const Arguments&) {
  std::string text, word;
  const auto flush = [&] {
    if (word.empty()) return;
    const size_t head = DecodeUtf8(word).length;
    text += UpperCase(std::string_view(word).substr(0, head));
    text += LowerCase(std::string_view(word).substr(head));
    word.clear();
  };
  const Value whole = AsText(runtime, input);
  runtime.heap().StepForBytes(whole.text().size() * 4);
  for (const char c : whole.text()) {
    if (std::string_view("-\t\n\r\f\v ({[<").find(c) != std::string_view::npos) {
      flush();
      text += c;
    } else {
      word += c;
    }
  }
  flush();
  return runtime.heap().NewString(text);
}

Value Escape(Runtime& runtime, const Value& input, const Arguments&) {
  const Value whole = AsText(runtime, input);
  runtime.heap().Allocate(whole.text().size() * 5);
  std::string text;
  for (const char c : whole.text()) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&#34;";
        break;
      case '\'':
        text += "&#39;";
        break;
      default:
        text += c;
    }
  }
  return runtime.heap().NewString(text);
}

Value Indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Value width = arguments.Get(0, "width");
  const bool first = IsTrue(arguments.Get(1, "first"));
  const bool blank = IsTrue(arguments.Get(2, "blank"));
  std::string indent(4, ' ');
  if (width.is_string()) indent = width.text();
  if (width.is_integral()) {
    if (width.integer() > 1024) Fail(ErrorCode::kInvalidArgument, "indent takes at most 1024");
    indent.assign(static_cast<size_t>(std::max<int64_t>(width.integer(), 0)), ' ');
  }
  const Value whole = AsText(runtime, input);
  std::string_view rest = whole.text();
  std::string text;
  for (bool at_first = true, more = true; more; at_first = false) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    more = end != std::string_view::npos;
    if (at_first ? first : (blank || !line.empty())) {
      runtime.heap().Allocate(indent.size());
      text += indent;
    }
    text += line;
    if (more) text += '\n';
    rest.remove_prefix(more ? end + 1 : rest.size());
  }
  return runtime.heap().NewString(text);
}

Value WordCount(Runtime& runtime, const Value& input, const Arguments&) {
  const Value words = FindStringMethod("split")(runtime, AsText(runtime, input), {});
  return Value::Int(static_cast<int64_t>(words.list().items.size()));
}

Value FormatFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  List* values = runtime.heap().NewList();
  for (const Value& value : arguments.positional) runtime.heap().Append(*values, value);
  return PercentFormat(runtime.heap(), RequireText(input, "format"), Value::OfTuple(values));
}

// "%5.2f": flags, width and precision, all short.
struct PercentSpec {
  std::string text;  // between "%" and the conversion
  char conversion = '\0';
  size_t length = 0;  // behind the "%"
};

PercentSpec ParsePercent(std::string_view format) {
  PercentSpec spec;
  size_t at = 0;
  while (at < format.size() &&
         std::string_view("-+ 0123456789.").find(format[at]) != std::string_view::npos) {
    spec.text += format[at++];
  }
  if (at == format.size() || spec.text.size() > 8) {
    Fail(ErrorCode::kInvalidArgument, "a % in a format has no conversion");
  }
  spec.conversion = format[at];
  spec.length = at + 1;
  return spec;
}

std::string FormatNumber(const PercentSpec& spec, const Value& value) {
  if (!value.is_number()) {
    Fail(ErrorCode::kInvalidArgument, "%{} takes a number, not {}", spec.conversion,
         KindName(value));
  }
  char buffer[512];
  const bool integer = spec.conversion != 'f' && spec.conversion != 'e' && spec.conversion != 'g';
  // Three digits at most: the width stays below the buffer's size.
  size_t digits = 0;
  for (const char c : spec.text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > 2) Fail(ErrorCode::kInvalidArgument, "a width in a format is too large");
  }
  int n = 0;
  if (integer) {
    const std::string c_format = "%" + spec.text + "ll" + (spec.conversion == 'x' ? "x" : "d");
    const auto whole = value.is_integral()               ? value.integer()
                       : std::abs(value.number()) < 9e18 ? static_cast<int64_t>(value.number())
                                                         : 0;
    n = std::snprintf(buffer, sizeof buffer, c_format.c_str(), static_cast<long long>(whole));
  } else {
    const std::string c_format = "%" + spec.text + spec.conversion;
    n = std::snprintf(buffer, sizeof buffer, c_format.c_str(), value.number());
  }
  return {buffer, std::min(static_cast<size_t>(std::max(n, 0)), sizeof buffer - 1)};
}

struct NamedFilter {
  std::string_view name;
  NativeFunction filter;
};

constexpr NamedFilter kFilters[] = {
    {"trim", Trim},
    {"upper", ViaMethod<'u', 'p', 'p', 'e', 'r'>},
    {"lower", ViaMethod<'l', 'o', 'w', 'e', 'r'>},
    {"capitalize", ViaMethod<'c', 'a', 'p', 'i', 't', 'a', 'l', 'i', 'z', 'e'>},
    {"center", ViaMethod<'c', 'e', 'n', 't', 'e', 'r'>},
    {"replace", ReplaceFilter},
    {"title", TitleFilter},
    {"escape", Escape},
    {"e", Escape},
    {"forceescape", Escape},
    {"indent", Indent},
    {"wordcount", WordCount},
    {"format", FormatFilter},
};

}  // namespace

Value PercentFormat(Heap& heap, std::string_view format, const Value& values) {
  std::string text;
  size_t next = 0;
  const auto take = [&]() -> Value {
    if (values.kind() != Kind::kTuple) {
      if (next++ == 0) return values;
    } else if (next < values.list().items.size()) {
      return values.list().items[next++];
    }
    Fail(ErrorCode::kInvalidArgument, "a format has more conversions than values");
  };
  for (size_t at = 0; at < format.size(); ++at) {
    heap.Step();
    if (format[at] != '%') {
      text += format[at];
      continue;
    }
    const PercentSpec spec = ParsePercent(format.substr(at + 1));
    at += spec.length;
    if (spec.conversion == '%') {
      text += '%';
    } else if (spec.conversion == 's') {
      AppendText(heap, take(), text);
    } else if (spec.conversion == 'r') {
      AppendRepr(heap, take(), text);
    } else if (std::string_view("dixfeg").find(spec.conversion) != std::string_view::npos) {
      text += FormatNumber(spec, take());
    } else {
      Fail(ErrorCode::kInvalidArgument, "the conversion %{} is not supported", spec.conversion);
    }
  }
  return heap.NewString(text);
}

NativeFunction FindTextFilter(std::string_view name) {
  for (const NamedFilter& entry : kFilters) {
    if (entry.name == name) return entry.filter;
  }
  return nullptr;
}

}  // namespace pioneer::jinja
