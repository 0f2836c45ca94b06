// Why: searches in chat completions: the service searches the library and, where one is set up, the
// web, and the answer's text cites what carries it (docs/api.md, "Search in chats").
//
// With web_search_options that is always done; as one of the request's tools, when the model calls
// it. What was found is data: it reaches a model without tools, and each sentence is proved before
// it is sent, as POST /v1/search does.
#pragma once

#include "serve/openai/chat_request.h"
#include "serve/service.h"

namespace pioneer::serve::openai {

// The type of the tool, and the name of the function that the model sees in its place.
inline constexpr char kWebSearchTool[] = "web_search";
OrderedJson WebSearchFunction();

// Throw ApiError 400 that names the field. The second sets call.web_search where the request has
// web_search_options, and refuses what the answer of any search cannot honour.
WebSearchOptions ReadWebSearchTool(const FieldReader& tool);
void ReadWebSearchOptions(const FieldReader& body, ChatCall& call);

// Answers the newest message; returns when all is sent or the client is gone. Throws ApiError 400
// "nothing_to_search" where neither the library nor the web has anything.
void AnswerBySearch(Service& service, const ChatCall& call, ServeWriter& writer);

}  // namespace pioneer::serve::openai
