// Why: training text comes as files of many kinds; everything after this room sees documents.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "train/line_reader.h"
#include "train/source_files.h"

namespace pioneer {

struct ChatTurn {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

// Plain text, a conversation, or a pair of texts.
struct Document {
  std::string text;
  std::vector<ChatTurn> turns;  // of a pair: two, without roles
};

enum class SourceKind {
  kText,      // text files, Markdown, HTML; or a field of each JSON line
  kDialogue,  // JSON lines: "messages" [{role, content}], or lines "User: ..." / "Assistant: ..."
  kPairs,     // JSON lines: "pair" [text, text], two texts that belong together
};

// A document as it stands in its file: cheap to read in order. Making text of it costs more and is
// done by many threads.
struct RawDocument {
  std::string bytes;  // a line of JSON, or a file's content
  SourceFormat format = SourceFormat::kText;
  const SourceFile* file = nullptr;  // lives as long as the reader
  int64_t line = 0;                  // of JSON lines, from 1
};

struct DocumentOptions {
  SourceKind kind = SourceKind::kText;
  std::string field = "text";  // of JSON lines without "messages"
};

// HTML is reduced to its main text, Markdown keeps its markup (source_html.h, source_markdown.h).
// Any thread. Throws Error{kCorruptFile} with file and line for what is no JSON object, or has not
// the field, or is a dialogue with a wrong role.
Document ParseDocument(const RawDocument& raw, const DocumentOptions& options);

// Raw documents in the files' order. A plain text or Markdown file of more than kDocumentBytes is
// cut at empty lines. Memory use is one document. One thread.
class DocumentReader {
 public:
  static constexpr size_t kDocumentBytes = size_t{4} << 20;

  explicit DocumentReader(std::vector<SourceFile> files) : files_(std::move(files)) {}

  // Nothing at the end. Throws Error{kNotFound, kIo, kCorruptFile (broken compression)}.
  std::optional<RawDocument> Next();

 private:
  std::optional<RawDocument> NextOfFile();

  std::vector<SourceFile> files_;
  size_t next_file_ = 0;
  std::unique_ptr<LineReader> lines_;  // of the file before next_file_, but for HTML
};

// "User: a\nAssistant: b" as turns; a turn goes on over lines without a prefix. Empty when the text
// does not begin with a prefix.
std::vector<ChatTurn> ParseTranscript(std::string_view text);

}  // namespace pioneer
