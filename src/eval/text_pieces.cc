#include "eval/text_pieces.h"

#include <algorithm>

#include "eval/task.h"

namespace pioneer::eval {
namespace {

// Where the piece that begins here ends.
size_t PieceEnd(std::string_view text, size_t begin) {
  if (text.size() - begin <= kPieceBytes) return text.size();
  const size_t farthest = std::min(begin + 2 * kPieceBytes, text.size());
  const size_t line_end = text.find('\n', begin + kPieceBytes - 1);
  if (line_end < farthest) return line_end + 1;
  size_t end = farthest;  // not inside a character
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end;
}

}  // namespace

std::vector<TextPiece> CutIntoPieces(std::string_view text,
                                     const std::vector<ScoredToken>& tokens) {
  std::vector<TextPiece> pieces;
  std::vector<size_t> ends;
  for (size_t begin = 0; begin < text.size(); begin = ends.back()) {
    ends.push_back(PieceEnd(text, begin));
    const std::string_view piece = text.substr(begin, ends.back() - begin);
    pieces.push_back({0, CountWords(piece), static_cast<int64_t>(piece.size())});
  }
  size_t at = 0, piece = 0;
  for (const ScoredToken& token : tokens) {
    while (piece + 1 < pieces.size() && at >= ends[piece]) ++piece;
    if (!pieces.empty()) pieces[piece].loglikelihood += token.logprob;
    at += static_cast<size_t>(token.n_bytes);
  }
  return pieces;
}

}  // namespace pioneer::eval
