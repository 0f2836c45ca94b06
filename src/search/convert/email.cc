// Why: a mail is its subject, who wrote it when, and the one of its parts that is for readers (RFC
// 5322, 2045, 2047, 2183). Attachments are named.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/block_writer.h"
#include "search/convert/charset.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"

namespace pioneer::search {
namespace {

constexpr int kMaxPartDepth = 10;
constexpr int kMaxParts = 500;
constexpr size_t kMaxFields = 1000;

std::string Lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  return lower;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// `underscore`: as encoded words have it for a space.
std::string DecodeQuotedPrintable(std::string_view text, bool underscore) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && underscore) {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (text.substr(i + 1).starts_with("\r\n")) {
      i += 2;
    } else if (text.substr(i + 1).starts_with('\n')) {
      i += 1;
    } else if (i + 2 < text.size() && HexValue(text[i + 1]) >= 0 && HexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += '=';
    }
  }
  return out;
}

// As far as it goes: line breaks, and an end that is missing.
std::string DecodeMailBase64(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const bool sign =
        (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '/';
    if (sign) clean += c;
  }
  if (clean.size() % 4 == 1) clean.pop_back();
  clean.append((4 - clean.size() % 4) % 4, '=');
  return DecodeBase64(clean).value_or("");
}

// One "=?charset?B|Q?text?=" at the front of `text`; its length, 0 when there is none.
size_t TakeEncodedWord(std::string_view text, std::string& out) {
  if (!text.starts_with("=?")) return 0;
  const size_t kind = text.find('?', 2);
  if (kind == std::string_view::npos || kind + 2 >= text.size() || text[kind + 2] != '?') return 0;
  const size_t end = text.find("?=", kind + 3);
  if (end == std::string_view::npos || end > 2000) return 0;
  std::string_view charset = text.substr(2, kind - 2);
  charset = charset.substr(0, charset.find('*'));  // a language, RFC 2231
  const std::string_view words = text.substr(kind + 3, end - kind - 3);
  const char encoding = static_cast<char>(text[kind + 1] | 32);
  if (encoding != 'b' && encoding != 'q') return 0;
  const std::string bytes =
      encoding == 'b' ? DecodeMailBase64(words) : DecodeQuotedPrintable(words, true);
  out += DecodeExactly(bytes, charset);
  return end + 2;
}

std::string DecodeHeader(std::string_view value) {
  std::string out;
  size_t spaces_from = std::string::npos;  // between two encoded words, which are one text
  for (size_t i = 0; i < value.size();) {
    std::string word;
    const size_t length = TakeEncodedWord(value.substr(i), word);
    if (length > 0) {
      if (spaces_from != std::string::npos) out.resize(spaces_from);
      out += word;
      i += length;
      spaces_from = out.size();
    } else {
      if (value[i] != ' ' && value[i] != '\t') spaces_from = std::string::npos;
      out += value[i++];
    }
  }
  return IsValidUtf8(out) ? out : DecodeText(out);
}

struct MailPart {
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case, unfolded
  std::string_view body;

  std::string_view Field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return {};
  }
};

MailPart SplitPart(std::string_view bytes) {
  MailPart part;
  LineReader lines(bytes);
  for (std::string_view line; lines.Next(line) && !line.empty();) {
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && !part.fields.empty()) {
      part.fields.back().second.append(" ").append(TrimLine(line));
    } else if (const size_t colon = line.find(':');
               colon != std::string_view::npos && part.fields.size() < kMaxFields) {
      part.fields.emplace_back(Lowered(TrimLine(line.substr(0, colon))),
                               TrimLine(line.substr(colon + 1)));
    }
  }
  part.body = lines.rest();
  return part;
}

// "charset" of "text/plain; charset=utf-8".
std::string Parameter(std::string_view field, std::string_view name) {
  const std::string lower = Lowered(field);
  for (size_t at = lower.find(';'); at != std::string::npos; at = lower.find(';', at + 1)) {
    size_t begin = lower.find_first_not_of(" \t", at + 1);
    if (begin == std::string::npos || lower.compare(begin, name.size(), name) != 0) continue;
    begin += name.size();
    if (begin >= lower.size() || lower[begin] != '=') continue;
    std::string_view value = field.substr(begin + 1);
    const bool quoted = value.starts_with('"');
    if (quoted) value.remove_prefix(1);
    return std::string(TrimLine(value.substr(0, value.find(quoted ? '"' : ';'))));
  }
  return {};
}

class MailReader {
 public:
  explicit MailReader(BlockWriter& writer) : writer_(writer) {}

