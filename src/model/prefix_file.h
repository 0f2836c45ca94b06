// Why: what requests begin with is the same after a restart as before, and reading its keys and
// values is a hundred times faster than computing them.
//
// The file, little-endian: the data of pages and states, then a table of entries {parent, tokens,
// place and checksum of the page, place and checksum of the state}, then the identity, then a
// footer with sizes and the checksum of table and identity. Data is checked when it is read, so
// opening costs no more than the table. Checksums find damage, not malice: who can write the file
// can make the model say anything, and who can read it learns what was asked. So its folder is the
// user's alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "tensor/ops/attention.h"

namespace pioneer {

struct PrefixFileLayout {
  std::string identity;  // what the content depends on
  int64_t page_bytes = 0, state_floats = 0;
};

struct PrefixFileEntry {
  int32_t parent = -1;  // an entry before this one; -1 = the first page of a text
  int32_t tokens[kKvPageTokens] = {};
  uint32_t has_state = 0;
  uint64_t page_at = 0, page_sum = 0, state_at = 0, state_sum = 0;
};

// Immutable; any thread may read it.
class PrefixFile {
 public:
  // Throws Error{kNotFound}, Error{kCorruptFile} for a damaged file, Error{kUnsupported} for one of
  // another layout or version.
  PrefixFile(const fs::path& path, const PrefixFileLayout& layout);

  const std::vector<PrefixFileEntry>& entries() const { return entries_; }
  // False when the data is damaged, or there is none. `page` has the layout's page_bytes.
  bool ReadPage(int32_t entry, std::span<std::byte> page) const;
  bool ReadState(int32_t entry, std::span<float> state) const;

 private:
  void ReadTable(const fs::path& path, const PrefixFileLayout& layout);
  bool Read(uint64_t at, uint64_t sum, std::span<std::byte> out) const;

  MappedFile file_;
  std::vector<PrefixFileEntry> entries_;
};

// Writes one; at the path is the old file until Commit().
class PrefixFileWriter {
 public:
  // The folder is made when it is missing, for its owner alone. All functions throw Error{kIo}.
  PrefixFileWriter(const fs::path& path, PrefixFileLayout layout);

  // Returns the entry's number. An empty state is none.
  int32_t Add(int32_t parent, std::span<const int32_t, kKvPageTokens> tokens,
              std::span<const std::byte> page, std::span<const float> state);
  uint64_t bytes() const { return file_.offset(); }
  void Commit();

 private:
  const fs::path path_;
  const PrefixFileLayout layout_;
  AtomicFile file_;
  std::vector<PrefixFileEntry> entries_;
};

}  // namespace pioneer
