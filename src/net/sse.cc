#include "net/sse.h"

#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

void CheckOneLine(std::string_view field, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    Fail(ErrorCode::kInvalidArgument, "the {} field of a server-sent event must be one line",
         field);
  }
}

// One "name: line" for each line of the text.
void AppendLines(std::string& out, std::string_view prefix, std::string_view text) {
  while (true) {
    const size_t end = text.find_first_of("\r\n");
    out.append(prefix).append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    const bool crlf = text.substr(end).starts_with("\r\n");
    text.remove_prefix(end + (crlf ? 2 : 1));
  }
}

}  // namespace

std::string FormatSseEvent(std::string_view event, std::string_view data, std::string_view id) {
  CheckOneLine("event", event);
  CheckOneLine("id", id);
  std::string out;
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  AppendLines(out, "data: ", data);
  return out += "\n";
}

std::string FormatSseData(std::string_view data) { return FormatSseEvent("", data); }

std::string FormatSseComment(std::string_view text) {
  std::string out;
  AppendLines(out, ": ", text);
  return out += "\n";
}

void SseParser::Push(std::string_view bytes, const std::function<void(const SseEvent&)>& on_event) {
  while (!bytes.empty()) {
    if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > max_event_bytes_) {
      Fail(ErrorCode::kInvalidArgument, "a server-sent event is larger than {} bytes",
           max_event_bytes_);
    }
    if (end == std::string_view::npos) return;
    skip_lf_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, {});
    TakeLine(line, on_event);
  }
}

void SseParser::TakeLine(std::string_view line,
                         const std::function<void(const SseEvent&)>& on_event) {
  if (std::exchange(at_start_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.empty()) {
    SseEvent event = std::exchange(event_, {});
    event_.id = event.id;  // the last id stands until another comes
    if (!std::exchange(has_data_, false)) return;
    event.data.pop_back();  // the LF after the last line
    return on_event(event);
  }
  const size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  Field(line.substr(0, colon), value);
}

void SseParser::Field(std::string_view name, std::string_view value) {
  if (name == "data") {
    has_data_ = true;
    event_.data.append(value).append("\n");
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

}  // namespace pioneer
