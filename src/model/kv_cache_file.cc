// Why: the half of KvPagePool that keeps pages in a file from one run of the program to the next.
#include <map>
#include <span>
#include <vector>

#include "base/log.h"
#include "model/kv_pool_impl.h"

namespace pioneer {
namespace {

// Pages or entries beyond this are not offered: a table is read as a whole.
constexpr size_t kMaxStoredPages = size_t{1} << 22;

}  // namespace

bool KvPagePool::Impl::ReadPage(int32_t node) {
  if (n_available() == 0) return false;
  const int32_t page = TakePage();
  if (file->ReadPage(index.stored(node), {PageAt(page), static_cast<size_t>(page_bytes)})) {
    index.SetPage(node, page);
    return true;
  }
  spdlog::warn("kept keys and values on the disk are damaged; they are computed again");
  index.ForgetStored(node);
  free.push_back(page);
  return false;
}

bool KvPagePool::OpenCache(const fs::path& path, const std::string& identity) {
  if (!fs::exists(path)) return false;
  try {
    impl_->file = std::make_shared<const PrefixFile>(path, impl_->FileLayout(identity));
  } catch (const Error& error) {
    spdlog::warn("kept keys and values are not used: {}", error.what());
    return false;
  }
  const std::vector<PrefixFileEntry>& entries = impl_->file->entries();
  std::vector<int32_t> nodes;
  for (size_t i = 0; i < std::min(entries.size(), kMaxStoredPages); ++i) {
    const PrefixFileEntry& entry = entries[i];
    const int32_t parent = entry.parent < 0 ? PrefixIndex::kNone : nodes[entry.parent];
    const int32_t known = impl_->index.Find(parent, "", entry.tokens);
    nodes.push_back(known != PrefixIndex::kNone
                        ? known
                        : impl_->index.AddStored(parent, entry.tokens, static_cast<int32_t>(i),
                                                 entry.has_state != 0));
  }
  return true;
}

int64_t KvPagePool::SaveCache(const fs::path& path, const std::string& identity,
                              int64_t max_bytes) const {
  const PrefixFileLayout layout = impl_->FileLayout(identity);
  const int64_t state_bytes = impl_->state_floats * static_cast<int64_t>(sizeof(float));
  const int64_t most = layout.page_bytes + state_bytes + int64_t{sizeof(PrefixFileEntry)};
  PrefixFileWriter writer(path, layout);
  std::map<int32_t, int32_t> entry_of;  // of a node
  std::vector<std::byte> read(static_cast<size_t>(layout.page_bytes));
  std::vector<float> read_state(static_cast<size_t>(layout.state_floats));
  for (const PrefixIndex::Item& item : impl_->index.Items()) {
    const auto table = static_cast<int64_t>(entry_of.size() * sizeof(PrefixFileEntry));
    if (static_cast<int64_t>(writer.bytes()) + table + most > max_bytes) break;
    const bool first = item.parent == PrefixIndex::kNone;
    if (first ? !item.domain->empty() : !entry_of.contains(item.parent)) continue;
    const int32_t page = impl_->index.page(item.node), stored = impl_->index.stored(item.node);
    std::span<const std::byte> data = read;
    if (page != PrefixIndex::kNone) {
      data = std::span(impl_->PageAt(page), read.size());
    } else if (stored == PrefixIndex::kNone || !impl_->file->ReadPage(stored, read)) {
      continue;
    }
    std::span<const float> state;
    if (const PrefixState* kept = impl_->index.state(item.node)) {
      state = kept->values;
    } else if (impl_->index.has_state(item.node) && impl_->file->ReadState(stored, read_state)) {
      state = read_state;
    }
    entry_of[item.node] =
        writer.Add(first ? -1 : entry_of.at(item.parent), *item.tokens, data, state);
  }
  if (entry_of.empty()) return 0;
  writer.Commit();
  return std::ssize(entry_of);
}

}  // namespace pioneer
