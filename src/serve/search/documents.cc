#include "serve/search/documents.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/file.h"
#include "serve/administrator.h"
#include "serve/search/search_fields.h"

namespace pioneer::serve {
namespace {

constexpr size_t kMaxOriginalBytes = size_t{256} << 20;
constexpr size_t kMaxFolders = 2000;

constexpr char kPdf[] = "application/pdf";
// Whatever it is, it acts as nobody: no scripts, no origin. Browsers' PDF viewers, which keep a
// PDF's scripts to themselves, refuse to start in a sandbox.
constexpr char kFilePolicy[] =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
constexpr char kPdfPolicy[] = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'";

int64_t DocumentId(const HttpRequest& request) {
  const std::string& text = request.PathParameter("id");
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size())
    throw NotFoundError("there is no such document");
  return id;
}

search::StoredDocument RequireDocument(Service& service, const HttpRequest& request) {
  auto document = RequireLibrary(service).FindDocument(DocumentId(request));
  if (!document) throw NotFoundError("there is no such document, or it has been removed");
  return std::move(*document);
}

// What a browser shows without running anything; the page's origin is this service's, so that HTML
// and SVG, which could act as the page, are not among it.
std::optional<std::string> ShownType(const fs::path& path) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {".pdf", kPdf},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/plain; charset=utf-8"},
      {".csv", "text/plain; charset=utf-8"},
      {".log", "text/plain; charset=utf-8"}};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [name, type] : kTypes) {
    if (extension == name) return type;
  }
  return std::nullopt;
}

std::string FileNameHeader(const char* disposition, const fs::path& path) {
  std::string encoded;
  for (const char c : path.filename().string()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("{}; filename*=UTF-8''{}", disposition, encoded);
}

fs::path HomeFolder() {
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? fs::path(home) : fs::path("/");
}

}  // namespace

std::optional<std::filesystem::path> PathOfFileUri(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  uri = uri.substr(0, uri.find_first_of("#?"));
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    unsigned value = 0;
    if (uri[i] != '%' || i + 2 >= uri.size()) {
      path += uri[i];
      continue;
    }
    const auto [end, error] = std::from_chars(uri.data() + i + 1, uri.data() + i + 3, value, 16);
    if (error != std::errc() || end != uri.data() + i + 3 || value == 0) return std::nullopt;
    path += static_cast<char>(value);
    i += 2;
  }
  if (path.empty() || path[0] != '/') return std::nullopt;
  return path;
}

void ShowDocument(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const search::StoredDocument document = RequireDocument(service, request);
  writer.SendJson(200, {{"id", DocumentId(request)},
                        {"uri", document.uri},
                        {"title", document.title},
                        {"text", document.text},
                        {"media_type", document.media_type}});
}

void SendOriginal(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const auto path = PathOfFileUri(RequireDocument(service, request).uri);
  if (!path)
    throw NotFoundError("this document is no file of this machine: its address leads to it");
  std::error_code error;
  if (!fs::is_regular_file(*path, error)) throw NotFoundError("the file is not there any more");
  const auto shown = ShownType(*path);
  writer.Send({200,
               {{"Content-Type", shown.value_or("application/octet-stream")},
                {"Content-Disposition", FileNameHeader(shown ? "inline" : "attachment", *path)},
                {"Content-Security-Policy", shown == kPdf ? kPdfPolicy : kFilePolicy},
                {"X-Content-Type-Options", "nosniff"},
                {"Cache-Control", "private, no-cache"}},
               ReadFile(*path, kMaxOriginalBytes)});
}

void ListFolders(Service& service, const HttpRequest& request, ServeWriter& writer) {
  RequireAdministrator(service, request);
  const fs::path path = request.Query("path") ? fs::path(*request.Query("path")) : HomeFolder();
  std::error_code error;
  if (!path.is_absolute() || !fs::is_directory(path, error))
    throw NotFoundError("there is no such folder");
  std::vector<std::pair<std::string, std::string>> found;
  int64_t files = 0;
  fs::directory_iterator it(path, fs::directory_options::skip_permission_denied, error), end;
  if (error) throw NotFoundError("this folder cannot be read");
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) continue;
    if (it->is_directory(ignored)) {
      if (found.size() < kMaxFolders) found.emplace_back(name, it->path().string());
    } else {
      ++files;
    }
  }
  std::sort(found.begin(), found.end());
  OrderedJson folders = OrderedJson::array();
  for (const auto& [name, place] : found) folders.push_back({{"name", name}, {"path", place}});
  const bool root = path == path.root_path();
  writer.SendJson(
      200, {{"path", path.string()},
            {"parent", root ? OrderedJson(nullptr) : OrderedJson(path.parent_path().string())},
            {"folders", std::move(folders)},
            {"files", files}});
}

}  // namespace pioneer::serve
