// Why: training text comes as JSON Lines (plain or xz) or as text files; everything after this room
// sees documents.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "train/line_reader.h"

namespace pioneer {

struct ChatTurn {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

// Either plain text or a conversation.
struct Document {
  std::string text;
  std::vector<ChatTurn> turns;
};

enum class SourceKind {
  kText,      // "text" of each JSON line, or whole .txt/.md files (a file, or a folder of them)
  kDialogue,  // "messages" [{role, content}], or "text" with lines "User: ..." / "Assistant: ..."
};

// Documents in the file's order. Memory use is one document. One thread.
class DocumentReader {
 public:
  // Throws Error{kNotFound, kInvalidArgument (dialogues that are no JSON Lines)}.
  DocumentReader(const fs::path& path, SourceKind kind);
  ~DocumentReader();

  // Nothing at the end. A line that is no JSON object, or has not the field, throws
  // Error{kCorruptFile} with file and line number; also kIo, kCorruptFile (broken xz).
  std::optional<Document> Next();

 private:
  std::optional<Document> NextLine();

  fs::path path_;
  SourceKind kind_;
  std::unique_ptr<LineReader> lines_;  // JSON Lines, else
  std::vector<fs::path> files_;        // text files
  size_t next_file_ = 0;
};

// "User: a\nAssistant: b" as turns; a turn goes on over lines without a prefix. Empty when the text
// does not begin with a prefix.
std::vector<ChatTurn> ParseTranscript(std::string_view text);

}  // namespace pioneer
