#include "cli/web_search_option.h"

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace pioneer {
namespace {

constexpr size_t kMaxKeyBytes = 4096;

std::string Trimmed(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string ReadKey(const WebSearchFlags& flags) {
  if (!flags.key_file.empty()) return Trimmed(ReadFile(flags.key_file, kMaxKeyBytes));
  const char* key = std::getenv("PIONEER_WEB_SEARCH_KEY");
  return key == nullptr ? "" : Trimmed(key);
}

}  // namespace

void AddWebSearchOptions(CLI::App& command, WebSearchFlags& flags) {
  command
      .add_option("--web-search", flags.provider,
                  "Where the web is searched: searxng=ADDRESS, brave, or opensearch=ADDRESS of a "
                  "description")
      ->envname("PIONEER_WEB_SEARCH");
  command.add_option("--web-search-key-file", flags.key_file,
                     "A file that holds the web search's key; else PIONEER_WEB_SEARCH_KEY has it");
  command.add_flag("--web-private-pages", flags.private_pages,
                   "Also read pages of private and loopback addresses that the web search names: "
                   "only for one that knows nothing but an intranet");
}

std::shared_ptr<search::WebSearch> OpenWebSearch(const WebSearchFlags& flags) {
  if (flags.provider.empty()) return nullptr;
  search::WebSearchSettings settings;
  settings.provider = search::ParseWebProvider(flags.provider, ReadKey(flags));
  settings.provider.allow_private_pages = flags.private_pages;
  return std::make_shared<search::WebSearch>(settings);
}

}  // namespace pioneer
