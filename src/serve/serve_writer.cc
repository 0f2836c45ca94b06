#include "serve/serve_writer.h"

namespace pioneer::serve {

void ServeWriter::AddHeader(std::string name, std::string value) {
  common_.Add(std::move(name), std::move(value));
}

void ServeWriter::SendJson(int status, const OrderedJson& body) {
  Send({status,
        {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
        DumpJson(body)});
}

void ServeWriter::SendError(const ApiError& error) {
  if (error.status == 401) AddHeader("WWW-Authenticate", "Bearer");
  if (error.status == 503) AddHeader("Retry-After", "2");
  SendJson(error.status, error.ToJson());
}

void ServeWriter::StartEvents() {
  // X-Accel-Buffering: a proxy in front must not collect the events. Connection: where it could be
  // used again, Chromium goes on reading for five seconds when the page has given up the answer.
  StartStream(200, {{"Content-Type", "text/event-stream; charset=utf-8"},
                    {"Cache-Control", "no-store"},
                    {"Connection", "close"},
                    {"X-Accel-Buffering", "no"}});
}

void ServeWriter::Send(HttpResponse response) {
  for (const auto& [name, value] : common_) response.headers.Add(name, value);
  status_ = response.status;
  inner_.Send(std::move(response));
}

void ServeWriter::StartStream(int status, HttpHeaders headers) {
  for (const auto& [name, value] : common_) headers.Add(name, value);
  status_ = status;
  inner_.StartStream(status, std::move(headers));
}

}  // namespace pioneer::serve
