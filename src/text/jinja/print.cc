#include "text/jinja/print.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja/function.h"

namespace pioneer::jinja {
namespace {

constexpr int kMaxPrintDepth = 100;

void CheckSize(Heap& heap, const std::string& out, int depth) {
  heap.Step();
  if (out.size() > heap.limits().max_output_bytes) {
    Fail(ErrorCode::kOutOfMemory, "the chat template makes a text of more than {} bytes",
         heap.limits().max_output_bytes);
  }
  if (depth > kMaxPrintDepth) {
    Fail(ErrorCode::kOutOfMemory, "a value is nested deeper than {} levels", kMaxPrintDepth);
  }
}

bool IsPrintable(char32_t c) {
  return c >= 0x20 && c != 0x7F && !(c >= 0x80 && c <= 0xA0) && c != 0xAD &&
         !(c >= 0x200B && c <= 0x200F) && !(c >= 0x2028 && c <= 0x202E) && c != 0xFEFF;
}

void AppendStringRepr(std::string_view text, std::string& out) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  out += quote;
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, c.length);
    text.remove_prefix(c.length);
    if (c.code_point == static_cast<char32_t>(quote) || c.code_point == '\\') {
      out += '\\';
      out += bytes;
    } else if (c.code_point == '\n') {
      out += "\\n";
    } else if (c.code_point == '\r') {
      out += "\\r";
    } else if (c.code_point == '\t') {
      out += "\\t";
    } else if (IsPrintable(c.code_point)) {
      out += bytes;
    } else {
      out += c.code_point < 0x100 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(c.code_point))
                                  : fmt::format("\\u{:04x}", static_cast<uint32_t>(c.code_point));
    }
  }
  out += quote;
}

void AppendSequence(Heap& heap, const Value& value, std::string& out, int depth) {
  const bool tuple = value.kind() == Kind::kTuple;
  out += tuple ? '(' : '[';
  const auto& items = value.list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    AppendRepr(heap, items[i], out, depth + 1);
  }
  if (tuple && items.size() == 1) out += ',';
  out += tuple ? ')' : ']';
}

void AppendDict(Heap& heap, const Value& value, std::string& out, int depth) {
  out += '{';
  bool first = true;
  for (const auto& [key, item] : value.dict().entries) {
    if (!first) out += ", ";
    first = false;
    AppendRepr(heap, key, out, depth + 1);
    out += ": ";
    AppendRepr(heap, item, out, depth + 1);
  }
  out += '}';
}

void AppendJsonEscape(char32_t c, std::string& out) {
  if (c >= 0x10000) {
    const char32_t rest = c - 0x10000;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + static_cast<uint32_t>(rest >> 10),
                       0xDC00 + static_cast<uint32_t>(rest & 0x3FF));
  } else {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  }
}

void AppendJsonString(std::string_view text, bool ensure_ascii, std::string& out) {
  static constexpr std::string_view kFrom = "\"\\\n\r\t\b\f", kTo = "\"\\nrtbf";
  out += '"';
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    const size_t short_form =
        c.code_point < 0x80 ? kFrom.find(static_cast<char>(c.code_point)) : std::string_view::npos;
    if (short_form != std::string_view::npos) {
      out += '\\';
      out += kTo[short_form];
    } else if (c.code_point < 0x20 || (ensure_ascii && c.code_point >= 0x7F)) {
      AppendJsonEscape(c.code_point, out);
    } else {
      AppendUtf8(out, c.code_point);
    }
    text.remove_prefix(c.length);
  }
  out += '"';
}

void AppendNewline(const JsonStyle& style, int depth, std::string& out) {
  if (style.indent < 0) return;
  out += '\n';
  out.append(static_cast<size_t>(style.indent) * static_cast<size_t>(depth), ' ');
}

void AppendJsonKey(Heap& heap, const Value& key, const JsonStyle& style, std::string& out) {
  if (key.is_string()) return AppendJsonString(key.text(), style.ensure_ascii, out);
  out += '"';
  AppendJson(heap, key, style, out);
  out += '"';
}

