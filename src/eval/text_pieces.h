// Why: one long text has no items to estimate an error from. Cut into pieces of some sentences
// each, at places that depend on the text alone, it has; and two models with different tokens can
// be compared piece by piece.
#pragma once

#include <string_view>
#include <vector>

#include "eval/loglikelihood.h"
#include "eval/results_file.h"

namespace pioneer::eval {

// Pieces end with the first line that ends behind kPieceBytes, or where there is none twice as far
// on. A token belongs to the piece in which it begins.
inline constexpr size_t kPieceBytes = 500;

std::vector<TextPiece> CutIntoPieces(std::string_view text, const std::vector<ScoredToken>& tokens);

}  // namespace pioneer::eval
