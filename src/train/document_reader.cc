#include "train/document_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "train/html_page.h"
#include "train/source_html.h"
#include "train/source_markdown.h"

namespace pioneer {
namespace {

std::vector<ChatTurn> ParseMessages(const Json& messages) {
  std::vector<ChatTurn> turns;
  for (const Json& message : messages) {
    turns.push_back(
        {message.at("role").get<std::string>(), message.at("content").get<std::string>()});
    const std::string& role = turns.back().role;
    if (role != "system" && role != "user" && role != "assistant") {
      Fail(ErrorCode::kInvalidArgument, "the role \"{}\" is none of system, user, assistant", role);
    }
  }
  return turns;
}

Document ParseLine(const std::string& line, const DocumentOptions& options) {
  const Json value = ParseJson(line);
  Document document;
  if (options.kind == SourceKind::kText) {
    document.text = value.at(options.field).get<std::string>();
    return document;
  }
  if (options.kind == SourceKind::kPairs) {
    for (const Json& text : value.at("pair")) document.turns.push_back({"", text});
    if (document.turns.size() != 2 || document.turns[0].content.empty() ||
        document.turns[1].content.empty()) {
      Fail(ErrorCode::kInvalidArgument, "\"pair\" must be two texts");
    }
    return document;
  }
  document.turns = value.contains("messages")
                       ? ParseMessages(value.at("messages"))
                       : ParseTranscript(value.at(options.field).get<std::string>());
  if (document.turns.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "a dialogue needs \"messages\", or a \"{}\" that begins with \"User: \"", options.field);
  }
  return document;
}

std::string ParseText(const RawDocument& raw) {
  switch (raw.format) {
    case SourceFormat::kHtml:
      return HtmlToText(raw.bytes);
    case SourceFormat::kMarkdown:
      return CleanMarkdown(RepairUtf8(raw.bytes));
    default:
      return RepairUtf8(raw.bytes);
  }
}

}  // namespace

std::vector<ChatTurn> ParseTranscript(std::string_view text) {
  struct Prefix {
    std::string_view words, role;
  };
  static constexpr Prefix kPrefixes[] = {
      {"User: ", "user"}, {"Assistant: ", "assistant"}, {"System: ", "system"}};
  std::vector<ChatTurn> turns;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto prefix = std::find_if(std::begin(kPrefixes), std::end(kPrefixes),
                                     [&](const Prefix& p) { return line.starts_with(p.words); });
    if (prefix != std::end(kPrefixes)) {
      turns.push_back({std::string(prefix->role), std::string(line.substr(prefix->words.size()))});
    } else if (turns.empty()) {
      return {};
    } else {
      turns.back().content.append("\n").append(line);
    }
  }
  return turns;
}

Document ParseDocument(const RawDocument& raw, const DocumentOptions& options) {
  const std::string path = raw.file == nullptr ? "the source" : raw.file->path.string();
  if (raw.format != SourceFormat::kJsonLines) {
    if (options.kind != SourceKind::kText) {
      Fail(ErrorCode::kInvalidArgument,
           "{}: dialogues and pairs come as .jsonl, .jsonl.xz, .zst or .gz", path);
    }
    return {.text = ParseText(raw), .turns = {}};
  }
  try {
    return ParseLine(raw.bytes, options);
  } catch (const std::exception& error) {
    Fail(ErrorCode::kCorruptFile, "{}, line {}: {}", path, raw.line, error.what());
  }
}

std::optional<RawDocument> DocumentReader::Next() {
  while (true) {
    if (lines_ != nullptr) {
      if (std::optional<RawDocument> document = NextOfFile()) return document;
      lines_.reset();
    }
    if (next_file_ == files_.size()) return std::nullopt;
    const SourceFile& file = files_[next_file_++];
    if (file.format == SourceFormat::kHtml) {
      return RawDocument{ReadSourceFile(file.path, kMaxHtmlBytes), file.format, &file, 0};
    }
    lines_ = std::make_unique<LineReader>(file.path);
  }
}

std::optional<RawDocument> DocumentReader::NextOfFile() {
  const SourceFile& file = files_[next_file_ - 1];
  std::optional<RawDocument> document(std::in_place);
  document->format = file.format;
  document->file = &file;
  std::string line;
  while (lines_->Next(line)) {
    if (file.format == SourceFormat::kJsonLines) {
      if (line.empty()) continue;
      document->bytes = std::move(line);
      document->line = lines_->line_number();
      return document;
    }
    document->bytes.append(line).append("\n");
    const size_t size = document->bytes.size();
    if (size >= (line.empty() ? kDocumentBytes : 2 * kDocumentBytes)) return document;
  }
  if (document->bytes.empty()) document.reset();
  return document;
}

}  // namespace pioneer
