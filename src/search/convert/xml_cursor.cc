#include "search/convert/xml_cursor.h"

#include <libxml/xmlerror.h>
#include <libxml/xmlreader.h>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/charset.h"

namespace pioneer::search {
namespace {

constexpr int kMaxXmlDepth = 200;

void DropXmlError(void*, const char*, xmlParserSeverities, xmlTextReaderLocatorPtr) {}

// The name in <?xml encoding="...">, "" when there is none.
std::string_view DeclaredEncoding(std::string_view xml) {
  std::string_view head = xml.substr(0, 200);
  if (!head.starts_with("<?xml")) return {};
  head = head.substr(0, head.find("?>"));
  const size_t at = head.find("encoding=");
  if (at == std::string_view::npos || at + 10 >= head.size()) return {};
  const char quote = head[at + 9];
  head.remove_prefix(at + 10);
  return head.substr(0, head.find(quote));
}

std::string_view View(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

}  // namespace

struct XmlCursor::Reader {
  ~Reader() { xmlFreeTextReader(reader); }
  xmlTextReaderPtr reader = nullptr;
};

XmlCursor::XmlCursor(std::string_view xml)
    : reader_(std::make_unique<Reader>()), xml_(DecodeText(xml, DeclaredEncoding(xml))) {
  const size_t begin = xml_.find('<');  // blank lines before <?xml are common in feeds
  const size_t skip = begin == std::string::npos ? 0 : begin;
  // No NOENT, DTDLOAD or HUGE: nothing is expanded, loaded or unlimited.
  reader_->reader =
      xmlReaderForMemory(xml_.data() + skip, static_cast<int>(xml_.size() - skip), nullptr, "UTF-8",
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                             XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
  if (reader_->reader == nullptr) Fail(ErrorCode::kOutOfMemory, "no memory to read XML");
  xmlTextReaderSetErrorHandler(reader_->reader, DropXmlError, nullptr);
}

XmlCursor::~XmlCursor() = default;

bool XmlCursor::Next() {
  if (end_follows_) {
    end_follows_ = false;
    kind_ = Kind::kEnd;
    return true;
  }
  for (int status = 0; (status = xmlTextReaderRead(reader_->reader)) != 0;) {
    if (status < 0) {
      if (tolerant_) return false;
      Fail(ErrorCode::kCorruptFile, "its XML is broken");
    }
    depth_ = xmlTextReaderDepth(reader_->reader);
    if (depth_ > kMaxXmlDepth) Fail(ErrorCode::kCorruptFile, "its XML is nested too deep");
    switch (xmlTextReaderNodeType(reader_->reader)) {
      case XML_READER_TYPE_ELEMENT:
        kind_ = Kind::kStart;
        name_ = View(xmlTextReaderConstLocalName(reader_->reader));
        end_follows_ = xmlTextReaderIsEmptyElement(reader_->reader) == 1;
        return true;
      case XML_READER_TYPE_END_ELEMENT:
        kind_ = Kind::kEnd;
        name_ = View(xmlTextReaderConstLocalName(reader_->reader));
        return true;
      case XML_READER_TYPE_TEXT:
      case XML_READER_TYPE_CDATA:
      case XML_READER_TYPE_WHITESPACE:
      case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        kind_ = Kind::kText;
        return true;
      default:
        break;
    }
  }
  return false;
}

std::string_view XmlCursor::text() const { return View(xmlTextReaderConstValue(reader_->reader)); }

std::string_view XmlCursor::prefix() const {
  return View(xmlTextReaderConstPrefix(reader_->reader));
}

std::string XmlCursor::Attribute(const char* name) const {
  std::string value;
  if (xmlTextReaderMoveToFirstAttribute(reader_->reader) != 1) return value;
  do {
    const bool qualified = std::string_view(name).find(':') != std::string_view::npos;
    if (View(qualified ? xmlTextReaderConstName(reader_->reader)
                       : xmlTextReaderConstLocalName(reader_->reader)) != name) {
      continue;
    }
    value = View(xmlTextReaderConstValue(reader_->reader));
    break;
  } while (xmlTextReaderMoveToNextAttribute(reader_->reader) == 1);
  xmlTextReaderMoveToElement(reader_->reader);
  return value;
}

void XmlCursor::Skip() {
  const int outside = depth_;
  while (Next()) {
    if (kind_ == Kind::kEnd && depth_ == outside) return;
  }
}

std::string XmlCursor::TextInside() {
  const int outside = depth_;
  std::string inside;
  while (Next()) {
    if (kind_ == Kind::kEnd && depth_ == outside) break;
    if (kind_ == Kind::kText) inside += text();
  }
  return inside;
}

}  // namespace pioneer::search
