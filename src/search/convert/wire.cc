#include "search/convert/wire.h"

#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer::search {
namespace {

class WireWriter {
 public:
  void Number(int64_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void Small(uint8_t value) { out_ += static_cast<char>(value); }
  void Text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    out_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
  }
  void Date(const std::optional<int64_t>& date) {
    Small(date.has_value());
    Number(date.value_or(0));
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  int64_t Number() {
    int64_t value = 0;
    std::memcpy(&value, Bytes(sizeof(value)).data(), sizeof(value));
    return value;
  }
  uint8_t Small() { return static_cast<uint8_t>(Bytes(1)[0]); }
  uint8_t Small(int most) {
    const uint8_t value = Small();
    if (value > most) Refuse();
    return value;
  }
  std::string Text() {
    uint32_t size = 0;
    std::memcpy(&size, Bytes(sizeof(size)).data(), sizeof(size));
    std::string text(Bytes(size));
    if (!IsValidUtf8(text)) Refuse();
    return text;
  }
  std::optional<int64_t> Date() {
    const bool known = Small() != 0;
    const int64_t value = Number();
    return known ? std::optional(value) : std::nullopt;
  }
  // A number of things of which each takes a byte at least.
  size_t Count() {
    const int64_t count = Number();
    if (count < 0 || static_cast<size_t>(count) > rest_.size()) Refuse();
    return static_cast<size_t>(count);
  }
  [[noreturn]] static void Refuse() {
    Fail(ErrorCode::kCorruptFile, "its converter gave a broken answer");
  }

 private:
  std::string_view Bytes(size_t n) {
    if (n > rest_.size()) Refuse();
    const std::string_view bytes = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return bytes;
  }
  std::string_view rest_;
};

void WriteDocument(const Document& document, WireWriter& writer) {
  writer.Text(document.title);
  writer.Text(document.language);
  writer.Date(document.published_at_ms);
  writer.Date(document.modified_at_ms);
  writer.Small(document.truncated);
  writer.Number(static_cast<int64_t>(document.blocks.size()));
  for (const Block& block : document.blocks) {
    writer.Small(static_cast<uint8_t>(block.kind));
    writer.Small(static_cast<uint8_t>(block.level));
    writer.Number(block.page);
    writer.Text(block.text);
  }
}

Document ReadDocument(WireReader& reader) {
  Document document;
  document.title = reader.Text();
  document.language = reader.Text();
  document.published_at_ms = reader.Date();
  document.modified_at_ms = reader.Date();
  document.truncated = reader.Small() != 0;
  const size_t count = reader.Count();
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    Block block;
    block.kind = static_cast<BlockKind>(reader.Small(static_cast<int>(BlockKind::kCode)));
    block.level = reader.Small(6);
    block.page = static_cast<int>(reader.Number());
    block.text = reader.Text();
    bytes += block.text.size();
    if (block.text.empty() || bytes > kMaxDocumentBytes || block.page < 0) WireReader::Refuse();
    document.blocks.push_back(std::move(block));
  }
  if (document.title.empty()) WireReader::Refuse();
  return document;
}

}  // namespace

std::string EncodeRequest(const ConvertRequest& request) {
  WireWriter writer;
  writer.Small(static_cast<uint8_t>(request.format));
  writer.Text(request.name);
  writer.Text(request.charset);
  return writer.Take();
}

ConvertRequest DecodeRequest(std::string_view bytes) {
  WireReader reader(bytes);
  ConvertRequest request;
  request.format = static_cast<Format>(reader.Small(kFormats - 1));
  request.name = reader.Text();
  request.charset = reader.Text();
  return request;
}

std::string EncodeConverted(const Converted& converted) {
  WireWriter writer;
  WriteDocument(converted.document, writer);
  writer.Number(static_cast<int64_t>(converted.links.size()));
  for (const FoundLink& link : converted.links) {
    writer.Text(link.url);
    writer.Text(link.title);
    writer.Text(link.summary);
    writer.Date(link.dated_at_ms);
  }
  writer.Text(converted.base_url);
  writer.Text(converted.canonical);
  writer.Small(converted.no_index);
  writer.Small(converted.no_follow);
  writer.Small(converted.links_are_sitemaps);
  return writer.Take();
}

Converted DecodeConverted(std::string_view bytes) {
  WireReader reader(bytes);
  Converted converted;
  converted.document = ReadDocument(reader);
  const size_t links = reader.Count();
  if (links > kMaxLinks) WireReader::Refuse();
  for (size_t i = 0; i < links; ++i) {
    FoundLink link;
    link.url = reader.Text();
    link.title = reader.Text();
    link.summary = reader.Text();
    link.dated_at_ms = reader.Date();
    converted.links.push_back(std::move(link));
  }
  converted.base_url = reader.Text();
  converted.canonical = reader.Text();
  converted.no_index = reader.Small() != 0;
  converted.no_follow = reader.Small() != 0;
  converted.links_are_sitemaps = reader.Small() != 0;
  return converted;
}

}  // namespace pioneer::search
