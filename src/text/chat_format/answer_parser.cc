#include "text/chat_format/answer_parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/random.h"

namespace pioneer::chat_format {
namespace {

size_t TrailingSpace(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && IsSpaceByte(text[text.size() - 1 - n])) ++n;
  return n;
}

// Length of the longest suffix of `text` that is a proper beginning of `marker`.
size_t PartialSuffix(std::string_view text, std::string_view marker) {
  for (size_t n = std::min(text.size(), marker.size() - 1); n > 0; --n) {
    if (marker.starts_with(text.substr(text.size() - n))) return n;
  }
  return 0;
}

// An index is none.
bool IsId(std::string_view text) {
  constexpr size_t kMaxBytes = 64;
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-.:").find(c) != std::string_view::npos;
  });
  return fits && text.size() <= kMaxBytes &&
         text.find_first_not_of("0123456789") != std::string_view::npos;
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

}  // namespace

std::string RandomCallId() {
  static constexpr std::string_view kAlphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::array<unsigned char, 9> bytes;
  SecureRandomBytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string id;
  for (const unsigned char byte : bytes) id += kAlphabet[byte % kAlphabet.size()];
  return id;
}

AnswerParser::AnswerParser(std::shared_ptr<const ChatFormat> format, AnswerParserOptions options)
    : format_(std::move(format)), options_(std::move(options)) {
  if (!options_.new_id) options_.new_id = RandomCallId;
  AddMarker(format_->reasoning_begin, MarkerKind::kReasoningBegin);
  AddMarker(format_->reasoning_end, MarkerKind::kReasoningEnd);
  const CallSyntax& calls = format_->calls;
  if (options_.tools && format_->has_calls()) {
    for (const std::string& call : calls.calls) {
      patterns_.push_back(ParsePattern(call, true));
      pattern_leads_.push_back(std::string(Trimmed(LeadingLiteral(call))));
      if (calls.section_begin.empty()) AddMarker(pattern_leads_.back(), MarkerKind::kCall);
      bare_calls_ = bare_calls_ || (calls.section_begin.empty() && pattern_leads_.back().empty());
    }
    AddMarker(calls.section_begin, MarkerKind::kSection);
  }
  for (const std::string& hidden : format_->hidden) AddMarker(hidden, MarkerKind::kHidden);
  BeginBehindPrompt(options_.prompt_end);
}

void AnswerParser::AddMarker(std::string_view text, MarkerKind kind) {
  text = kind == MarkerKind::kHidden ? text : Trimmed(text);
  const bool known = std::any_of(markers_.begin(), markers_.end(),
                                 [&](const Marker& marker) { return marker.text == text; });
  if (!text.empty() && !known) markers_.push_back({std::string(text), kind});
}

// The prompt may end with the beginning of what the answer goes on with.
void AnswerParser::BeginBehindPrompt(std::string_view prompt_end) {
  if (EndsInReasoning(*format_, prompt_end)) {
    mode_ = Mode::kReasoning;
    skip_space_ = true;
    return;
  }
  const std::string_view text = Trimmed(prompt_end);
  for (const Marker& marker : markers_) {
    const bool opens = marker.kind == MarkerKind::kSection || marker.kind == MarkerKind::kCall;
    if (opens && text.ends_with(marker.text)) {
      pending_ = marker.text;
      return;
    }
  }
}

std::vector<AnswerPiece> AnswerParser::Push(std::string_view text) {
  pending_ += text;
  while (Run()) {
  }
  return std::exchange(out_, {});
}

std::vector<AnswerPiece> AnswerParser::Finish() {
  last_ = true;
  while (Run()) {
  }
  return std::exchange(out_, {});
}

bool AnswerParser::Run() {
  if (pending_.empty()) return false;
  switch (mode_) {
    case Mode::kText:
      return RunText();
    case Mode::kReasoning:
      return RunReasoning();
    case Mode::kSection:
      return RunSection();
    case Mode::kCall:
      return RunCall();
  }
  return false;
}

// The marker that begins first; of several there, the longest.
AnswerParser::Found AnswerParser::FindMarker(std::string_view text) const {
  Found best;
  for (const Marker& marker : markers_) {
    const size_t position = text.find(marker.text);
    if (position == std::string_view::npos) continue;
    const bool longer = best.marker && marker.text.size() > best.marker->text.size();
    if (position < best.position || (position == best.position && longer)) {
      best = {position, &marker};
    }
  }
  return best;
}

