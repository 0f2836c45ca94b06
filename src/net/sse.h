// Why: server-sent events, written and read (WHATWG HTML, "Server-sent events").
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace pioneer {

struct SseEvent {
  std::string event;  // "" stands for "message"
  std::string data;
  std::string id;
};

// One event, ready to send. Line breaks in `data` (LF, CRLF, CR) become several data lines, which
// the reader joins with LF again. Throws Error{kInvalidArgument} when `event` or `id` holds a line
// break or NUL.
std::string FormatSseEvent(std::string_view event, std::string_view data, std::string_view id = "");
// Only data, as OpenAI's API streams it.
std::string FormatSseData(std::string_view data);
// A comment, which readers skip: keeps a connection alive.
std::string FormatSseComment(std::string_view text);

// Reads a stream in pieces of any size. One thread.
class SseParser {
 public:
  // Throws Error{kInvalidArgument} from Push() when one event is larger than `max_event_bytes`.
  explicit SseParser(size_t max_event_bytes = size_t{16} << 20)
      : max_event_bytes_(max_event_bytes) {}

  // Calls `on_event` for every event that is complete now.
  void Push(std::string_view bytes, const std::function<void(const SseEvent&)>& on_event);

 private:
  void TakeLine(std::string_view line, const std::function<void(const SseEvent&)>& on_event);
  void Field(std::string_view name, std::string_view value);

  size_t max_event_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool at_start_ = true;
  bool skip_lf_ = false;  // the last byte was CR
};

}  // namespace pioneer
