// Why: text formats are read line by line.
#pragma once

#include <string_view>

namespace pioneer::search {

class BlockWriter;

// Lines end with LF, CR LF or CR, and come without that.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  // False at the end.
  bool Next(std::string_view& line);
  // The next line without moving on; "" at the end.
  std::string_view Peek() const;
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::string_view TrimLine(std::string_view line);

// A further line of the paragraph that is open (or begins one): after a space, except between
// characters of scripts that are written without spaces.
void AppendLine(std::string_view line, std::string_view line_before, BlockWriter& writer);

}  // namespace pioneer::search