void AppendJsonDict(Heap& heap, const Value& value, const JsonStyle& style, std::string& out,
                    int depth) {
  auto entries = value.dict().entries;
  heap.Step(entries.size());
  if (style.sort_keys) {
    std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
      return Compare(heap, a.first, b.first) < 0;
    });
  }
  out += '{';
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) out += style.item_separator;
    AppendNewline(style, depth + 1, out);
    AppendJsonKey(heap, entries[i].first, style, out);
    out += style.key_separator;
    AppendJson(heap, entries[i].second, style, out, depth + 1);
  }
  if (!entries.empty()) AppendNewline(style, depth, out);
  out += '}';
}

void AppendJsonList(Heap& heap, const Value& value, const JsonStyle& style, std::string& out,
                    int depth) {
  const auto& items = value.list().items;
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += style.item_separator;
    AppendNewline(style, depth + 1, out);
    AppendJson(heap, items[i], style, out, depth + 1);
  }
  if (!items.empty()) AppendNewline(style, depth, out);
  out += ']';
}

}  // namespace

std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  const double size = std::abs(value);
  const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  std::string text(buffer, std::to_chars(buffer, std::end(buffer), value, format).ptr);
  if (!exponent && text.find('.') == std::string::npos) text += ".0";
  if (const size_t sign = text.find("e-0"); sign != std::string::npos) text.erase(sign + 2, 1);
  return text;
}

void AppendRepr(Heap& heap, const Value& value, std::string& out, int depth) {
  CheckSize(heap, out, depth);
  switch (value.kind()) {
    case Kind::kUndefined:
      out += "Undefined";
      break;
    case Kind::kNone:
      out += "None";
      break;
    case Kind::kBool:
      out += value.integer() != 0 ? "True" : "False";
      break;
    case Kind::kInt:
      out += std::to_string(value.integer());
      break;
    case Kind::kFloat:
      out += FloatRepr(value.number());
      break;
    case Kind::kString:
      heap.StepForBytes(value.text().size());
      AppendStringRepr(value.text(), out);
      break;
    case Kind::kList:
    case Kind::kTuple:
      AppendSequence(heap, value, out, depth);
      break;
    case Kind::kDict:
      AppendDict(heap, value, out, depth);
      break;
    case Kind::kNamespace:
      out += "<Namespace>";
      break;
    case Kind::kFunction:
      out += fmt::format("<function {}>", value.function().name);
      break;
    case Kind::kLoop:
      out += fmt::format("<LoopContext {}/{}>", value.loop().position + 1,
                         value.loop().items->items.size());
      break;
  }
  CheckSize(heap, out, depth);
}

void AppendText(Heap& heap, const Value& value, std::string& out) {
  if (value.is_undefined()) return;
  if (value.kind() == Kind::kBool || value.is_sequence() || value.is_dict()) {
    return AppendJson(heap, value, {}, out);
  }
  if (!value.is_string()) return AppendRepr(heap, value, out);
  heap.StepForBytes(value.text().size());
  out += value.text();
  CheckSize(heap, out, 0);
}

std::string ToText(Heap& heap, const Value& value) {
  std::string out;
  AppendText(heap, value, out);
  return out;
}

void AppendJson(Heap& heap, const Value& value, const JsonStyle& style, std::string& out,
                int depth) {
  CheckSize(heap, out, depth);
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      out += "null";
      break;
    case Kind::kBool:
      out += value.integer() != 0 ? "true" : "false";
      break;
    case Kind::kInt:
      out += std::to_string(value.integer());
      break;
    case Kind::kFloat:
      out += std::isnan(value.number())   ? "NaN"
             : std::isinf(value.number()) ? (value.number() > 0 ? "Infinity" : "-Infinity")
                                          : FloatRepr(value.number());
      break;
    case Kind::kString:
      heap.StepForBytes(value.text().size());
      AppendJsonString(value.text(), style.ensure_ascii, out);
      break;
    case Kind::kList:
    case Kind::kTuple:
      AppendJsonList(heap, value, style, out, depth);
      break;
    case Kind::kDict:
      AppendJsonDict(heap, value, style, out, depth);
      break;
    default:
      Fail(ErrorCode::kInvalidArgument, "{} cannot be written as JSON", KindName(value));
  }
  CheckSize(heap, out, depth);
}

}  // namespace pioneer::jinja
