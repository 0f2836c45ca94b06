#include "net/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

// RFC 9110, section 5.6.7; strftime would follow the locale.
std::string HttpDate(std::time_t now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

bool IsFramingField(std::string_view name) {
  for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
    if (EqualIgnoringCase(name, own)) return true;
  }
  return false;
}

// A line break in a header value would let its author write the rest of the answer.
void CheckField(std::string_view name, std::string_view value) {
  static constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  const bool name_ok = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kTokenMarks.find(c) != std::string_view::npos;
  });
  const bool value_ok = std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
  if (!name_ok || !value_ok) {
    Fail(ErrorCode::kInvalidArgument, "the header field \"{}\" of the answer is malformed",
         name_ok ? name : "?");
  }
}

}  // namespace

void CheckHttpHeaders(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) CheckField(name, value);
}

std::string Exchange::Header(int status, const HttpHeaders& headers,
                             const std::string& framing) const {
  CheckHttpHeaders(headers);
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, HttpReasonPhrase(status),
                                HttpDate(std::time(nullptr)));
  for (const auto& [name, value] : headers) {
    if (IsFramingField(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return out + framing;
}

void Exchange::Begin(std::string header, bool has_body, bool chunked) {
  if (started_) Fail(ErrorCode::kInternal, "the request was answered twice");
  started_ = true;
  chunked_ = chunked;
  drop_body_ = !has_body;
  header += settings_.keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  Push(std::move(header));
}

void Exchange::Send(HttpResponse response) {
  const bool has_body = StatusHasBody(response.status) && !settings_.is_head;
  const std::string framing = StatusHasBody(response.status)
                                  ? fmt::format("Content-Length: {}\r\n", response.body.size())
                                  : std::string();
  std::string header = Header(response.status, response.headers, framing);
  {
    std::lock_guard lock(mutex_);
    Begin(std::move(header), has_body, false);
    if (has_body && !response.body.empty()) Push(std::move(response.body));
    ended_ = true;
  }
  wake_();
}

void Exchange::StartStream(int status, HttpHeaders headers) {
  if (EqualIgnoringCase(headers.Get("Connection"), "close")) ForbidKeepAlive();
  const bool has_body = StatusHasBody(status) && !settings_.is_head;
  const bool chunked = StatusHasBody(status) && !settings_.is_http_1_0;
  std::string header =
      Header(status, headers, chunked ? "Transfer-Encoding: chunked\r\n" : std::string());
  {
    std::lock_guard lock(mutex_);
    Begin(std::move(header), has_body, chunked);
  }
  wake_();
}

void Exchange::Push(std::string data) {
  if (gone_) return;
  unsent_bytes_ += data.size();
  queue_.push_back(std::move(data));
}

bool Exchange::Write(std::string_view data) {
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (!started_ || ended_) Fail(ErrorCode::kInternal, "no stream is open for this request");
    sent_.wait(lock, [this] { return gone_ || unsent_bytes_ < settings_.max_send_buffer_bytes; });
    if (gone_) return false;
    if (data.empty() || drop_body_) return true;  // an empty chunk would end the stream
    if (chunked_) {
      Push(fmt::format("{:x}\r\n{}\r\n", data.size(), data));
    } else {
      Push(std::string(data));
    }
    wake = !std::exchange(awake_, true);
  }
  if (wake) wake_();
  return true;
}

void Exchange::End() {
  {
    std::lock_guard lock(mutex_);
    if (!started_ || ended_) return;
    ended_ = true;
    if (chunked_ && !drop_body_) Push("0\r\n\r\n");
  }
  wake_();
}

void Exchange::OnDisconnect(std::function<void()> callback) {
  std::lock_guard lock(callback_mutex_);
  if (disconnected()) {
    callback();
  } else if (!callbacks_closed_) {
    callbacks_.push_back(std::move(callback));
  }
}

void Exchange::Disconnect() {
  bool complete = false;
  {
    std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    complete = ended_ && unsent_bytes_ == 0;
    queue_.clear();
  }
  sent_.notify_all();
  std::lock_guard lock(callback_mutex_);
  if (!complete) {
    for (const auto& callback : callbacks_) callback();
  }
  callbacks_.clear();
}

void Exchange::HandlerReturned(bool failed) {
  if (!failed) End();
  {
    std::lock_guard lock(callback_mutex_);
    callbacks_closed_ = true;
    callbacks_.clear();
  }
  {
    std::lock_guard lock(mutex_);
    cut_ = !ended_;
    ended_ = true;
    handler_returned_ = true;
  }
  // The connection and this object hold each other through wake_ until here.
  std::exchange(wake_, nullptr)();
}

bool Exchange::TakeOutput(std::deque<std::string>& out) {
  std::lock_guard lock(mutex_);
  awake_ = false;
  if (queue_.empty()) return false;
  std::move(queue_.begin(), queue_.end(), std::back_inserter(out));
  queue_.clear();
  return true;
}

void Exchange::Sent(size_t n_bytes) {
  {
    std::lock_guard lock(mutex_);
    unsent_bytes_ -= std::min(n_bytes, unsent_bytes_);
  }
  sent_.notify_all();
}

bool Exchange::disconnected() const {
  std::lock_guard lock(mutex_);
  return gone_;
}

bool Exchange::started() const {
  std::lock_guard lock(mutex_);
  return started_;
}

bool Exchange::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

bool Exchange::finished() const {
  std::lock_guard lock(mutex_);
  return handler_returned_ && queue_.empty();
}

bool Exchange::reusable() const {
  std::lock_guard lock(mutex_);
  return settings_.keep_alive && !cut_;
}

bool Exchange::cut() const {
  std::lock_guard lock(mutex_);
  return cut_;
}

void Exchange::ForbidKeepAlive() {
  std::lock_guard lock(mutex_);
  settings_.keep_alive = false;
}

}  // namespace pioneer
