// Why: speaks to a Hugging Face server: what a repository holds, and its files' bytes.
//
// Everything that comes from the server is untrusted: paths and hashes are checked before they are
// used, redirects are bounded, the token goes to the endpoint's own host and nowhere else.
// https://huggingface.co/docs/hub/api
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "model/hub/hub_settings.h"
#include "model/hub/model_reference.h"
#include "net/http_message.h"

namespace pioneer {

struct HubFile {
  std::string path;  // safe, see IsSafeRepositoryPath
  int64_t bytes = 0;
  std::string blob;  // the content's name, see BlobHash
};

struct HubRepository {
  ModelReference reference;
  std::string commit;
  std::vector<HubFile> files;
};

struct HubClientOptions {
  HubSettings settings;
  CancelToken cancel;
  // Waits before another attempt; the default sleeps, and looks at `cancel` often.
  std::function<void(double seconds)> wait;
  int max_attempts = 6;  // in a row without a new byte
  int64_t stall_timeout_ms = 60'000;
};

// Failures of the network, 5xx and 429 (after the time that the server names, at most
// kMaxRetryAfterSeconds) are tried again. All functions throw Error{kIo} when that does not help,
// kUnauthorized (401, 403: the message says how to get access), kNotFound, kCorruptFile for an
// answer that makes no sense, kCancelled. One thread.
class HubClient {
 public:
  explicit HubClient(HubClientOptions options);

  // What `main` holds now. The message of kNotFound lists repositories with similar names.
  HubRepository Describe(const ModelReference& reference) const;

  // The bytes of a file from `offset` on. `on_begin` tells where the bytes that follow belong: at
  // `offset`, or at 0 where the server starts over. It is called again where an attempt was cut off
  // and the next one begins, at what has arrived till then or at 0.
  void Download(const HubRepository& repository, const HubFile& file, int64_t offset,
                const std::function<void(int64_t offset)>& on_begin,
                const std::function<void(std::string_view)>& on_bytes) const;

 private:
  // How one attempt at something ended.
  struct Outcome {
    bool done = false, progressed = false;
    double retry_after_seconds = -1;  // as the server said, or -1
    std::string problem = {};
  };
  // Tries until an attempt is done; waits between attempts.
  void Retrying(const std::function<Outcome()>& attempt) const;
  void Wait(double seconds) const;

  // One GET, over redirects; the body of an error is kept in the answer. Throws what FetchHttp
  // does.
  struct Receiver;
  HttpResponse Get(std::string url, HttpHeaders headers, const Receiver& receiver) const;
  // Of an answer that is no success: whether to try again, or throws.
  Outcome Judge(const HttpResponse& response, const std::string& url,
                const ModelReference& reference) const;
  [[noreturn]] void FailAccess(const HttpResponse& response, const ModelReference& reference) const;
  Outcome DownloadPart(const std::string& url, const HubRepository& repository, int64_t& position,
                       const Receiver& receiver) const;
  std::string SimilarNames(const ModelReference& reference) const;

  const HubClientOptions options_;
};

inline constexpr double kMaxRetryAfterSeconds = 300;

// "https://host:port" of a URL, small letters, without the scheme's own port; "" for what is no
// http(s) URL.
std::string UrlOrigin(std::string_view url);
// Where a redirect leads (RFC 3986, section 5: absolute, "//host/path", "/path"); "" for others.
std::string ResolveRedirect(std::string_view base, std::string_view location);

}  // namespace pioneer
