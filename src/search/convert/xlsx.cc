// Why: sheets (ECMA-376, SpreadsheetML): texts are kept apart from cells, and dates are numbers
// whose style says that they are dates.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/office_parts.h"
#include "search/convert/xml_cursor.h"
#include "search/convert/zip_archive.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxSharedBytes = size_t{64} << 20;

size_t ToIndex(const std::string& text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : std::string::npos;
}

std::vector<std::string> ReadSharedTexts(std::string_view content) {
  std::vector<std::string> texts;
  XmlCursor xml(content);
  size_t bytes = 0;
  while (xml.Next() && bytes < kMaxSharedBytes) {
    if (xml.starts("si")) texts.emplace_back();
    if (xml.starts("rPh")) xml.Skip();  // how Japanese words are read aloud
    if (xml.starts("t") && !texts.empty()) {
      texts.back() += xml.TextInside();
      bytes += texts.back().size();
    }
  }
  return texts;
}

// Of a format such as "yyyy-mm-dd" or "#,##0.00"; what is in quotes or brackets is only shown.
bool IsDateFormat(std::string_view code) {
  bool quoted = false, bracket = false;
  for (const char c : code) {
    if (c == '"') quoted = !quoted;
    if (c == '[' || c == ']') bracket = c == '[';
    if (!quoted && !bracket && std::string_view("ydYD").find(c) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Which of the cells' styles are dates.
std::vector<bool> ReadDateStyles(std::string_view content) {
  std::map<size_t, bool> formats;
  std::vector<bool> styles;
  bool in_cells = false;
  XmlCursor xml(content);
  xml.set_tolerant(true);
  while (xml.Next()) {
    if (xml.starts("numFmt")) {
      formats[ToIndex(xml.Attribute("numFmtId"))] = IsDateFormat(xml.Attribute("formatCode"));
    }
    if (xml.name() == "cellXfs") in_cells = xml.kind() == XmlCursor::Kind::kStart;
    if (!in_cells || !xml.starts("xf")) continue;
    const size_t id = ToIndex(xml.Attribute("numFmtId"));
    const auto own = formats.find(id);
    const bool built_in = (id >= 14 && id <= 17) || id == 22;
    styles.push_back(own != formats.end() ? own->second : built_in);
  }
  return styles;
}

// Days since 1899-12-30.
std::string DateOfSerial(double serial) {
  namespace chrono = std::chrono;
  if (!(serial >= 1 && serial < 2'958'466)) return {};
  const chrono::year_month_day date =
      chrono::sys_days(chrono::days(static_cast<int>(serial) - 25'569));
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const int minutes = static_cast<int>(std::lround((serial - std::floor(serial)) * 1440));
  if (minutes > 0 && minutes < 1440)
    text += fmt::format(" {:02}:{:02}", minutes / 60, minutes % 60);
  return text;
}

struct Workbook {
  std::vector<std::string> texts;
  std::vector<bool> date_styles;
};

// Programs write 0.1 + 0.2 with 17 digits.
std::string TidyNumber(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.size() < 16) return text;
  return fmt::format("{:.12g}", value);
}

std::string CellText(const Workbook& book, const std::string& type, size_t style,
                     const std::string& value) {
  if (type == "s") {
    const size_t index = ToIndex(value);
    return index < book.texts.size() ? book.texts[index] : "";
  }
  if (type == "b") return value == "1" ? "TRUE" : "FALSE";
  if (!type.empty() && type != "n") return value;
  if (style < book.date_styles.size() && book.date_styles[style]) {
    double serial = 0;
    std::from_chars(value.data(), value.data() + value.size(), serial);
    if (std::string date = DateOfSerial(serial); !date.empty()) return date;
  }
  return TidyNumber(value);
}

void ReadCell(XmlCursor& xml, const Workbook& book, BlockWriter& writer) {
  const std::string type = xml.Attribute("t");
  const size_t style = ToIndex(xml.Attribute("s"));
  std::string value;
  while (xml.Next() && !xml.ends("c")) {
    if (xml.starts("f") || xml.starts("rPh")) {
      xml.Skip();
    } else if (xml.starts("v") || xml.starts("t")) {
      value += xml.TextInside();
    }
  }
  writer.BeginCell();
  writer.Text(CellText(book, type, style, value));
}

void ReadSheet(std::string_view content, const Workbook& book, BlockWriter& writer) {
  XmlCursor xml(content);
  while (!writer.full() && xml.Next()) {
    if (xml.starts("row")) writer.BeginRow();
    if (xml.ends("row")) writer.EndRow();
    if (xml.starts("c")) ReadCell(xml, book, writer);
  }
  writer.EndRow();
}

}  // namespace

void ConvertXlsx(std::string_view bytes, Converted& out) {
  ZipArchive zip(bytes);
  Workbook book;
  if (const auto content = zip.Read("xl/sharedStrings.xml")) book.texts = ReadSharedTexts(*content);
  if (const auto content = zip.Read("xl/styles.xml")) book.date_styles = ReadDateStyles(*content);
  const std::string part = "xl/workbook.xml";
  const auto relations = ReadOfficeRelations(zip, part);
  BlockWriter writer;
  const std::string workbook = zip.MustRead(part);
  XmlCursor xml(workbook);
  while (!writer.full() && xml.Next()) {
    if (!xml.starts("sheet")) continue;
    writer.SetPage(writer.page() + 1);
    const auto found = relations.find(xml.Attribute("r:id"));
    const auto content = found == relations.end() ? std::nullopt : zip.Read(found->second.target);
    if (!content) continue;
    writer.Add(BlockKind::kHeading, xml.Attribute("name"), 1);
    ReadSheet(*content, book, writer);
  }
  writer.MoveInto(out.document);
  ReadOfficeProperties(zip, "docProps/core.xml", out.document);
}

}  // namespace pioneer::search
