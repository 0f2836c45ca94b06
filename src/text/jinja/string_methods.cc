// Why: the methods of Python's str that templates call.
#include <algorithm>
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

using Arg = const Arguments&;

bool IsSpace(char32_t c) {
  return (CharClassTable::Get()[c] & kSpace) != 0 || (c >= 0x1C && c <= 0x1F);
}

// The length of the character at the end of `text`, which is not empty.
size_t LastCharacterLength(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(4, text.size()); ++n) {
    const DecodedChar c = DecodeUtf8(text.substr(text.size() - n));
    if (c.valid && static_cast<size_t>(c.length) == n) return n;
  }
  return 1;
}

// The reference renderer strips all white space, whatever it is asked to strip; templates ask for
// '\n' only. Other characters are stripped as in Python.
struct StripSet {
  explicit StripSet(const Value& given) {
    any_space = given.is_undefined() || given.is_none();
    if (any_space) return;
    characters = Utf8ToCodePoints(RequireText(given, "strip"));
    any_space = std::all_of(characters.begin(), characters.end(), IsSpace);
  }
  bool Has(char32_t c) const {
    if (any_space) return IsSpace(c);
    return std::find(characters.begin(), characters.end(), c) != characters.end();
  }
  bool any_space;
  std::vector<char32_t> characters;
};

template <bool left, bool right>
Value Strip(Runtime& runtime, const Value& self, Arg arguments) {
  const StripSet set(arguments.Get(0, "chars"));
  std::string_view text = self.text();
  runtime.heap().Step(1 + text.size() / 16 * (1 + set.characters.size() / 8));
  while (left && !text.empty() && set.Has(DecodeUtf8(text).code_point)) {
    text.remove_prefix(DecodeUtf8(text).length);
  }
  while (right && !text.empty()) {
    const size_t n = LastCharacterLength(text);
    if (!set.Has(DecodeUtf8(text.substr(text.size() - n)).code_point)) break;
    text.remove_suffix(n);
  }
  return Value::String(text);
}

int64_t MaxSplits(Arg arguments) {
  const Value given = arguments.Get(1, "maxsplit");
  const int64_t n = given.is_undefined() ? -1 : RequireInteger(given, "split");
  return n < 0 ? INT64_MAX : n;
}

