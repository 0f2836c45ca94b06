#include "train/document_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

bool IsJsonLines(const fs::path& path) {
  const fs::path name = path.extension() == ".xz" ? path.stem() : path;
  return name.extension() == ".jsonl";
}

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

Document ParseLine(const std::string& line, SourceKind kind) {
  const Json value = ParseJson(line);
  Document document;
  if (kind == SourceKind::kText) {
    document.text = value.at("text").get<std::string>();
    return document;
  }
  document.turns = value.contains("messages")
                       ? ParseMessages(value.at("messages"))
                       : ParseTranscript(value.at("text").get<std::string>());
  if (document.turns.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "a dialogue needs \"messages\", or a \"text\" that begins with \"User: \"");
  }
  return document;
}

bool IsTextFile(const fs::path& path) {
  return path.extension() == ".txt" || path.extension() == ".md";
}

std::vector<fs::path> TextFiles(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && IsTextFile(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
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

DocumentReader::DocumentReader(const fs::path& path, SourceKind kind) : path_(path), kind_(kind) {
  if (IsJsonLines(path)) {
    lines_ = std::make_unique<LineReader>(path);
    return;
  }
  if (kind == SourceKind::kDialogue) {
    Fail(ErrorCode::kInvalidArgument, "{}: dialogues come as .jsonl or .jsonl.xz", path.string());
  }
  if (!fs::exists(path)) Fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  files_ = TextFiles(path);
}

DocumentReader::~DocumentReader() = default;

std::optional<Document> DocumentReader::Next() {
  if (lines_ != nullptr) return NextLine();
  if (next_file_ == files_.size()) return std::nullopt;
  return Document{.text = RepairUtf8(ReadFile(files_[next_file_++])), .turns = {}};
}

std::optional<Document> DocumentReader::NextLine() {
  std::string line;
  do {
    if (!lines_->Next(line)) return std::nullopt;
  } while (line.empty());
  try {
    return ParseLine(line, kind_);
  } catch (const std::exception& error) {
    Fail(ErrorCode::kCorruptFile, "{}, line {}: {}", path_.string(), lines_->line_number(),
         error.what());
  }
}

}  // namespace pioneer
