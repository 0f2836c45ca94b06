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

namespace pioneer {

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
  // "#/properties/a", for messages. Only schemas that were reached from the root have one.
  std::string PathOf(const SchemaValue& schema) const;

 private:
  struct Place {
    int base = 0;  // index into bases_
    const SchemaValue* parent = nullptr;
    std::string step;
  };
  void Index(const SchemaValue& schema, int base, const SchemaValue* parent, std::string step);
  int EnterResource(const SchemaValue& schema, int base);
  void AddAnchor(const SchemaValue& schema, int base, std::string_view keyword);
  const SchemaValue& FollowPointer(const SchemaValue& resource, std::string_view pointer,
                                   std::string_view reference);
  const SchemaValue* FindResource(std::string_view uri) const;

  SchemaValue root_;
  SchemaDialect dialect_ = SchemaDialect::kDraft2020;
  bool uses_unevaluated_ = false;
  bool has_recursive_anchor_ = false;
  std::vector<std::string> bases_;
  std::unordered_map<std::string, const SchemaValue*> resources_;  // by URI without fragment
  std::unordered_map<std::string, const SchemaValue*> anchors_;    // by URI#anchor
  std::unordered_map<std::string, int> dynamic_anchors_;           // how many have that name
  std::unordered_map<const SchemaValue*, Place> places_;
};

// RFC 3986, section 5.2. Both without fragment.
std::string ResolveUri(std::string_view base, std::string_view reference);

}  // namespace pioneer