// Runs of white space divide; none at the ends.
List* SplitAtSpaces(Heap& heap, std::string_view text, int64_t max_splits) {
  List* list = heap.NewList();
  const auto skip_spaces = [&] {
    while (!text.empty() && IsSpace(DecodeUtf8(text).code_point)) {
      text.remove_prefix(DecodeUtf8(text).length);
    }
  };
  for (skip_spaces(); !text.empty(); skip_spaces()) {
    if (static_cast<int64_t>(list->items.size()) == max_splits) {
      while (IsSpace(DecodeUtf8(text.substr(text.size() - LastCharacterLength(text))).code_point)) {
        text.remove_suffix(LastCharacterLength(text));
      }
      heap.Append(*list, Value::String(text));
      break;
    }
    size_t end = 0;
    while (end < text.size() && !IsSpace(DecodeUtf8(text.substr(end)).code_point)) {
      end += DecodeUtf8(text.substr(end)).length;
    }
    heap.Append(*list, Value::String(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return list;
}

std::string_view RequireSeparator(const Value& value) {
  const std::string_view separator = RequireText(value, "split");
  if (separator.empty()) Fail(ErrorCode::kInvalidArgument, "split takes a separator, not \"\"");
  return separator;
}

Value Split(Runtime& runtime, const Value& self, Arg arguments) {
  Heap& heap = runtime.heap();
  heap.StepForBytes(self.text().size());
  const Value given = arguments.Get(0, "sep");
  int64_t left = MaxSplits(arguments);
  if (given.is_undefined() || given.is_none()) {
    return Value::OfList(SplitAtSpaces(heap, self.text(), left));
  }
  const std::string_view separator = RequireSeparator(given);
  List* list = heap.NewList();
  std::string_view rest = self.text();
  for (size_t at = rest.find(separator); at != std::string_view::npos && left > 0;
       at = rest.find(separator), --left) {
    heap.Append(*list, Value::String(rest.substr(0, at)));
    rest.remove_prefix(at + separator.size());
  }
  heap.Append(*list, Value::String(rest));
  return Value::OfList(list);
}

Value RightSplit(Runtime& runtime, const Value& self, Arg arguments) {
  Heap& heap = runtime.heap();
  heap.StepForBytes(self.text().size());
  const Value given = arguments.Get(0, "sep");
  int64_t left = MaxSplits(arguments);
  if (given.is_undefined() || given.is_none()) {
    if (left != INT64_MAX) {
      Fail(ErrorCode::kInvalidArgument, "rsplit with a limit takes a separator");
    }
    return Split(runtime, self, {});
  }
  const std::string_view separator = RequireSeparator(given);
  List* list = heap.NewList();
  std::string_view rest = self.text();
  for (size_t at = rest.rfind(separator); at != std::string_view::npos && left > 0;
       at = rest.rfind(separator), --left) {
    heap.Append(*list, Value::String(rest.substr(at + separator.size())));
    rest = rest.substr(0, at);
  }
  heap.Append(*list, Value::String(rest));
  std::reverse(list->items.begin(), list->items.end());
  return Value::OfList(list);
}

Value SplitLines(Runtime& runtime, const Value& self, Arg arguments) {
  const bool keep = IsTrue(arguments.Get(0, "keepends"));
  List* list = runtime.heap().NewList();
  runtime.heap().StepForBytes(self.text().size());
  for (std::string_view rest = self.text(); !rest.empty();) {
    const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    size_t next = std::min(end + 1, rest.size());
    if (rest.substr(end).starts_with("\r\n")) ++next;
    runtime.heap().Append(*list, Value::String(rest.substr(0, keep ? next : end)));
    rest.remove_prefix(next);
  }
  return Value::OfList(list);
}

template <bool front>
Value StartsOrEndsWith(Runtime& runtime, const Value& self, Arg arguments) {
  const std::string_view what = front ? "startswith" : "endswith";
  const auto matches = [&](const Value& affix) {
    const std::string_view text = RequireText(affix, what);
    runtime.heap().StepForBytes(text.size());
    return front ? self.text().starts_with(text) : self.text().ends_with(text);
  };
  const Value affix = arguments.Get(0, "prefix");
  if (affix.kind() != Kind::kTuple) return Value::Bool(matches(affix));
  const auto& items = affix.list().items;
  return Value::Bool(std::any_of(items.begin(), items.end(), matches));
}

Value Replace(Runtime& runtime, const Value& self, Arg arguments) {
  Heap& heap = runtime.heap();
  const std::string_view from = RequireText(arguments.Get(0, "old"), "replace");
  const std::string_view to = RequireText(arguments.Get(1, "new"), "replace");
  const Value limit = arguments.Get(2, "count");
  int64_t left = limit.is_undefined() ? -1 : RequireInteger(limit, "replace");
  if (left < 0) left = INT64_MAX;
  heap.StepForBytes(self.text().size());
  std::string text;
  std::string_view rest = self.text();
  while (left-- > 0) {
    const size_t at = rest.find(from);
    if (at == std::string_view::npos) break;
    heap.Allocate(to.size() + 8);
    text.append(rest.substr(0, at)).append(to);
    rest.remove_prefix(at + from.size());
    if (from.empty()) {  // between all characters
      if (rest.empty()) break;
      const int length = DecodeUtf8(rest).length;
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return heap.NewString(text.append(rest));
}

Value Upper(Runtime& runtime, const Value& self, Arg) {
  runtime.heap().Allocate(self.text().size() * 2);
  return runtime.heap().NewString(UpperCase(self.text()));
}

Value Lower(Runtime& runtime, const Value& self, Arg) {
  runtime.heap().Allocate(self.text().size() * 2);
  return runtime.heap().NewString(LowerCase(self.text()));
}

Value Capitalize(Runtime& runtime, const Value& self, Arg) {
  if (self.text().empty()) return self;
  runtime.heap().Allocate(self.text().size() * 2);
  const size_t head = DecodeUtf8(self.text()).length;
  return runtime.heap().NewString(UpperCase(self.text().substr(0, head)) +
                                  LowerCase(self.text().substr(head)));
}

// A letter behind a letter is small, any other a capital.
Value Title(Runtime& runtime, const Value& self, Arg) {
  std::string text;
  bool behind_letter = false;
  runtime.heap().Allocate(self.text().size() * 4);
  for (std::string_view rest = self.text(); !rest.empty();) {
    const DecodedChar c = DecodeUtf8(rest);
    const std::string_view character = rest.substr(0, c.length);
    text += behind_letter ? LowerCase(character) : UpperCase(character);
    behind_letter = c.valid && (CharClassTable::Get()[c.code_point] & kLetter) != 0;
    rest.remove_prefix(c.length);
  }
  return runtime.heap().NewString(text);
}

Value Join(Runtime& runtime, const Value& self, Arg arguments) {
  std::string text;
  bool first = true;
  for (const Value& item : Iterate(runtime.heap(), arguments.Get(0, "iterable"))->items) {
    if (!first) AppendText(runtime.heap(), self, text);
    first = false;
    RequireText(item, "join");
    AppendText(runtime.heap(), item, text);
  }
  return runtime.heap().NewString(text);
}

template <bool last, bool must_exist>
Value FindText(Runtime& runtime, const Value& self, Arg arguments) {
  const std::string_view part = RequireText(arguments.Get(0, "sub"), "find");
  const Value start = arguments.Get(1, "start");
  size_t from = 0;
  if (!start.is_undefined()) {
    const int64_t index = std::max<int64_t>(RequireInteger(start, "find"), 0);
    from = CharacterOffset(runtime.heap(), self.text(), static_cast<size_t>(index));
  }
  runtime.heap().StepForBytes(self.text().size());
  size_t at = last ? self.text().rfind(part) : self.text().find(part, from);
  if (last && at != std::string_view::npos && at < from) at = std::string_view::npos;
  if (at == std::string_view::npos) {
    if (must_exist) Fail(ErrorCode::kInvalidArgument, "the part is not in the string");
    return Value::Int(-1);
  }
  return Value::Int(
      static_cast<int64_t>(CountCharacters(runtime.heap(), self.text().substr(0, at))));
}

Value Count(Runtime& runtime, const Value& self, Arg arguments) {
  const std::string_view part = RequireText(arguments.Get(0, "sub"), "count");
  const std::string_view text = self.text();
  if (part.empty()) {
    return Value::Int(static_cast<int64_t>(CountCharacters(runtime.heap(), text)) + 1);
  }
  runtime.heap().StepForBytes(text.size());
  int64_t n = 0;
  for (size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++n;
  }
  return Value::Int(n);
}

template <bool front>
Value RemoveAffix(Runtime&, const Value& self, Arg arguments) {
  std::string_view text = self.text();
  const std::string_view affix = RequireText(arguments.Get(0, "prefix"), "removeprefix");
  if (front && text.starts_with(affix)) text.remove_prefix(affix.size());
  if (!front && text.ends_with(affix)) text.remove_suffix(affix.size());
  return Value::String(text);
}

template <bool last>
Value Partition(Runtime& runtime, const Value& self, Arg arguments) {
  Heap& heap = runtime.heap();
  const std::string_view text = self.text();
  const std::string_view separator = RequireSeparator(arguments.Get(0, "sep"));
  heap.StepForBytes(text.size());
  const size_t at = last ? text.rfind(separator) : text.find(separator);
  List* parts = heap.NewList();
  const bool found = at != std::string_view::npos;
  const std::string_view before = found ? text.substr(0, at) : last ? "" : text;
  const std::string_view after = found ? text.substr(at + separator.size()) : last ? text : "";
  for (const std::string_view part : {before, found ? separator : std::string_view(), after}) {
    heap.Append(*parts, Value::String(part));
  }
  return Value::OfTuple(parts);
}

// The padding on each side for ljust (left = 0), rjust (1) and center (2).
template <int kind>
Value Justify(Runtime& runtime, const Value& self, Arg arguments) {
  const Value given = arguments.Get(0, "width");
  const int64_t width = given.is_undefined() ? 80 : RequireInteger(given, "a width");
  const auto n = static_cast<int64_t>(CountCharacters(runtime.heap(), self.text()));
  if (width <= n) return self;
  const Value fill = arguments.Get(1, "fillchar");
  const char pad = fill.is_string() && fill.text().size() == 1 ? fill.text()[0] : ' ';
  const auto total = static_cast<size_t>(width - n);
  runtime.heap().Allocate(total);
  const size_t left = kind == 0 ? 0 : kind == 1 ? total : total / 2;
  return runtime.heap().NewString(std::string(left, pad) + std::string(self.text()) +
                                  std::string(total - left, pad));
}

template <uint8_t classes>
Value IsAll(Runtime& runtime, const Value& self, Arg) {
  runtime.heap().StepForBytes(self.text().size());
  bool all = !self.text().empty();
  for (std::string_view rest = self.text(); all && !rest.empty();) {
    const DecodedChar c = DecodeUtf8(rest);
    all = c.valid && (CharClassTable::Get()[c.code_point] & classes) != 0;
    rest.remove_prefix(c.length);
  }
  return Value::Bool(all);
}

template <bool upper>
Value IsCase(Runtime& runtime, const Value& self, Arg) {
  runtime.heap().Allocate(self.text().size() * 2);
  const std::string up = UpperCase(self.text()), low = LowerCase(self.text());
  return Value::Bool(up != low && self.text() == (upper ? up : low));
}

// str.format() with "{}", "{0}", "{name}", "{{" and "}}".
Value Format(Runtime& runtime, const Value& self, Arg arguments) {
  std::string text;
  size_t next = 0;
  for (std::string_view rest = self.text(); !rest.empty();) {
    runtime.heap().Step();
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c != '{' && c != '}') {
      text += c;
      continue;
    }
    if (rest.starts_with(c)) {
      text += c;
      rest.remove_prefix(1);
      continue;
    }
    const size_t end = c == '{' ? rest.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) Fail(ErrorCode::kInvalidArgument, "a lone brace in format");
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const bool is_index =
        field.size() < 9 && field.find_first_not_of("0123456789") == std::string_view::npos;
    const size_t index = !is_index       ? SIZE_MAX
                         : field.empty() ? next++
                                         : std::stoul(std::string(field));
    const Value value = arguments.Get(index, is_index ? std::string_view() : field);
    if (value.is_undefined()) {
      Fail(ErrorCode::kInvalidArgument, "format has no value for {{{}}}", field);
    }
    AppendText(runtime.heap(), value, text);
  }
  return runtime.heap().NewString(text);
}

struct NamedMethod {
  std::string_view name;
  NativeFunction method;
};

constexpr NamedMethod kMethods[] = {
    {"strip", Strip<true, true>},
    {"lstrip", Strip<true, false>},
    {"rstrip", Strip<false, true>},
    {"split", Split},
    {"rsplit", RightSplit},
    {"splitlines", SplitLines},
    {"startswith", StartsOrEndsWith<true>},
    {"endswith", StartsOrEndsWith<false>},
    {"replace", Replace},
    {"upper", Upper},
    {"lower", Lower},
    {"capitalize", Capitalize},
    {"title", Title},
    {"join", Join},
    {"find", FindText<false, false>},
    {"rfind", FindText<true, false>},
    {"index", FindText<false, true>},
    {"rindex", FindText<true, true>},
    {"count", Count},
    {"removeprefix", RemoveAffix<true>},
    {"removesuffix", RemoveAffix<false>},
    {"partition", Partition<false>},
    {"rpartition", Partition<true>},
    {"ljust", Justify<0>},
    {"rjust", Justify<1>},
    {"center", Justify<2>},
    {"isdigit", IsAll<kNumber>},
    {"isnumeric", IsAll<kNumber>},
    {"isdecimal", IsAll<kNumber>},
    {"isalpha", IsAll<kLetter>},
    {"isalnum", IsAll<kLetter | kNumber>},
    {"isspace", IsAll<kSpace>},
    {"isupper", IsCase<true>},
    {"islower", IsCase<false>},
    {"format", Format},
};

}  // namespace

NativeFunction FindStringMethod(std::string_view name) {
  for (const NamedMethod& entry : kMethods) {
    if (entry.name == name) return entry.method;
  }
  return nullptr;
}

}  // namespace pioneer::jinja
