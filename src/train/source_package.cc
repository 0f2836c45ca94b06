#include "train/source_package.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "train/source_program.h"

namespace pioneer {
namespace {

// Debian policy 5.6.7: small letters, digits, "+-.", at least two, a letter or digit first. So no
// name is an option or a path.
bool IsPackageName(const std::string& name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 2 && name.size() <= 200 && is_plain(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_plain(c) || c == '+' || c == '-' || c == '.'; });
}

std::string LastLine(const std::string& output) {
  const size_t end = output.find_last_not_of('\n');
  if (end == std::string::npos) return "no reason given";
  const size_t begin = output.rfind('\n', end);
  return output.substr(begin == std::string::npos ? 0 : begin + 1, end - begin);
}

void MustWork(const ProgramResult& result, const std::string& program, const std::string& package,
              const char* hint) {
  if (result.found && result.status == 0) return;
  Fail(ErrorCode::kNotFound, "the package {} cannot be had: {}. {}", package,
       result.found ? LastLine(result.output) : "there is no " + program + " on this machine",
       hint);
}

fs::path DownloadedFile(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".deb") return entry.path();
  }
  return {};
}

std::string FieldOf(const fs::path& deb, const std::string& field, const fs::path& folder,
                    const CancelToken& cancel) {
  const ProgramResult result = RunProgram({"dpkg-deb", "-f", deb.string(), field}, folder, cancel);
  MustWork(result, "dpkg-deb", deb.filename().string(), "The file that came is broken.");
  return result.output.substr(0, result.output.find('\n'));
}

constexpr const char* kHowElse =
    "This needs Debian or Ubuntu, and the network once; elsewhere name a folder with the text as "
    "\"path\" instead";

SourcePackage FetchPackage(const std::string& name, const fs::path& cache,
                           const CancelToken& cancel) {
  const fs::path folder = cache / name, done = folder / "package.json", root = folder / "files";
  if (fs::exists(done)) {
    const Json known = ParseJson(ReadFile(done, 4096));
    return {name, known.value("version", ""), root, {}};
  }
  fs::remove_all(folder);  // what was left half done
  fs::create_directories(folder);
  const auto run = [&](const std::vector<std::string>& arguments, const char* hint) {
    MustWork(RunProgram(arguments, folder, cancel), arguments[0], name, hint);
  };
  run({"apt-get", "download", "-q", name}, kHowElse);
  const fs::path deb = DownloadedFile(folder);
  if (deb.empty()) Fail(ErrorCode::kNotFound, "apt-get fetched no file for {}", name);
  const std::string version = FieldOf(deb, "Version", folder, cancel);
  run({"dpkg-deb", "-x", deb.string(), root.string()}, "The file that came cannot be unpacked.");
  fs::remove(deb);
  WriteFileAtomically(done, DumpJson(Json{{"package", name}, {"version", version}}));
  return {name, version, root, {}};
}

// The list that dpkg keeps of an installed package; "" when it is not installed.
std::string InstalledList(const std::string& name) {
  static const fs::path kLists = "/var/lib/dpkg/info";
  std::error_code error;
  for (const std::string& architecture :
       {std::string(), std::string(":amd64"), std::string(":arm64")}) {
    const fs::path list = kLists / (name + architecture + ".list");
    if (fs::is_regular_file(list, error)) return ReadFile(list);
  }
  return "";
}

bool IsBelow(const std::string& name, const std::string& subfolder) {
  return subfolder.empty() || name == subfolder || name.starts_with(subfolder + "/");
}

}  // namespace

std::vector<std::string> ReadPackageList(const std::string& list, const fs::path& root) {
  std::vector<std::string> names;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 2 || line[0] != '/' || FormatOf(line) == SourceFormat::kUnknown) continue;
    const fs::path file = root / line.substr(1);
    std::error_code error;
    if (fs::is_symlink(file, error) || fs::is_directory(file, error)) continue;
    if (!fs::is_regular_file(file, error)) return {};
    names.push_back(line.substr(1));
  }
  return names;
}

SourcePackage FindPackage(const std::string& name, const fs::path& cache,
                          const CancelToken& cancel) {
  if (!IsPackageName(name)) {
    Fail(ErrorCode::kInvalidArgument, "\"{}\" is no name of a Debian package", name);
  }
  std::vector<std::string> listed = ReadPackageList(InstalledList(name), "/");
  if (listed.empty()) return FetchPackage(name, cache, cancel);
  const ProgramResult version =
      RunProgram({"dpkg-query", "-W", "-f", "${Version}", name}, "/", cancel);
  if (!version.found || version.status != 0) return FetchPackage(name, cache, cancel);
  return {name, version.output, "/", std::move(listed)};
}

std::vector<SourceFile> PackageFiles(const SourcePackage& package, const std::string& subfolder) {
  std::vector<SourceFile> files;
  if (package.listed.empty()) {
    for (SourceFile& file : FindSourceFiles(package.root)) {
      if (IsBelow(file.name, subfolder)) files.push_back(std::move(file));
    }
  }
  for (const std::string& name : package.listed) {
    if (IsBelow(name, subfolder)) files.push_back({package.root / name, name, FormatOf(name)});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  if (!files.empty()) return files;
  Fail(ErrorCode::kInvalidArgument, "the package {} holds no text (.txt, .md, .html, .jsonl){}",
       package.name, subfolder.empty() ? "" : " below " + subfolder);
}

}  // namespace pioneer
