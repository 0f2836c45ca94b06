#include "base/utf8.h"

#include <cstring>

namespace pioneer {
namespace {

struct LeadByte {
  int length;          // of the whole character; 0 = cannot start one
  uint8_t second_min;  // range of the second byte, which excludes overlong forms and surrogates
  uint8_t second_max;
  uint8_t payload_mask;
};

LeadByte ClassifyLead(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0, 0x7F};
  if (byte < 0xC2) return {0, 0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF, 0x1F};
  if (byte == 0xE0) return {3, 0xA0, 0xBF, 0x0F};
  if (byte == 0xED) return {3, 0x80, 0x9F, 0x0F};
  if (byte < 0xF0) return {3, 0x80, 0xBF, 0x0F};
  if (byte == 0xF0) return {4, 0x90, 0xBF, 0x07};
  if (byte < 0xF4) return {4, 0x80, 0xBF, 0x07};
  if (byte == 0xF4) return {4, 0x80, 0x8F, 0x07};
  return {0, 0, 0, 0};
}

// Number of leading bytes of `text` that form a valid start of one character (at least 1).
int ValidLength(std::string_view text, const LeadByte& lead) {
  int used = 1;
  while (used < lead.length && used < static_cast<int>(text.size())) {
    const auto byte = static_cast<uint8_t>(text[used]);
    const uint8_t low = used == 1 ? lead.second_min : 0x80;
    const uint8_t high = used == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) break;
    ++used;
  }
  return used;
}

// Bytes before the first one that is not ASCII. Most text is that, and much of it is asked about.
size_t AsciiPrefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  size_t n = 0;
  for (; n + sizeof(uint64_t) <= text.size(); n += sizeof(uint64_t)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + n, sizeof(bytes));
    if ((bytes & kHighBits) != 0) break;
  }
  while (n < text.size() && static_cast<uint8_t>(text[n]) < 0x80) ++n;
  return n;
}

}  // namespace

DecodedChar DecodeUtf8(std::string_view text) {
  const LeadByte lead = ClassifyLead(static_cast<uint8_t>(text[0]));
  if (lead.length == 0) return {kReplacementChar, 1, false};
  const int used = ValidLength(text, lead);
  if (used < lead.length) return {kReplacementChar, used, false};
  char32_t code_point = static_cast<uint8_t>(text[0]) & lead.payload_mask;
  for (int i = 1; i < used; ++i)
    code_point = code_point << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
  return {code_point, used, true};
}

void AppendUtf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

bool IsValidUtf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    const DecodedChar decoded = DecodeUtf8(text);
    if (!decoded.valid) return false;
    text.remove_prefix(decoded.length);
  }
}

std::string RepairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const size_t plain = AsciiPrefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return out;
    const DecodedChar decoded = DecodeUtf8(text);
    AppendUtf8(out, decoded.code_point);
    text.remove_prefix(decoded.length);
  }
}

std::vector<char32_t> Utf8ToCodePoints(std::string_view text) {
  std::vector<char32_t> out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedChar decoded = DecodeUtf8(text);
    out.push_back(decoded.code_point);
    text.remove_prefix(decoded.length);
  }
  return out;
}

size_t CompleteUtf8Prefix(std::string_view text) {
  const size_t start = text.size() > 3 ? text.size() - 3 : 0;
  for (size_t i = text.size(); i-- > start;) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) == 0x80) continue;
    const LeadByte lead = ClassifyLead(byte);
    const std::string_view tail = text.substr(i);
    const bool may_grow = lead.length > static_cast<int>(tail.size()) &&
                          ValidLength(tail, lead) == static_cast<int>(tail.size());
    return may_grow ? i : text.size();
  }
  return text.size();
}

std::string Utf8Stream::Push(std::string_view bytes) {
  held_ += bytes;
  const size_t complete = CompleteUtf8Prefix(held_);
  std::string out = RepairUtf8(std::string_view(held_).substr(0, complete));
  held_.erase(0, complete);
  return out;
}

std::string Utf8Stream::Finish() {
  std::string out = RepairUtf8(held_);
  held_.clear();
  return out;
}

}  // namespace pioneer
