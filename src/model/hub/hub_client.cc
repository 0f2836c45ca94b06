#include "model/hub/hub_client.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <exception>
#include <iomanip>
#include <limits>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "model/hub/blob_hash.h"
#include "model/hub/hub_cache.h"
#include "net/http_client.h"

namespace pioneer {
namespace {

constexpr int kMaxRedirects = 8;
constexpr size_t kMaxErrorBytes = 4096;
constexpr size_t kMaxDescriptionBytes = size_t{64} << 20;
constexpr size_t kMaxFiles = 100'000;
constexpr int64_t kMaxFileBytes = int64_t{1} << 44;
constexpr double kMaxBackoffSeconds = 30;

bool MayPassLater(int status) {
  for (const int later : {408, 425, 429, 500, 502, 503, 504}) {
    if (status == later) return true;
  }
  return false;
}

// A number of seconds, or a date (RFC 9110, section 10.2.3); -1 for neither.
double RetryAfterSeconds(const HttpHeaders& headers) {
  const std::string text(headers.Get("Retry-After"));
  if (text.empty()) return -1;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return text.size() > 6 ? kMaxRetryAfterSeconds + 1 : std::stod(text);
  }
  std::tm date = {};
  std::istringstream stream(text);
  stream >> std::get_time(&date, "%a, %d %b %Y %H:%M:%S GMT");
  if (stream.fail()) return -1;
  return std::max(0.0, std::difftime(timegm(&date), std::time(nullptr)));
}

// First byte of "bytes 100-199/200"; -1 for anything else.
int64_t RangeBegin(const HttpHeaders& headers) {
  const std::string text(headers.Get("Content-Range"));
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return -1;
  int64_t begin = -1;
  std::istringstream stream(text.substr(kUnit.size()));
  stream >> begin;
  return stream.fail() ? -1 : begin;
}

std::string PercentEncoded(std::string_view path) {
  std::string encoded;
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

[[noreturn]] void FailDescription(const std::string& url, const char* problem) {
  Fail(ErrorCode::kCorruptFile, "{} answered {}; is HF_ENDPOINT a Hugging Face server?", url,
       problem);
}

// The content's name and size: those of LFS where the file is kept there.
HubFile ReadFileEntry(const Json& entry, const std::string& url) {
  const auto text = [](const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  HubFile file;
  file.path = text(entry, "rfilename");
  file.blob = text(entry, "blobId");
  const Json* sized = &entry;
  if (const auto lfs = entry.find("lfs"); lfs != entry.end() && lfs->is_object()) {
    file.blob = text(*lfs, "sha256");
    if (file.blob.empty()) file.blob = text(*lfs, "oid");
    if (lfs->contains("size")) sized = &*lfs;
  }
  const auto size = sized->find("size");
  if (!IsSafeRepositoryPath(file.path)) FailDescription(url, "with an impossible file name");
  if (!IsBlobName(file.blob)) FailDescription(url, "without a file's hash");
  if (size == sized->end() || !size->is_number_integer()) {
    FailDescription(url, "without a file's size");
  }
  file.bytes = size->get<int64_t>();
  if (file.bytes < 0 || file.bytes > kMaxFileBytes) {
    FailDescription(url, "with an impossible file size");
  }
  return file;
}

HubRepository ReadDescription(const std::string& text, const std::string& url,
                              const ModelReference& reference) {
  Json json;
  try {
    json = ParseJson(text);
  } catch (const Error&) {
    FailDescription(url, "with something that is no JSON");
  }
  HubRepository repository;
  repository.reference = reference;
  if (!json.is_object() || !json.contains("sha") || !json["sha"].is_string() ||
      !json.contains("siblings") || !json["siblings"].is_array()) {
    FailDescription(url, "without a list of files");
  }
  repository.commit = json["sha"].get<std::string>();
  if (!IsCommit(repository.commit)) FailDescription(url, "without a commit");
  if (json["siblings"].size() > kMaxFiles) FailDescription(url, "with too many files");
  for (const Json& entry : json["siblings"]) {
    if (!entry.is_object()) FailDescription(url, "with a file that is none");
    repository.files.push_back(ReadFileEntry(entry, url));
  }
  return repository;
}

void SleepUnlessCancelled(double seconds, const CancelToken& cancel) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    cancel.Check();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

// What an answer's body goes to. Empty functions: into the answer.
struct HubClient::Receiver {
  // Says whether the body of this answer is wanted; others are taken as an error's.
  std::function<bool(int status, const HttpHeaders& headers)> wants;
  std::function<void(std::string_view)> on_bytes;
};

std::string UrlOrigin(std::string_view url) {
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, std::string_view>{"https://", ":443"}, {"http://", ":80"}}) {
    if (url.size() < scheme.size() || !EqualIgnoringCase(url.substr(0, scheme.size()), scheme)) {
      continue;
    }
    std::string_view authority = url.substr(scheme.size());
    authority = authority.substr(0, authority.find_first_of("/?#"));
    // A user in front of the host would let "https://good@evil/" look like "good".
    if (authority.empty() || authority.find('@') != std::string_view::npos) return "";
    if (authority.ends_with(port)) authority.remove_suffix(port.size());
    std::string origin = std::string(scheme) + std::string(authority);
    std::transform(origin.begin(), origin.end(), origin.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return origin;
  }
  return "";
}

std::string ResolveRedirect(std::string_view base, std::string_view location) {
  if (!UrlOrigin(location).empty()) return std::string(location);
  const std::string origin = UrlOrigin(base);
  if (location.starts_with("//")) {
    const std::string url = origin.substr(0, origin.find(':') + 1) + std::string(location);
    return UrlOrigin(url).empty() ? "" : url;
  }
  return location.starts_with('/') && !origin.empty() ? origin + std::string(location) : "";
}

HubClient::HubClient(HubClientOptions options) : options_(std::move(options)) {
  if (UrlOrigin(options_.settings.endpoint).empty()) {
    Fail(ErrorCode::kInvalidArgument, "HF_ENDPOINT \"{}\" is no http:// or https:// address",
         options_.settings.endpoint);
  }
}

void HubClient::Wait(double seconds) const {
  if (options_.wait) {
    options_.wait(seconds);
  } else {
    SleepUnlessCancelled(seconds, options_.cancel);
  }
}

void HubClient::Retrying(const std::function<Outcome()>& attempt) const {
  int failed = 0;
  for (;;) {
    options_.cancel.Check();
    Outcome outcome;
    try {
      outcome = attempt();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
      outcome.problem = error.what();
    }
    if (outcome.done) return;
    failed = outcome.progressed ? 1 : failed + 1;
    if (failed >= options_.max_attempts || outcome.retry_after_seconds > kMaxRetryAfterSeconds) {
      Fail(ErrorCode::kIo, "{}; the same command goes on later from where it stopped",
           outcome.problem);
    }
    const double backoff = std::min(kMaxBackoffSeconds, std::pow(2.0, failed - 1));
    Wait(outcome.retry_after_seconds >= 0 ? outcome.retry_after_seconds : backoff);
  }
}

HttpResponse HubClient::Get(std::string url, HttpHeaders headers, const Receiver& receiver) const {
  headers.Set("User-Agent", "pioneer");
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    HttpClientRequest request;
    request.url = url;
    request.headers = headers;
    request.timeout_ms = 0;
    request.stall_timeout_ms = options_.stall_timeout_ms;
    request.max_response_bytes = std::numeric_limits<size_t>::max();
    request.cancel = options_.cancel;
    // A token is for the one who gave it out: a CDN, or whoever a redirect names, must not see it.
    if (!options_.settings.token.empty() &&
        UrlOrigin(url) == UrlOrigin(options_.settings.endpoint)) {
      request.headers.Set("Authorization", "Bearer " + options_.settings.token);
    }
    bool wanted = false;
    std::string body;
    request.on_header = [&](int status, const HttpHeaders& answer) {
      wanted = receiver.wants ? receiver.wants(status, answer) : status == 200;
      return true;
    };
    request.on_body = [&](std::string_view bytes) {
      if (wanted && receiver.on_bytes) {
        receiver.on_bytes(bytes);
      } else {
        const size_t limit = wanted ? kMaxDescriptionBytes : kMaxErrorBytes;
        if (body.size() + bytes.size() > limit && wanted) {
          Fail(ErrorCode::kCorruptFile, "{} answered more than {} bytes", url, limit);
        }
        body.append(bytes.substr(0, limit - std::min(limit, body.size())));
      }
      return true;
    };
    HttpResponse response = FetchHttp(request);
    response.body = std::move(body);
    const bool redirected = response.status >= 300 && response.status < 400 &&
                            response.status != 304 && response.headers.Has("Location");
    if (!redirected) return response;
    const std::string next = ResolveRedirect(url, response.headers.Get("Location"));
    const bool downgraded = url.starts_with("https:") && next.starts_with("http:");
    if (next.empty() || downgraded) {
      Fail(ErrorCode::kCorruptFile, "{} redirects to \"{}\", which is not followed", url,
           response.headers.Get("Location").substr(0, 200));
    }
    url = next;
  }
  Fail(ErrorCode::kCorruptFile, "{} redirects more than {} times", url, kMaxRedirects);
}

void HubClient::FailAccess(const HttpResponse& response, const ModelReference& reference) const {
  const std::string& endpoint = options_.settings.endpoint;
  const bool has_token = !options_.settings.token.empty();
  const std::string_view code = response.headers.Get("X-Error-Code");
  if (code == "GatedRepo" || response.status == 403) {
    Fail(
        ErrorCode::kUnauthorized,
        "{} is only for those who accepted its terms: open {}/{} in a browser, accept them, and {}",
        reference.id(), endpoint, reference.id(),
        has_token ? "use a token of that account that may read gated models (HF_TOKEN)"
                  : "set HF_TOKEN to a token of that account");
  }
  if (has_token && code != "RepoNotFound") {
    Fail(ErrorCode::kUnauthorized,
         "{} does not accept the token (HF_TOKEN, or the file that `hf auth login` wrote); make a "
         "new one at {}/settings/tokens",
         endpoint, endpoint);
  }
  Fail(ErrorCode::kUnauthorized,
       "there is no model {} that may be read {}{}; check the name, or set HF_TOKEN if it is "
       "private ({}/settings/tokens)",
       reference.id(), has_token ? "with this token" : "without a token", SimilarNames(reference),
       endpoint);
}

HubClient::Outcome HubClient::Judge(const HttpResponse& response, const std::string& url,
                                    const ModelReference& reference) const {
  if (response.status == 401 || response.status == 403) FailAccess(response, reference);
  if (response.status == 404 || response.status == 410) {
    Fail(ErrorCode::kNotFound, "there is no model {} at {}{}", reference.id(),
         options_.settings.endpoint, SimilarNames(reference));
  }
  const std::string problem =
      fmt::format("{} answered {} {}", url, response.status, HttpReasonPhrase(response.status));
  if (!MayPassLater(response.status)) Fail(ErrorCode::kIo, "{}", problem);
  return {false, false, RetryAfterSeconds(response.headers), problem};
}

std::string HubClient::SimilarNames(const ModelReference& reference) const {
  try {
    const std::string url = fmt::format("{}/api/models?search={}&limit=5",
                                        options_.settings.endpoint, reference.repository);
    const Json list = ParseJson(Get(url, {}, {}).body);
    std::vector<std::string> names;
    for (const Json& model : list) {
      const auto id = model.is_object() ? model.find("id") : model.end();
      if (id == model.end() || !id->is_string() || names.size() == 5) continue;
      if (ParseModelReference(id->get<std::string>())) names.push_back(id->get<std::string>());
    }
    if (!names.empty()) return fmt::format(" (similar names: {})", fmt::join(names, ", "));
  } catch (const std::exception&) {
    options_.cancel.Check();
    // Names are a courtesy; the failure that is told matters more.
  }
  return "";
}

HubRepository HubClient::Describe(const ModelReference& reference) const {
  const std::string url = fmt::format("{}/api/models/{}/revision/main?blobs=true",
                                      options_.settings.endpoint, reference.id());
  HubRepository repository;
  Retrying([&]() -> Outcome {
    const HttpResponse response = Get(url, {}, {});
    if (response.status != 200) return Judge(response, url, reference);
    repository = ReadDescription(response.body, url, reference);
    return {true};
  });
  return repository;
}

HubClient::Outcome HubClient::DownloadPart(const std::string& url, const HubRepository& repository,
                                           int64_t& position, const Receiver& receiver) const {
  HttpHeaders headers;
  if (position > 0) headers.Add("Range", fmt::format("bytes={}-", position));
  const int64_t before = position;
  Outcome outcome;
  try {
    const HttpResponse response = Get(url, headers, receiver);
    if (response.status == 200 || response.status == 206) return {true};
    if (response.status == 416) {  // more is here than there: begin anew
      position = 0;
      outcome.problem = fmt::format("{} has fewer bytes than were there before", url);
    } else {
      outcome = Judge(response, url, repository.reference);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    outcome.problem = error.what();
  }
  outcome.progressed = position > before;
  return outcome;
}

void HubClient::Download(const HubRepository& repository, const HubFile& file, int64_t offset,
                         const std::function<void(int64_t offset)>& on_begin,
                         const std::function<void(std::string_view)>& on_bytes) const {
  const std::string url =
      fmt::format("{}/{}/resolve/{}/{}", options_.settings.endpoint, repository.reference.id(),
                  repository.commit, PercentEncoded(file.path));
  int64_t position = offset;
  std::exception_ptr failure_here;  // of the disk, say: another attempt would not help
  const auto guarded = [&failure_here](const auto& work) {
    try {
      work();
    } catch (...) {
      failure_here = std::current_exception();
      throw;
    }
  };
  Receiver receiver;
  receiver.wants = [&](int status, const HttpHeaders& headers) {
    if (status != 200 && status != 206) return false;
    if (status == 200) position = 0;
    if (status == 206 && RangeBegin(headers) != position) {
      Fail(ErrorCode::kCorruptFile, "{} sent another part than was asked for", url);
    }
    guarded([&] { on_begin(position); });
    return true;
  };
  receiver.on_bytes = [&](std::string_view bytes) {
    if (static_cast<int64_t>(bytes.size()) > file.bytes - position) {
      Fail(ErrorCode::kCorruptFile, "{} sends more than the {} bytes that it should have", url,
           file.bytes);
    }
    guarded([&] { on_bytes(bytes); });
    position += static_cast<int64_t>(bytes.size());
  };
  Retrying([&]() -> Outcome {
    Outcome outcome = DownloadPart(url, repository, position, receiver);
    if (failure_here) std::rethrow_exception(failure_here);
    if (outcome.done && position < file.bytes) {
      outcome = {false, false, -1,
                 fmt::format("{} ended after {} of {} bytes", url, position, file.bytes)};
    }
    return outcome;
  });
}

}  // namespace pioneer
