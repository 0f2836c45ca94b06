// Why: tests of downloading talk to a server that behaves as Hugging Face does, on loopback: it
// describes repositories, redirects large files to a second host, cuts, refuses, and asks to wait.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/hub/blob_hash.h"
#include "net/http_server.h"

namespace pioneer {

class TestHub {
 public:
  TestHub()
      : hub_(Options(), [this](auto& request, auto& writer) { HandleHub(request, writer); }),
        cdn_(Options(), [this](auto& request, auto& writer) { HandleCdn(request, writer); }) {
    hub_.Start();
    cdn_.Start();
  }

  std::string endpoint() const { return "http://" + hub_.addresses()[0]; }
  static std::string Commit() { return std::string(40, 'a'); }

  // Large files are kept in LFS: named by SHA-256, served by the other host.
  void Add(const std::string& repository, const std::string& path, const std::string& content,
           bool lfs) {
    BlobHash hash(std::string(lfs ? 64 : 40, '0'), static_cast<int64_t>(content.size()));
    hash.Add(content);
    repositories_[repository][path] = {content, hash.Finish(), lfs};
  }

  // What goes wrong; set before the requests come.
  std::string required_token;     // "" = none; else 401 without it
  bool gated = false;             // 403, with the server's error code
  std::atomic<int> busy = 0;      // so many of the next requests for files are answered 429
  std::string retry_after = "7";  // then
  std::atomic<int> cuts = 0;      // so many of the next answers of the CDN end in the middle
  bool no_ranges = false;         // the CDN answers whole files always
  bool wrong_bytes = false;       // the CDN changes a byte

  struct Seen {
    std::string host, path, authorization, range;
  };
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  struct File {
    std::string content, blob;
    bool lfs = false;
  };

  static HttpServerOptions Options() {
    HttpServerOptions options;
    options.port = 0;
    return options;
  }

  void Note(const char* host, const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    seen_.push_back({host, request.path, std::string(request.Header("Authorization")),
                     std::string(request.Header("Range"))});
  }

  static HttpResponse Refusal(int status, const std::string& code) {
    return {status, {{"X-Error-Code", code}}, "{\"error\":\"no\"}"};
  }

  void HandleHub(const HttpRequest& request, ResponseWriter& writer) {
    Note("hub", request);
    if (request.path == "/api/models") return writer.Send(Search(request));
    const bool authorized =
        required_token.empty() || request.Header("Authorization") == "Bearer " + required_token;
    if (!authorized) return writer.Send(Refusal(401, "RepoNotFound"));
    constexpr std::string_view kApi = "/api/models/", kRevision = "/revision/main",
                               kResolve = "/resolve/";
    if (request.path.starts_with(kApi)) {
      const size_t end = request.path.find(kRevision);
      return writer.Send(Describe(request.path.substr(kApi.size(), end - kApi.size())));
    }
    const size_t resolve = request.path.find(kResolve);
    if (resolve == std::string::npos) return writer.Send(Refusal(404, ""));
    if (gated) return writer.Send(Refusal(403, "GatedRepo"));
    if (busy > 0) {
      --busy;
      return writer.Send({429, {{"Retry-After", retry_after}}, "slow down"});
    }
    const std::string repository = request.path.substr(1, resolve - 1);
    const size_t path = request.path.find('/', resolve + kResolve.size());
    SendFile(repository, request.path.substr(path + 1), writer);
  }

  HttpResponse Describe(const std::string& id) const {
    const auto found = repositories_.find(id);
    if (found == repositories_.end()) return Refusal(404, "RepoNotFound");
    Json files = Json::array();
    for (const auto& [path, file] : found->second) {
      Json entry = {{"rfilename", path}, {"size", file.content.size()}};
      if (file.lfs) {
        entry["blobId"] = std::string(40, 'b');
        entry["lfs"] = {{"sha256", file.blob}, {"size", file.content.size()}};
      } else {
        entry["blobId"] = file.blob;
      }
      files.push_back(entry);
    }
    const Json body = {{"id", id}, {"sha", Commit()}, {"siblings", files}};
    return {200, {{"Content-Type", "application/json"}}, DumpJson(body)};
  }

  HttpResponse Search(const HttpRequest& request) const {
    Json list = Json::array();
    for (const auto& [id, files] : repositories_) {
      const std::string wanted(request.Query("search").value_or(""));
      if (id.find(wanted.substr(0, 4)) != std::string::npos) list.push_back({{"id", id}});
    }
    return {200, {}, DumpJson(list)};
  }

  void SendFile(const std::string& repository, const std::string& path, ResponseWriter& writer) {
    const auto found = repositories_.find(repository);
    if (found == repositories_.end() || !found->second.contains(path)) {
      return writer.Send(Refusal(404, "EntryNotFound"));
    }
    const File& file = found->second.at(path);
    if (!file.lfs) return writer.Send({200, {}, file.content});
    writer.Send({302,
                 {{"Location", "http://" + cdn_.addresses()[0] + "/" + repository + "?f=" + path},
                  {"X-Linked-Etag", "\"" + file.blob + "\""}},
                 "moved"});
  }

  void HandleCdn(const HttpRequest& request, ResponseWriter& writer) {
    Note("cdn", request);
    std::string content =
        repositories_.at(request.path.substr(1)).at(std::string(*request.Query("f"))).content;
    if (wrong_bytes) content[content.size() / 2] ^= 1;
    size_t begin = 0;
    int status = 200;
    HttpHeaders headers;
    if (const std::string range(request.Header("Range")); !range.empty() && !no_ranges) {
      begin = std::stoul(range.substr(std::string("bytes=").size()));
      if (begin >= content.size()) return writer.Send({416, {}, ""});
      status = 206;
      headers.Add("Content-Range",
                  fmt::format("bytes {}-{}/{}", begin, content.size() - 1, content.size()));
    }
    if (cuts > 0) {
      --cuts;
      writer.StartStream(status, headers);
      writer.Write(std::string_view(content).substr(begin, (content.size() - begin) / 2));
      throw std::runtime_error("cut on purpose");
    }
    writer.Send({status, headers, content.substr(begin)});
  }

  std::map<std::string, std::map<std::string, File>> repositories_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  HttpServer hub_, cdn_;
};

}  // namespace pioneer
