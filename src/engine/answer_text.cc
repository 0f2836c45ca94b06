#include "engine/answer_text.h"

#include <algorithm>
#include <utility>

namespace pioneer {

AnswerText::AnswerText(std::vector<std::string> stop_strings)
    : stop_strings_(std::move(stop_strings)) {
  for (const std::string& stop : stop_strings_)
    longest_stop_ = std::max(longest_stop_, stop.size());
}

AnswerText::Piece AnswerText::Push(std::string_view token_bytes, std::optional<TokenInfo> info) {
  if (stopped()) return {};
  const size_t text_begin = text_total_;
  AppendText(token_bytes);
  if (info) tokens_.push_back({std::move(*info), raw_total_, text_begin, std::nullopt});
  MarkEndedTokens();
  if (FindStop()) return ReleaseUntilStop(stop_position_);
  return Release(pending_.size() - HeldBackLength());
}

AnswerText::Piece AnswerText::Finish() {
  if (stopped()) return {};
  const std::string rest = RepairUtf8(raw_);
  raw_.clear();
  pending_ += rest;
  text_total_ += rest.size();
  MarkEndedTokens();
  return Release(pending_.size());
}

void AnswerText::AppendText(std::string_view token_bytes) {
  raw_ += token_bytes;
  raw_total_ += token_bytes.size();
  const size_t complete = CompleteUtf8Prefix(raw_);
  const std::string text = RepairUtf8(std::string_view(raw_).substr(0, complete));
  raw_.erase(0, complete);
  pending_ += text;
  text_total_ += text.size();
}

void AnswerText::MarkEndedTokens() {
  const size_t raw_complete = raw_total_ - raw_.size();
  for (PendingToken& token : tokens_) {
    if (!token.text_end && token.raw_end <= raw_complete) token.text_end = text_total_;
  }
}

// A stop string may have begun in text that was held back, never in text that was released, so a
// search of pending_ is complete.
bool AnswerText::FindStop() {
  size_t best = std::string::npos;
  for (const std::string& stop : stop_strings_) {
    const size_t found = pending_.find(stop);
    if (found == std::string::npos) continue;
    if (found > best || (found == best && stop.size() <= stop_sequence_.size())) continue;
    best = found;
    stop_sequence_ = stop;
  }
  stop_position_ = best;
  return stopped();
}

// Length of the longest suffix of pending_ that begins a stop string.
size_t AnswerText::HeldBackLength() const {
  if (longest_stop_ == 0) return 0;
  const std::string_view text = pending_;
  for (size_t length = std::min(text.size(), longest_stop_ - 1); length > 0; --length) {
    const std::string_view suffix = text.substr(text.size() - length);
    for (const std::string& stop : stop_strings_) {
      if (stop.size() > length && stop.starts_with(suffix)) return length;
    }
  }
  return 0;
}

AnswerText::Piece AnswerText::Release(size_t n_bytes) {
  Piece piece;
  piece.text = pending_.substr(0, n_bytes);
  pending_.erase(0, n_bytes);
  released_ += n_bytes;
  while (!tokens_.empty() && tokens_.front().text_end && *tokens_.front().text_end <= released_) {
    piece.tokens.push_back(std::move(tokens_.front().info));
    tokens_.pop_front();
  }
  return piece;
}

// The tokens of the stop string alone are dropped with it; one that also made answer text stays.
AnswerText::Piece AnswerText::ReleaseUntilStop(size_t position) {
  Piece piece = Release(position);
  for (PendingToken& token : tokens_) {
    if (token.text_begin < released_) piece.tokens.push_back(std::move(token.info));
  }
  tokens_.clear();
  pending_.clear();
  raw_.clear();
  return piece;
}

}  // namespace pioneer
