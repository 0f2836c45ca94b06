// Why: a chat that searches: a question becomes a proved answer, stored as it grows
// (docs/web-api.md, "Search").
#pragma once

#include <memory>

#include "serve/search/search_fields.h"
#include "serve/web/active_chats.h"

namespace pioneer::serve {

struct SearchTurn {
  std::string visitor_id, chat_id;
  search::SearchRequest request;
  bool web = false;
  std::shared_ptr<Generator> writer;  // may be null
};

// `turn` is on disk. Sends `saved`, `queries`, `passages`, `sentence`s, and `done` or `error`;
// returns when the answer is on disk with its last status.
void AnswerBySearch(Service& service, SearchTurn search, const Turn& turn,
                    std::unique_ptr<web::ActiveChats::Claim> claim, ServeWriter& writer);

}  // namespace pioneer::serve
