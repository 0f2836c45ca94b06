#include "text/grammar/token_trie.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/grammar/grammar.h"
#include "text/grammar/residual_tokens.h"

namespace pioneer::grammar {
namespace {

// Its length in characters if it is plain text; else 0.
int PlainLength(std::string_view text) {
  int n = 0;
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    const bool plain = c.valid && c.code_point >= 0x20 && c.code_point != 0x7F &&
                       c.code_point != '"' && c.code_point != '\\';
    if (!plain) return 0;
    text.remove_prefix(static_cast<size_t>(c.length));
    ++n;
  }
  return n;
}

}  // namespace

TokenTrie::TokenTrie(std::vector<std::string> tokens, std::vector<int32_t> end_tokens)
    : tokens_(std::move(tokens)),
      end_tokens_(std::move(end_tokens)),
      twins_(tokens_.size(), -1),
      residual_cache_(std::make_unique<ResidualCache>()) {
  std::sort(end_tokens_.begin(), end_tokens_.end());
  std::vector<int32_t> order;
  for (int32_t id = 0; id < n_tokens(); ++id) {
    const size_t length = tokens_[id].size();
    if (length == 0 || length > kMaxTokenBytes || is_end_token(id)) continue;
    max_depth_ = std::max(max_depth_, static_cast<int>(length));
    order.push_back(id);
  }
  std::sort(order.begin(), order.end(), [this](int32_t a, int32_t b) {
    return tokens_[a] != tokens_[b] ? tokens_[a] < tokens_[b] : a < b;
  });
  std::vector<int32_t> unique;
  for (const int32_t id : order) {
    if (unique.empty() || tokens_[unique.back()] != tokens_[id]) {
      unique.push_back(id);
    } else {  // into the list behind the first of them
      twins_[id] = std::exchange(twins_[unique.back()], id);
    }
  }
  for (int i = 0; i < kTrieLevels; ++i) {
    levels_[i].plain.Resize(n_tokens());
    std::vector<int32_t> others;
    for (const int32_t id : unique) {
      const int length = PlainLength(tokens_[id]);
      if (length == 0 || length > kPlainLengths[i]) {
        others.push_back(id);
        continue;
      }
      for (int32_t token = id; token >= 0; token = twins_[token]) levels_[i].plain.Set(token);
    }
    BuildLevel(others, levels_[i]);
  }
}

TokenTrie::~TokenTrie() = default;

bool TokenTrie::is_end_token(int32_t token) const {
  return std::binary_search(end_tokens_.begin(), end_tokens_.end(), token);
}

void TokenTrie::BuildLevel(const std::vector<int32_t>& sorted, Level& level) const {
  level.nodes.push_back({});
  std::vector<uint32_t> path = {0};  // the nodes of the last token's bytes
  std::string_view last;
  const auto close = [&](size_t depth) {
    while (path.size() > depth + 1) {
      level.nodes[path.back()].end = static_cast<uint32_t>(level.nodes.size());
      path.pop_back();
    }
  };
  for (const int32_t id : sorted) {
    const std::string_view token = tokens_[id];
    const auto common = std::mismatch(last.begin(), last.end(), token.begin(), token.end()).first;
    close(static_cast<size_t>(common - last.begin()));
    for (size_t depth = path.size(); depth <= token.size(); ++depth) {
      path.push_back(static_cast<uint32_t>(level.nodes.size()));
      TrieNode node;
      node.byte = static_cast<uint8_t>(token[depth - 1]);
      node.depth = static_cast<uint16_t>(depth);
      if (depth == 1) level.first[node.byte] = path.back();
      level.nodes.push_back(node);
    }
    level.nodes[path.back()].token = id;
    last = token;
  }
  close(0);
  level.nodes[0].end = static_cast<uint32_t>(level.nodes.size());
}

std::shared_ptr<const TokenTrie> MakeTokenTrie(const Tokenizer& tokenizer) {
  std::vector<std::string> tokens;
  std::vector<int32_t> end_tokens;
  tokens.reserve(static_cast<size_t>(tokenizer.size()));
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.IsEndOfGeneration(id)) end_tokens.push_back(id);
    std::string bytes = tokenizer.TokenBytes(id);
    // No text, or bytes that could be taken for a spelled special token.
    const bool special = bytes.empty() || bytes.find('\xFF') != std::string::npos;
    tokens.push_back(special ? SpecialTokenSpelling(id) : std::move(bytes));
  }
  return std::make_shared<TokenTrie>(std::move(tokens), std::move(end_tokens));
}

}  // namespace pioneer::grammar
