#include "net/http_client.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;

// What the callbacks of one transfer share. They are called from C: nothing is thrown through them.
struct Transfer {
  const HttpClientRequest& request;
  HttpResponse response = {};
  size_t received_bytes = 0;
  bool too_large = false;
  bool forbidden_address = false;
  bool stopped = false;
  std::exception_ptr failure = nullptr;
  CURL* curl = nullptr;
  bool in_header = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  transfer.received_bytes += piece.size();
  transfer.too_large = transfer.received_bytes > transfer.request.max_response_bytes;
  if (transfer.too_large) return 0;
  try {
    if (!transfer.request.on_body) {
      transfer.response.body.append(piece);
    } else if (!transfer.request.on_body(piece)) {
      transfer.stopped = true;
      return 0;
    }
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
  return piece.size();
}

// False ends the transfer.
bool EndHeader(Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  const bool followed = transfer.request.max_redirects > 0 && status >= 300 && status < 400 &&
                        transfer.response.headers.Has("Location");
  if (!transfer.request.on_header || status < 200 || followed) return true;
  try {
    transfer.stopped =
        !transfer.request.on_header(static_cast<int>(status), transfer.response.headers);
  } catch (...) {
    transfer.failure = std::current_exception();
    return false;
  }
  return !transfer.stopped;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // again after 100 or a redirect
    transfer.response.headers = {};
    transfer.in_header = true;
  }
  if (line.empty() && std::exchange(transfer.in_header, false)) {
    return EndHeader(transfer) ? size * count : 0;
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    transfer.response.headers.Add(std::string(line.substr(0, colon)), std::string(value));
  }
  return size * count;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->request.cancel.cancelled() ? 1 : 0;
}

// Called with the very address that is connected to next.
curl_socket_t OnOpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!IsPublicAddress(address->addr)) {
    transfer.forbidden_address = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CurlList MakeHeaders(const HttpHeaders& headers) {
  CurlList list;
  const auto append = [&](const std::string& line) {
    if (line.find_first_of("\r\n") != std::string::npos) {
      Fail(ErrorCode::kInvalidArgument, "a header field of the request holds a line break");
    }
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) Fail(ErrorCode::kOutOfMemory, "no memory for a request");
    list.release();
    list.reset(longer);
  };
  // libcurl's own habits: a form type for every body, and a pause for "100 Continue".
  if (!headers.Has("Content-Type")) append("Content-Type:");
  if (!headers.Has("Expect")) append("Expect:");
  for (const auto& [name, value] : headers) {
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  return list;
}

void SetMethod(CURL* curl, const HttpClientRequest& request) {
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (has_body) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void SetLimits(CURL* curl, const HttpClientRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  if (request.stall_timeout_ms > 0) {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>((request.stall_timeout_ms + 999) / 1000));
  }
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
}

void SetCallbacks(CURL* curl, Transfer& transfer) {
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

void SetAddressRule(CURL* curl, Transfer& transfer) {
  if (transfer.request.decompress) curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  if (transfer.request.address_rule == AddressRule::kAny) return;
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, OnOpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
}

[[noreturn]] void FailTransfer(const Transfer& transfer, CURLcode code, const char* detail) {
  const std::string& url = transfer.request.url;
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (transfer.too_large) {
    Fail(ErrorCode::kInvalidArgument, "the answer of {} is larger than {} bytes", url,
         transfer.request.max_response_bytes);
  }
  if (transfer.stopped || code == CURLE_ABORTED_BY_CALLBACK) {
    Fail(ErrorCode::kCancelled, "stopped");
  }
  if (transfer.forbidden_address) {
    Fail(ErrorCode::kInvalidArgument,
         "{} is on this machine or in a private network, which is not read from here", url);
  }
  const bool bad_url = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  Fail(bad_url ? ErrorCode::kInvalidArgument : ErrorCode::kIo, "cannot fetch {}: {}", url,
       *detail ? detail : curl_easy_strerror(code));
}

// Steps the transfer ourselves: a cancelled request must end within moments, also while nothing
// arrives (curl_easy_perform() looks once a second).
CURLcode Perform(CURL* curl, const CancelToken& cancel) {
  constexpr int kCancelPollMs = 50;
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(),
                                                                    &curl_multi_cleanup);
  if (!multi || curl_multi_add_handle(multi.get(), curl) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  CURLcode result = CURLE_OK;
  int running = 1;
  while (running > 0 && result == CURLE_OK) {
    if (cancel.cancelled()) {
      result = CURLE_ABORTED_BY_CALLBACK;
    } else if (curl_multi_perform(multi.get(), &running) != CURLM_OK ||
               (running > 0 &&
                curl_multi_poll(multi.get(), nullptr, 0, kCancelPollMs, nullptr) != CURLM_OK)) {
      result = CURLE_RECV_ERROR;
    }
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE && result == CURLE_OK) result = message->data.result;
  }
  curl_multi_remove_handle(multi.get(), curl);
  return result;
}

}  // namespace

HttpResponse FetchHttp(const HttpClientRequest& request) {
  static std::once_flag initialized;
  std::call_once(initialized, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const CurlHandle curl(curl_easy_init());
  if (!curl) Fail(ErrorCode::kOutOfMemory, "no memory for a request");
  Transfer transfer{request};
  transfer.curl = curl.get();
  const CurlList headers = MakeHeaders(request.headers);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail);
  SetMethod(curl.get(), request);
  SetLimits(curl.get(), request);
  SetCallbacks(curl.get(), transfer);
  SetAddressRule(curl.get(), transfer);
  const CURLcode code = Perform(curl.get(), request.cancel);
  if (code != CURLE_OK) FailTransfer(transfer, code, detail);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace pioneer