// How much of the end may become a marker, or be white space in front of one.
size_t AnswerParser::HeldBack(std::string_view text, bool reasoning) const {
  if (last_) return 0;
  size_t held = 0;
  for (const Marker& marker : markers_) {
    if (reasoning && marker.kind != MarkerKind::kReasoningEnd) continue;
    held = std::max(held, PartialSuffix(text, marker.text));
  }
  return held + TrailingSpace(text.substr(0, text.size() - held));
}

bool AnswerParser::BeginsBareCall(std::string_view text) const {
  return bare_calls_ && !text_begun_ && TrimmedFront(text).starts_with('{');
}

bool AnswerParser::RunText() {
  if (BeginsBareCall(pending_)) {
    Drop(pending_.find('{'));
    EnterCall(1);
    return true;
  }
  const Found found = FindMarker(pending_);
  if (found.marker == nullptr) {
    const size_t n = pending_.size() - HeldBack(pending_, false);
    if (n == 0) return false;
    EmitText(std::string_view(pending_).substr(0, n));
    Drop(n);
    return false;
  }
  // A longer marker may still come out of this one.
  const std::string_view rest = std::string_view(pending_).substr(found.position);
  const bool open = !last_ && std::any_of(markers_.begin(), markers_.end(), [&](const Marker& m) {
    return m.text.size() > rest.size() && m.text.starts_with(rest);
  });
  std::string_view before = std::string_view(pending_).substr(0, found.position);
  space_before_.clear();
  if (found.marker->kind != MarkerKind::kHidden) {
    space_before_ = before.substr(before.size() - TrailingSpace(before));
    before.remove_suffix(space_before_.size());
  }
  EmitText(before);
  if (open) {
    Drop(before.size());
    return false;
  }
  Drop(found.position);
  EnterMarker(found);
  return true;
}

void AnswerParser::EnterMarker(const Found& found) {
  const size_t size = found.marker->text.size();
  switch (found.marker->kind) {
    case MarkerKind::kReasoningBegin:
      Drop(size);
      mode_ = Mode::kReasoning;
      skip_space_ = true;
      break;
    case MarkerKind::kReasoningEnd:  // of reasoning that never began
      Drop(size);
      skip_space_ = true;
      break;
    case MarkerKind::kHidden:
      Drop(size);
      break;
    case MarkerKind::kSection:
      Drop(size);
      mode_ = Mode::kSection;
      in_section_ = true;
      break;
    case MarkerKind::kCall:
      EnterCall(size);
      break;
  }
}

bool AnswerParser::RunReasoning() {
  const std::string& end = format_->reasoning_end;
  const size_t found = pending_.find(end);
  std::string_view thoughts = pending_;
  const bool ended = found != std::string::npos;
  thoughts = thoughts.substr(0, ended ? found : pending_.size() - HeldBack(pending_, true));
  const size_t n = thoughts.size();
  if (ended || last_) thoughts.remove_suffix(TrailingSpace(thoughts));
  EmitReasoning(thoughts);
  Drop(ended ? n + end.size() : n);
  if (ended) {
    mode_ = Mode::kText;
    skip_space_ = true;
  }
  return ended;
}

bool AnswerParser::RunSection() {
  const CallSyntax& calls = format_->calls;
  const std::string_view text = TrimmedFront(pending_);
  const std::string_view separator = Trimmed(calls.separator), end = Trimmed(calls.section_end);
  Drop(pending_.size() - text.size());
  if (pending_.empty()) return false;
  if (pending_.starts_with(end)) {
    Drop(end.size());
    mode_ = Mode::kText;
    in_section_ = false;
    skip_space_ = n_calls_ > 0;
    return true;
  }
  if (!last_ && end.starts_with(pending_)) return false;
  if (!separator.empty() && pending_.starts_with(separator)) {
    Drop(separator.size());
    return true;
  }
  EnterCall(0);
  return true;
}

void AnswerParser::EnterCall(size_t opening_bytes) {
  mode_ = Mode::kCall;
  opening_bytes_ = opening_bytes;
  pattern_ = 0;
  announced_ = false;
  arguments_sent_ = 0;
  reader_.emplace(format_->calls, patterns_[0], *options_.tools);
}

bool AnswerParser::NextPattern() {
  if (announced_ || pattern_ + 1 >= patterns_.size()) return false;
  ++pattern_;
  reader_.emplace(format_->calls, patterns_[pattern_], *options_.tools);
  return true;
}

