// Why: BPE never merges across the pieces that a pre-tokenizer cuts. Models define it as a regular
// expression; here each is a small state machine with exactly that meaning, many times faster.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pioneer {

// Returns the end of the piece that starts at `begin` (begin < result <= text.size()). Linear over
// the whole of a text. Any bytes are taken.
using NextPieceFunction = size_t (*)(std::string_view text, size_t begin);

struct PreTokenizer {
  NextPieceFunction next_piece = nullptr;
  bool ignore_merges = false;  // models with this pre-tokenizer take whole-piece tokens first
};

// By GGUF's name (tokenizer.ggml.pre). Throws Error{kUnsupported} that lists the known names.
PreTokenizer FindPreTokenizer(std::string_view name);

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t NextPieceGpt2(std::string_view text, size_t begin);

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
size_t NextPieceLlama3(std::string_view text, size_t begin);

// The same with \p{N} for \p{N}{1,3}.
size_t NextPieceQwen2(std::string_view text, size_t begin);

// For files that name no pre-tokenizer, as llama.cpp reads them: runs of [\p{P}$+<=>^~|] are cut
// out, the rest is cut as by GPT-2, then numbers lose their space and fall into groups of three
// ASCII digits.
size_t NextPieceDefault(std::string_view text, size_t begin);

}  // namespace pioneer
