#include "cli/library_option.h"

#include "base/file.h"

namespace pioneer {

void AddLibraryOption(CLI::App& command, std::string& place) {
  command.add_option("--library", place,
                     "The folder of what is searched; default: search in the data "
                     "folder");
}

std::shared_ptr<search::Library> OpenNamedLibrary(const std::string& place) {
  search::LibraryOptions options;
  options.place = place;
  if (place.empty()) options.place = (PioneerHome() / "search").string();
  fs::create_directories(options.place);
  return search::OpenLibrary(options);
}

}  // namespace pioneer