bool AnswerParser::RunCall() {
  const CallReader::State state = reader_->Read(pending_, last_);
  const bool bare = !in_section_ && pattern_leads_[pattern_].empty();
  const bool named = !reader_->name().empty();
  const bool unknown = bare && named && !options_.tools->Find(reader_->name());
  if (state == CallReader::State::kBroken || unknown) {
    if (NextPattern()) return true;
    FailCall();
    return true;
  }
  const bool cut = last_ && state == CallReader::State::kMore;
  if (cut && !(named && reader_->arguments_begun())) {
    if (NextPattern()) return true;
    FailCall();
    return true;
  }
  const bool done = state == CallReader::State::kDone || cut;
  if (named && reader_->arguments_begun() && (options_.stream_arguments || done)) {
    if (!announced_) BeginCall();
    SendArguments();
  }
  if (!done) return false;
  const size_t n = cut ? pending_.size() : reader_->position();
  EndCall(!cut);
  Drop(n);
  return true;
}

void AnswerParser::BeginCall() {
  announced_ = true;
  AnswerPiece begin;
  begin.kind = AnswerPiece::Kind::kCallBegin;
  begin.call = n_calls_++;
  begin.name = reader_->name();
  begin.id = format_->calls.id.empty() ? reader_->any() : format_->calls.id;
  ReplaceAll(begin.id, "%n", reader_->name());
  ReplaceAll(begin.id, "%i", reader_->any());
  if (!IsId(begin.id) || begin.id == begin.name) begin.id = options_.new_id();
  Emit(std::move(begin));
}

void AnswerParser::SendArguments() {
  const std::string& arguments = reader_->arguments();
  if (arguments.size() == arguments_sent_) return;
  AnswerPiece piece;
  piece.kind = AnswerPiece::Kind::kCallArguments;
  piece.call = n_calls_ - 1;
  piece.text = arguments.substr(arguments_sent_);
  arguments_sent_ = arguments.size();
  Emit(std::move(piece));
}

void AnswerParser::EndCall(bool complete) {
  AnswerPiece piece;
  piece.kind = AnswerPiece::Kind::kCallEnd;
  piece.call = n_calls_ - 1;
  piece.complete = complete;
  Emit(std::move(piece));
  reader_.reset();
  skip_space_ = true;
  mode_ = in_section_ ? Mode::kSection : Mode::kText;
}

// It was no call: what was read of it is text, and reading goes on behind it.
void AnswerParser::FailCall() {
  if (announced_) {
    const size_t n = reader_->position();
    EndCall(false);
    Drop(n);
    mode_ = Mode::kText;
    in_section_ = false;
    return;
  }
  const size_t n = last_ ? pending_.size() : std::max(reader_->position(), opening_bytes_);
  std::string text = pending_.substr(0, n);
  if (in_section_) text.insert(0, Trimmed(format_->calls.section_begin));
  text.insert(0, std::exchange(space_before_, ""));
  // What is cut between the calls of a section is the beginning of another one.
  if (in_section_ && last_ && n_calls_ > 0) text.clear();
  reader_.reset();
  mode_ = Mode::kText;
  in_section_ = false;
  text_begun_ = true;  // a bare call does not begin behind it
  Drop(n);
  EmitText(text);
}

void AnswerParser::EmitText(std::string_view text) {
  if (skip_space_) text = TrimmedFront(text);
  std::string clean(text);
  for (const std::string& token : options_.control_tokens) ReplaceAll(clean, token, "");
  if (clean.empty()) return;
  skip_space_ = false;
  text_begun_ = true;
  if (!out_.empty() && out_.back().kind == AnswerPiece::Kind::kText) {
    out_.back().text += clean;
    return;
  }
  AnswerPiece piece;
  piece.text = std::move(clean);
  Emit(std::move(piece));
}

void AnswerParser::EmitReasoning(std::string_view text) {
  if (skip_space_) text = TrimmedFront(text);
  if (text.empty()) return;
  skip_space_ = false;
  AnswerPiece piece;
  piece.kind = AnswerPiece::Kind::kReasoning;
  piece.text = text;
  Emit(std::move(piece));
}

void AnswerParser::Emit(AnswerPiece piece) { out_.push_back(std::move(piece)); }

}  // namespace pioneer::chat_format
