// Why: texts begin alike: a system prompt, a list of tools, the conversation so far. The pages that
// hold the keys and values of such a beginning are found again here, by what the tokens are.
//
// The index is a tree: a node is one full page, its parent the page before. A page is thus found
// only after all the tokens before it were equal too, and they are compared, not just hashed.
// Pages that nobody holds stay until their place is needed; then the leaf that was used the longest
// ago goes first, so that what is left can always be reached. Pure logic: it owns numbers of pages,
// not their memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tensor/ops/attention.h"

namespace pioneer {

// A recurrent state, copied where a page ends. Its memory is paid for with pages.
struct PrefixState {
  std::vector<float> values;
  std::vector<int32_t> pages;
  bool passing = false;  // of an answer that is being written: the next one replaces it
};

// Not thread-safe.
class PrefixIndex {
 public:
  static constexpr int32_t kNone = -1;
  using Tokens = std::array<int32_t, kKvPageTokens>;

  // `secret` keeps others from making tokens whose hashes are all the same.
  explicit PrefixIndex(uint64_t secret) : secret_(secret) {}

  // The page with these kKvPageTokens tokens after `parent`, or kNone. Texts of different domains
  // share nothing; the domain is looked at where parent is kNone.
  int32_t Find(int32_t parent, std::string_view domain, const int32_t* tokens) const;
  // A page that Find() does not find. It is held once, as all its ancestors are.
  int32_t Add(int32_t parent, std::string_view domain, const int32_t* tokens, int32_t page);
  // What lies in a file, as its entry `stored`, maybe with a state; it has no page. Entries come in
  // the order of their use, the last used first.
  int32_t AddStored(int32_t parent, const int32_t* tokens, int32_t stored, bool stored_state);

  int32_t page(int32_t node) const { return nodes_[node].page; }      // kNone: not in memory
  int32_t stored(int32_t node) const { return nodes_[node].stored; }  // kNone: in no file
  bool has_state(int32_t node) const { return nodes_[node].state || nodes_[node].stored_state; }
  // Gives it a page that has its content, and holds it, as its ancestors are.
  void SetPage(int32_t node, int32_t page);
  // What the file has of it is damaged.
  void ForgetStored(int32_t node);
  void ForgetStoredState(int32_t node) { nodes_[node].stored_state = false; }

  // Held pages are not evicted. Whoever holds a page holds its ancestors; releases go the other
  // way, the last page first.
  void Hold(int32_t node);
  void Release(int32_t node);

  // States are never held: who needs one copies it at once. Null when there is none.
  PrefixState* state(int32_t node) const { return nodes_[node].state.get(); }
  void SetState(int32_t node, PrefixState state);  // there is none yet
  PrefixState TakeState(int32_t node);
  void TouchState(int32_t node);  // it was just used

  // Pages, of keys and values and of states, that Evict() could free in the end.
  int64_t n_idle() const { return n_idle_pages_ + n_state_pages_; }
  // Appends the pages of what was used the longest ago; false when nothing is idle.
  bool Evict(std::vector<int32_t>& freed);

  // Everything in memory or a file, ancestors before what follows them, else by use, the last used
  // first.
  struct Item {
    int32_t node = kNone, parent = kNone;
    const Tokens* tokens = nullptr;
    const std::string* domain = nullptr;  // of the first page
  };
  std::vector<Item> Items() const;

 private:
  struct Node {
    int32_t parent = kNone, page = kNone, stored = kNone;
    int32_t n_held = 0;
    int32_t n_children = 0, n_links = 0;  // children that have pages; all of them
    bool stored_state = false;
    uint64_t used = 0, state_used = 0;  // when, by clock_
    uint64_t hash = 0;
    Tokens tokens = {};
    std::string domain;  // where parent is kNone
    std::unique_ptr<PrefixState> state;

    bool idle_leaf() const { return n_held == 0 && n_children == 0 && page != kNone; }
  };
  using Age = std::pair<uint64_t, int32_t>;  // when it was used, node

  uint64_t HashOf(int32_t parent, std::string_view domain, const int32_t* tokens) const;
  int32_t Insert(int32_t parent, std::string_view domain, const int32_t* tokens);
  void Remove(int32_t node, std::vector<int32_t>& freed);

  const uint64_t secret_;
  uint64_t clock_ = 0;
  std::vector<Node> nodes_;
  std::vector<int32_t> unused_;  // slots of nodes_
  std::unordered_multimap<uint64_t, int32_t> by_hash_;
  std::set<Age> leaves_;  // that nobody holds
  std::set<Age> states_;
  int64_t n_idle_pages_ = 0, n_state_pages_ = 0;
};

}  // namespace pioneer
