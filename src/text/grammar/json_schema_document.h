// Why: the references of a schema ($ref, $id, $anchor and their older spellings) are resolved in
// one place, so that everything above sees a graph of schemas.
//
// Sources: JSON Schema draft 2020-12 (core, section 8 and 9), draft 7, draft 4; RFC 3986; RFC 6901.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/grammar/json_schema_value.h"

namespace pioneer::grammar {

enum class SchemaDialect : uint8_t { kDraft4, kDraft6, kDraft7, kDraft2019, kDraft2020 };

// A schema and everything that its references may name. Owns the tree; pointers into it stay valid.
class SchemaDocument {
 public:
  // Throws Error{kInvalidArgument}.
  explicit SchemaDocument(std::string_view text);
  SchemaDocument(const SchemaDocument&) = delete;
  SchemaDocument& operator=(const SchemaDocument&) = delete;

  const SchemaValue& root() const { return root_; }
  SchemaDialect dialect() const { return dialect_; }
  bool uses_unevaluated() const { return uses_unevaluated_; }

  // What `reference`, written in `from` (a schema of this document), names. Throws
  // Error{kInvalidArgument} where nothing has that name and Error{kUnsupported} for a schema
  // outside of the document: nothing is ever fetched.
  const SchemaValue& Resolve(const SchemaValue& from, std::string_view reference);
  // The same for $dynamicRef and $recursiveRef, as far as the target cannot depend on the path.
  const SchemaValue& ResolveDynamic(const SchemaValue& from, std::string_view reference);
  // "#/properties/a", for messages.
  std::string PathOf(const SchemaValue& schema) const;

 private:
  void Index(const SchemaValue& schema, int base);
  void IndexKeyword(const SchemaValue::Member& keyword, int base);
  int EnterResource(const SchemaValue& schema, int base);
  void AddAnchors(const SchemaValue& schema, int base);
  int BaseOf(const SchemaValue& schema) const;
  const SchemaValue* FollowPointer(const SchemaValue& resource, std::string_view pointer);
  const SchemaValue& FindResource(std::string_view uri, std::string_view reference) const;

  SchemaValue root_;
  SchemaDialect dialect_ = SchemaDialect::kDraft2020;
  bool uses_unevaluated_ = false;
  std::vector<std::string> bases_;
  std::unordered_map<const SchemaValue*, int> base_of_;            // index into bases_; absent = 0
  std::unordered_map<std::string, const SchemaValue*> resources_;  // by URI without fragment
  std::unordered_map<std::string, const SchemaValue*> anchors_;    // by URI#anchor
  std::unordered_map<std::string, int> dynamic_anchors_;           // how many have that name
};

}  // namespace pioneer::grammar
