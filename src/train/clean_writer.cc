#include "train/clean_writer.h"

#include <zstd.h>

#include "base/error.h"
#include "base/json.h"
#include "train/lineage.h"

namespace pioneer {
namespace {

constexpr int kCompressionLevel = 3;
constexpr size_t kBufferBytes = size_t{1} << 20;

Json LineOf(const Document& document, LanguageTag language) {
  Json line = {{"language", LanguageTagName(language)}};
  if (document.turns.empty()) {
    line["text"] = document.text;
    return line;
  }
  for (const ChatTurn& turn : document.turns) {
    if (turn.role.empty()) {
      line["pair"].push_back(turn.content);
      continue;
    }
    line["messages"].push_back({{"role", turn.role}, {"content", turn.content}});
  }
  return line;
}

}  // namespace

struct CleanWriter::State {
  explicit State(const fs::path& path) : file(path) {}
  AtomicFile file;
  Sha256 hash;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::string buffer;  // lines that wait to be compressed
  std::string output = std::string(ZSTD_CStreamOutSize(), '\0');
};

CleanWriter::CleanWriter(const fs::path& path) : state_(std::make_unique<State>(path)) {
  if (state_->context == nullptr) Fail(ErrorCode::kOutOfMemory, "cannot start to compress");
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1);
}

CleanWriter::~CleanWriter() = default;

void CleanWriter::Add(const Document& document, LanguageTag language) {
  state_->buffer += DumpJson(LineOf(document, language)) + "\n";
  if (state_->buffer.size() >= kBufferBytes) Compress(state_->buffer, false);
}

void CleanWriter::Compress(std::string_view bytes, bool last) {
  State& s = *state_;
  s.hash.Add(bytes);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  size_t left = 1;
  while (input.pos < input.size || (last && left > 0)) {
    ZSTD_outBuffer output{s.output.data(), s.output.size(), 0};
    left =
        ZSTD_compressStream2(s.context.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      Fail(ErrorCode::kInternal, "cannot compress: {}", ZSTD_getErrorName(left));
    }
    s.file.Write(s.output.data(), output.pos);
  }
  s.buffer.clear();
}

std::string CleanWriter::Finish() {
  Compress(state_->buffer, true);
  state_->file.Commit();
  return state_->hash.Finish();
}

}  // namespace pioneer
