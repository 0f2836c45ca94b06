#include "text/code_point_table.h"

#include <map>
#include <string_view>

namespace pioneer {

CodePointTable::CodePointTable(const std::vector<uint8_t>& values) {
  std::map<std::string_view, uint16_t> seen;
  for (size_t block = 0; block < blocks_.size(); ++block) {
    const uint8_t* const begin = values.data() + block * 256;
    const std::string_view key(reinterpret_cast<const char*>(begin), 256);
    const auto [entry, is_new] = seen.emplace(key, static_cast<uint16_t>(seen.size()));
    if (is_new) bytes_.insert(bytes_.end(), begin, begin + 256);
    blocks_[block] = entry->second;
  }
}

}  // namespace pioneer
