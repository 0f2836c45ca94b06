#include "train/lineage.h"

#include <openssl/evp.h>

#include <fstream>

#include "base/error.h"
#include "train/clean_lines.h"
#include "train/dedup_min_hash.h"
#include "train/dedup_overlap.h"

namespace pioneer {
namespace {

// Raised when a step's code changes what comes out of the same input.
constexpr int kDataFormat = 1;

Json CountToJson(const DocumentCount& count) {
  return {{"documents", count.documents}, {"bytes", count.bytes}};
}

Json FilesToJson(const std::vector<InputFile>& files) {
  Json list = Json::array();
  for (const InputFile& file : files) {
    list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  return list;
}

Json StepsToJson() {
  return {{"normalize", {{"form", "NFC"}, {"controls", "removed"}, {"invalid_utf8", "removed"}}},
          {"repeated_lines",
           {{"kept_documents", RepeatedLines::kKeptDocuments},
            {"long_line_bytes", RepeatedLines::kLongLineBytes}}},
          {"too_short", {{"min_characters", kMinCharacters}}},
          {"long_runs", {{"run_bytes", kLongRunBytes}, {"max_share", kMaxLongRunShare}}},
          {"symbols",
           {{"min_letter_share", kMinLetterShare},
            {"min_letter_share_of_code", kMinLetterShareOfCode}}},
          {"repetition", {{"words", kRepetitionWords}, {"max_share", kMaxRepetition}}},
          {"contaminated", {{"words", kOverlapWords}, {"seed_words", kOverlapSeedWords}}},
          {"exact_duplicate", {{"hash_bits", 64}}},
          {"near_duplicate",
           {{"hashes", kMinHashes},
            {"bands", kMinHashBands},
            {"shingle_words", kShingleWords},
            {"min_similarity", kNearDuplicateSimilarity}}}};
}

Json ShardToJson(const ShardReport& shard) {
  return {{"source", shard.source},
          {"part", shard.held_out ? "held_out" : "train"},
          {"documents", shard.documents},
          {"tokens", shard.tokens},
          {"sha256", shard.sha256}};
}

}  // namespace

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> md{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->md.get(), EVP_sha256(), nullptr) != 1) {
    Fail(ErrorCode::kInternal, "SHA-256 is not there");
  }
}

Sha256::~Sha256() = default;

void Sha256::Add(std::string_view bytes) {
  EVP_DigestUpdate(context_->md.get(), bytes.data(), bytes.size());
}

std::string Sha256::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned n = 0;
  EVP_DigestFinal_ex(context_->md.get(), digest.data(), &n);
  std::string text;
  for (unsigned i = 0; i < n; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string Sha256OfText(std::string_view text) {
  Sha256 hash;
  hash.Add(text);
  return hash.Finish();
}

std::string Sha256OfFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(ErrorCode::kNotFound, "cannot open {}", path.string());
  Sha256 hash;
  std::string piece(size_t{1} << 18, '\0');
  do {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.Add({piece.data(), static_cast<size_t>(file.gcount())});
  } while (file);
  if (file.bad()) Fail(ErrorCode::kIo, "cannot read {}", path.string());
  return hash.Finish();
}

Json ReportToJson(const SourceReport& report) {
  Json dropped = Json::object(), languages = Json::object();
  for (int i = 1; i < kDropReasons; ++i) {
    dropped[DropReasonName(static_cast<DropReason>(i))] = CountToJson(report.dropped[i]);
  }
  for (int i = 0; i < kLanguageTags; ++i) {
    languages[LanguageTagName(static_cast<LanguageTag>(i))] = CountToJson(report.languages[i]);
  }
  return {{"name", report.name},
          {"recipe", report.recipe},
          {"package_version", report.package_version},
          {"files", FilesToJson(report.files)},
          {"in", CountToJson(report.in)},
          {"dropped", dropped},
          {"changed",
           {{"invalid_characters", report.changes.invalid_bytes},
            {"composed_documents", report.changes.composed},
            {"control_characters", report.changes.controls},
            {"blank_bytes", report.changes.blanks},
            {"repeated_line_bytes", report.repeated_line_bytes},
            {"overlap_bytes", report.overlap_bytes}}},
          {"languages", languages},
          {"train", CountToJson(report.train)},
          {"held_out", CountToJson(report.held_out)},
          {"train_sha256", report.train_sha256},
          {"held_out_sha256", report.held_out_sha256}};
}

Json MakeLineage(const LineageParts& parts) {
  Json sources = Json::array(), shards = Json::array();
  for (const SourceReport& source : parts.sources) sources.push_back(ReportToJson(source));
  for (const ShardReport& shard : parts.shards) shards.push_back(ShardToJson(shard));
  Json lineage = {{"program", std::string("pioneer ") + PIONEER_VERSION},
                  {"data_format", kDataFormat},
                  {"steps", StepsToJson()},
                  {"origin", parts.origin},
                  {"held_out_share", parts.held_out_share},
                  {"evaluation_sets", FilesToJson(parts.evaluation_sets)},
                  {"sources", sources},
                  {"tokenizer_sha256", parts.tokenizer_sha256},
                  {"shards", shards}};
  lineage["lineage"] = Sha256OfText(DumpJson(lineage));
  return lineage;
}

}  // namespace pioneer