  // True when the part held text for readers.
  bool Read(const MailPart& part, int depth) {
    if (depth > kMaxPartDepth || ++parts_ > kMaxParts || writer_.full()) return false;
    const std::string type = Lowered(part.Field("content-type"));
    if (type.starts_with("multipart/")) return ReadParts(part, type, depth);
    if (IsAttachment(part)) return false;
    if (type.starts_with("message/rfc822")) return ReadMessage(part, depth);
    if (!type.empty() && !type.starts_with("text/")) return false;
    const std::string text =
        DecodeText(Content(part), Parameter(part.Field("content-type"), "charset"));
    if (type.starts_with("text/html")) {
      WriteHtmlBlocks(text, 2, writer_);
    } else {
      WritePlain(text);
    }
    return true;
  }

  const std::vector<std::string>& attachments() const { return attachments_; }

 private:
  bool ReadMessage(const MailPart& part, int depth) {
    const std::string bytes = Content(part);
    const MailPart message = SplitPart(bytes);
    writer_.Add(BlockKind::kHeading, DecodeHeader(message.Field("subject")), 2);
    return Read(message, depth + 1);
  }

  static std::string Content(const MailPart& part) {
    const std::string encoding = Lowered(TrimLine(part.Field("content-transfer-encoding")));
    if (encoding == "base64") return DecodeMailBase64(part.body);
    if (encoding == "quoted-printable") return DecodeQuotedPrintable(part.body, false);
    return std::string(part.body);
  }

  bool IsAttachment(const MailPart& part) {
    const std::string_view disposition = part.Field("content-disposition");
    std::string name = Parameter(disposition, "filename");
    if (name.empty()) name = Parameter(part.Field("content-type"), "name");
    if (!Lowered(disposition).starts_with("attachment") && name.empty()) return false;
    if (!name.empty()) attachments_.push_back(DecodeHeader(name));
    return true;
  }

  bool ReadParts(const MailPart& part, std::string_view type, int depth) {
    const std::string boundary = "--" + Parameter(part.Field("content-type"), "boundary");
    if (boundary.size() == 2) return false;
    std::vector<MailPart> children;
    for (const std::string_view piece : Pieces(part.body, boundary)) {
      if (children.size() < kMaxParts) children.push_back(SplitPart(piece));
    }
    bool read = false;
    // The first that can be read of several forms of one text; otherwise all.
    for (const MailPart& child : children) {
      if (read && type.starts_with("multipart/alternative")) break;
      read = Read(child, depth + 1) || read;
    }
    return read;
  }

  static std::vector<std::string_view> Pieces(std::string_view body, const std::string& boundary) {
    std::vector<std::string_view> pieces;
    size_t begin = std::string_view::npos;
    for (size_t at = 0; (at = body.find(boundary, at)) != std::string_view::npos;) {
      const bool at_line = at == 0 || body[at - 1] == '\n';
      const size_t after = at + boundary.size();
      if (at_line && begin != std::string_view::npos)
        pieces.push_back(body.substr(begin, at - begin));
      if (at_line) {
        const size_t line_end = body.find('\n', after);
        if (body.substr(after).starts_with("--") || line_end == std::string_view::npos) {
          return pieces;
        }
        begin = line_end + 1;
      }
      at = after;
    }
    if (begin != std::string_view::npos) pieces.push_back(body.substr(begin));
    return pieces;
  }

  // What was quoted stands in the mail that it was taken from.
  void WritePlain(std::string_view text) {
    LineReader lines(text);
    std::string_view before;
    for (std::string_view line; lines.Next(line) && !writer_.full();) {
      const std::string_view words = TrimLine(line);
      if (line == "-- ") break;  // the signature
      if (words.empty() || words.starts_with('>')) {
        writer_.End();
        before = {};
        continue;
      }
      AppendLine(words, before, writer_);
      before = words;
    }
    writer_.End();
  }

  BlockWriter& writer_;
  int parts_ = 0;
  std::vector<std::string> attachments_;
};

}  // namespace

void ConvertEmail(std::string_view bytes, Converted& out) {
  const MailPart message = SplitPart(bytes);
  if (message.Field("from").empty() && message.Field("subject").empty() &&
      message.Field("date").empty()) {
    Fail(ErrorCode::kCorruptFile, "this is no mail: it has neither sender nor subject nor date");
  }
  out.document.title = DecodeHeader(message.Field("subject"));
  out.document.published_at_ms = ParseDate(message.Field("date"));
  BlockWriter writer;
  for (const auto& [field, label] : {std::pair("from", "From: "), std::pair("to", "To: ")}) {
    const std::string people = DecodeHeader(message.Field(field));
    if (!people.empty()) writer.Add(BlockKind::kParagraph, label + people);
  }
  MailReader reader(writer);
  reader.Read(message, 0);
  for (const std::string& name : reader.attachments()) {
    writer.Add(BlockKind::kListItem, "Attachment: " + name);
  }
  writer.MoveInto(out.document);
}

}  // namespace pioneer::search
