// Why: what a model has read must be answerable years later: a run keeps a list of everything that
// went in, and one hash over it travels with the weights.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "train/clean_filter.h"
#include "train/clean_text.h"

namespace pioneer {

// One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(std::string_view bytes);
  std::string Finish();  // 64 hexadecimal digits; once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256OfText(std::string_view text);
std::string Sha256OfFile(const fs::path& path);  // of its bytes; throws Error{kNotFound, kIo}

struct DocumentCount {
  int64_t documents = 0, bytes = 0;
  void Add(size_t n_bytes) {
    ++documents;
    bytes += static_cast<int64_t>(n_bytes);
  }
};

struct InputFile {
  std::string name;  // within its source
  int64_t bytes = 0;
  std::string sha256;
};

// What became of one source.
struct SourceReport {
  Json recipe;  // SourceToJson without place, weight and limit: only what decides the result
  std::string name, package_version;
  std::vector<InputFile> files;
  DocumentCount in;                                 // as text, before anything was taken out
  std::array<DocumentCount, kDropReasons> dropped;  // by DropReason; [kNone] stays 0
  TextChanges changes;
  int64_t repeated_line_bytes = 0, overlap_bytes = 0;  // cut out of documents that were kept or not
  std::array<DocumentCount, kLanguageTags> languages;  // of what was kept
  DocumentCount train, held_out;
  std::string train_sha256, held_out_sha256;  // of the cleaned text's files, uncompressed
};

Json ReportToJson(const SourceReport& report);

// One token file.
struct ShardReport {
  std::string source;  // name
  bool held_out = false;
  int64_t documents = 0, tokens = 0;
  std::string sha256;
};

struct LineageParts {
  std::string origin;  // lineage of the weights before; "" = random ones
  double held_out_share = 0;
  std::vector<InputFile> evaluation_sets;
  std::vector<SourceReport> sources;
  std::string tokenizer_sha256;
  std::vector<ShardReport> shards;
};

// The manifest: the program's version, every step with its parameters, and the parts; "lineage" is
// the SHA-256 of all of it (of the JSON text without spaces, keys sorted, without "lineage"). The
// same input gives the same hash, on any number of threads and wherever the files lie.
Json MakeLineage(const LineageParts& parts);

}  // namespace pioneer
