#include "model/prefix_file.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr char kMagic[8] = {'P', 'I', 'O', 'P', 'F', 'X', '0', '1'};

struct Footer {
  char magic[8] = {};
  uint64_t n_entries = 0, identity_bytes = 0, page_bytes = 0, state_floats = 0, table_sum = 0;
};
static_assert(std::is_trivially_copyable_v<Footer> &&
              std::is_trivially_copyable_v<PrefixFileEntry>);

// Four lanes of multiply-and-rotate over words of 8 bytes.
class Checksum {
 public:
  void Add(const void* data, size_t n_bytes) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    uint64_t words[4];
    for (; n_bytes >= sizeof(words); n_bytes -= sizeof(words), bytes += sizeof(words)) {
      std::memcpy(words, bytes, sizeof(words));
      for (int i = 0; i < 4; ++i) lanes_[i] = Mix(lanes_[i], words[i]);
    }
    for (; n_bytes > 0; --n_bytes) lanes_[0] = Mix(lanes_[0], *bytes++);
  }
  uint64_t value() const {
    uint64_t sum = 0;
    for (const uint64_t lane : lanes_) sum = Mix(sum, lane);
    return sum;
  }

 private:
  static uint64_t Mix(uint64_t lane, uint64_t word) {
    lane = (lane ^ word) * 0x9E3779B97F4A7C15u;
    return lane << 31 | lane >> 33;
  }
  uint64_t lanes_[4] = {1, 2, 3, 4};
};

template <typename T>
uint64_t SumOf(std::span<const T> data) {
  Checksum sum;
  sum.Add(data.data(), data.size_bytes());
  return sum.value();
}

uint64_t TableSum(const std::vector<PrefixFileEntry>& entries, const std::string& identity) {
  Checksum sum;
  sum.Add(entries.data(), entries.size() * sizeof(PrefixFileEntry));
  sum.Add(identity.data(), identity.size());
  return sum.value();
}

}  // namespace

PrefixFile::PrefixFile(const fs::path& path, const PrefixFileLayout& layout) : file_(path) {
  ReadTable(path, layout);
  const uint64_t page_bytes = static_cast<uint64_t>(layout.page_bytes);
  const uint64_t state_bytes = static_cast<uint64_t>(layout.state_floats) * sizeof(float);
  const uint64_t size = file_.bytes().size();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const PrefixFileEntry& entry = entries_[i];
    const bool after_parent = entry.parent >= -1 && entry.parent < static_cast<int64_t>(i);
    const bool page_fits = page_bytes <= size && entry.page_at <= size - page_bytes;
    const bool state_fits =
        entry.has_state == 0 || (state_bytes <= size && entry.state_at <= size - state_bytes);
    if (after_parent && page_fits && state_fits) continue;
    Fail(ErrorCode::kCorruptFile, "{}: its entry {} is impossible", path.string(), i);
  }
}

void PrefixFile::ReadTable(const fs::path& path, const PrefixFileLayout& layout) {
  const std::span<const std::byte> bytes = file_.bytes();
  Footer footer;
  if (bytes.size() < sizeof(footer)) {
    Fail(ErrorCode::kCorruptFile, "{} is cut off", path.string());
  }
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof(footer), sizeof(footer));
  if (std::memcmp(footer.magic, kMagic, sizeof(kMagic)) != 0) {
    Fail(ErrorCode::kCorruptFile, "{} is cut off, or no file of kept pages", path.string());
  }
  const uint64_t room = bytes.size() - sizeof(footer);
  if (footer.identity_bytes > room ||
      footer.n_entries > (room - footer.identity_bytes) / sizeof(PrefixFileEntry)) {
    Fail(ErrorCode::kCorruptFile, "{}: its sizes are impossible", path.string());
  }
  const uint64_t table_bytes = footer.n_entries * sizeof(PrefixFileEntry);
  const std::byte* const identity = bytes.data() + room - footer.identity_bytes;
  entries_.resize(footer.n_entries);
  std::memcpy(entries_.data(), identity - table_bytes, table_bytes);
  const std::string own(reinterpret_cast<const char*>(identity), footer.identity_bytes);
  if (TableSum(entries_, own) != footer.table_sum) {
    Fail(ErrorCode::kCorruptFile, "{}: its table is damaged", path.string());
  }
  if (own != layout.identity || footer.page_bytes != static_cast<uint64_t>(layout.page_bytes) ||
      footer.state_floats != static_cast<uint64_t>(layout.state_floats)) {
    Fail(ErrorCode::kUnsupported,
         "{} was written for another model, other kernels or another version of this program",
         path.string());
  }
}

bool PrefixFile::Read(uint64_t at, uint64_t sum, std::span<std::byte> out) const {
  std::memcpy(out.data(), file_.bytes().data() + at, out.size());
  return SumOf(std::span<const std::byte>(out)) == sum;
}

bool PrefixFile::ReadPage(int32_t entry, std::span<std::byte> page) const {
  const PrefixFileEntry& one = entries_.at(static_cast<size_t>(entry));
  return Read(one.page_at, one.page_sum, page);
}

bool PrefixFile::ReadState(int32_t entry, std::span<float> state) const {
  const PrefixFileEntry& one = entries_.at(static_cast<size_t>(entry));
  return one.has_state != 0 && Read(one.state_at, one.state_sum, std::as_writable_bytes(state));
}

namespace {

const fs::path& WithFolder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path.parent_path(), failure);
  if (!failure) fs::permissions(path.parent_path(), fs::perms::owner_all, failure);
  if (failure) {
    Fail(ErrorCode::kIo, "cannot make the folder {}: {}", path.parent_path().string(),
         failure.message());
  }
  return path;
}

}  // namespace

PrefixFileWriter::PrefixFileWriter(const fs::path& path, PrefixFileLayout layout)
    : path_(path), layout_(std::move(layout)), file_(WithFolder(path)) {}

int32_t PrefixFileWriter::Add(int32_t parent, std::span<const int32_t, kKvPageTokens> tokens,
                              std::span<const std::byte> page, std::span<const float> state) {
  PrefixFileEntry entry;
  entry.parent = parent;
  std::copy(tokens.begin(), tokens.end(), entry.tokens);
  entry.page_at = file_.offset();
  entry.page_sum = SumOf(page);
  file_.Write(page.data(), page.size());
  if (!state.empty()) {
    entry.has_state = 1;
    entry.state_at = file_.offset();
    entry.state_sum = SumOf(state);
    file_.Write(state.data(), state.size_bytes());
  }
  entries_.push_back(entry);
  return static_cast<int32_t>(entries_.size() - 1);
}

void PrefixFileWriter::Commit() {
  Footer footer;
  std::memcpy(footer.magic, kMagic, sizeof(kMagic));
  footer.n_entries = entries_.size();
  footer.identity_bytes = layout_.identity.size();
  footer.page_bytes = static_cast<uint64_t>(layout_.page_bytes);
  footer.state_floats = static_cast<uint64_t>(layout_.state_floats);
  footer.table_sum = TableSum(entries_, layout_.identity);
  file_.Write(entries_.data(), entries_.size() * sizeof(PrefixFileEntry));
  file_.Write(layout_.identity.data(), layout_.identity.size());
  file_.Write(&footer, sizeof(footer));
  file_.Commit();
  std::error_code failure;
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write, failure);
  if (failure) Fail(ErrorCode::kIo, "cannot protect {}: {}", path_.string(), failure.message());
}

}  // namespace pioneer
