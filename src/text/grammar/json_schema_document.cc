#include "text/grammar/json_schema_document.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "text/grammar/json_schema_uri.h"

namespace pioneer::grammar {
namespace {

constexpr std::array<std::string_view, 13> kSchemaKeywords = {"additionalItems",
                                                              "additionalProperties",
                                                              "contains",
                                                              "contentSchema",
                                                              "else",
                                                              "extends",
                                                              "if",
                                                              "items",
                                                              "not",
                                                              "propertyNames",
                                                              "then",
                                                              "unevaluatedItems",
                                                              "unevaluatedProperties"};
constexpr std::array<std::string_view, 5> kSchemaListKeywords = {"allOf", "anyOf", "items", "oneOf",
                                                                 "prefixItems"};
constexpr std::array<std::string_view, 6> kSchemaMapKeywords = {
    "$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string_view StringOf(const SchemaValue& schema, std::string_view key) {
  const SchemaValue* value = schema.Find(key);
  return value && value->is_string() ? std::string_view(value->text) : std::string_view();
}

SchemaDialect DialectOf(const SchemaValue& root) {
  const std::string_view uri = StringOf(root, "$schema");
  const auto names = [&](std::string_view part) { return uri.find(part) != uri.npos; };
  if (names("/draft-03/") || names("/draft-04/")) return SchemaDialect::kDraft4;
  if (names("/draft-06/")) return SchemaDialect::kDraft6;
  if (names("/draft-07/")) return SchemaDialect::kDraft7;
  if (names("/2019-09/")) return SchemaDialect::kDraft2019;
  return SchemaDialect::kDraft2020;
}

std::pair<std::string_view, std::string_view> SplitFragment(std::string_view uri) {
  const size_t hash = uri.find('#');
  if (hash == uri.npos) return {uri, ""};
  return {uri.substr(0, hash), uri.substr(hash + 1)};
}

std::string UnescapePointer(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

std::string EscapePointer(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

const SchemaValue* Step(const SchemaValue& at, const std::string& token) {
  if (at.is_object()) return at.Find(token);
  if (!at.is_array()) return nullptr;
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool whole = error == std::errc() && end == token.data() + token.size();
  return whole && index < at.items.size() ? &at.items[index] : nullptr;
}

bool FindPath(const SchemaValue& at, const SchemaValue& target, std::string& path) {
  if (&at == &target) return true;
  const size_t length = path.size();
  for (const auto& [key, value] : at.members) {
    path += "/" + EscapePointer(key);
    if (FindPath(value, target, path)) return true;
    path.resize(length);
  }
  for (size_t i = 0; i < at.items.size(); ++i) {
    path += "/" + std::to_string(i);
    if (FindPath(at.items[i], target, path)) return true;
    path.resize(length);
  }
  return false;
}

}  // namespace

SchemaDocument::SchemaDocument(std::string_view text)
    : root_(ParseSchemaValue(text)), dialect_(DialectOf(root_)), bases_{""} {
  if (!root_.is_object() && !root_.is_boolean()) {
    Fail(ErrorCode::kInvalidArgument, "a JSON Schema must be an object or a boolean, not {}",
         Excerpt(root_));
  }
  resources_[""] = &root_;
  Index(root_, 0);
}

void SchemaDocument::Index(const SchemaValue& schema, int base) {
  if (!schema.is_object()) return;
  const bool overridden = dialect_ <= SchemaDialect::kDraft7 && schema.Find("$ref");
  if (!overridden) {
    base = EnterResource(schema, base);
    AddAnchors(schema, base);
  }
  if (base != 0) base_of_[&schema] = base;
  for (const SchemaValue::Member& keyword : schema.members) IndexKeyword(keyword, base);
}

void SchemaDocument::IndexKeyword(const SchemaValue::Member& keyword, int base) {
  const auto& [name, value] = keyword;
  if (name == "unevaluatedProperties" || name == "unevaluatedItems") uses_unevaluated_ = true;
  if (value.is_object() && Contains(kSchemaKeywords, name)) Index(value, base);
  if (value.is_array() && Contains(kSchemaListKeywords, name)) {
    for (const SchemaValue& item : value.items) Index(item, base);
  }
  if (value.is_object() && Contains(kSchemaMapKeywords, name)) {
    for (const auto& [key, member] : value.members) Index(member, base);
  }
}

// A new base where the schema has an $id (draft 4: id) that is more than a fragment.
int SchemaDocument::EnterResource(const SchemaValue& schema, int base) {
  const std::string_view keyword = dialect_ == SchemaDialect::kDraft4 ? "id" : "$id";
  const std::string_view uri = SplitFragment(StringOf(schema, keyword)).first;
  if (uri.empty()) return base;
  const std::string absolute = ResolveUri(bases_[base], uri);
  if (&schema == &root_) {
    bases_[0] = absolute;
    resources_[absolute] = &schema;
    return 0;
  }
  resources_.emplace(absolute, &schema);
  bases_.push_back(absolute);
  return static_cast<int>(bases_.size()) - 1;
}

void SchemaDocument::AddAnchors(const SchemaValue& schema, int base) {
  for (const char* keyword : {"$anchor", "$dynamicAnchor"}) {
    const std::string_view name = StringOf(schema, keyword);
    if (!name.empty()) anchors_.emplace(bases_[base] + "#" + std::string(name), &schema);
  }
  if (const std::string_view name = StringOf(schema, "$dynamicAnchor"); !name.empty()) {
    ++dynamic_anchors_[std::string(name)];
  }
  // $recursiveAnchor: true behaves as one dynamic anchor without a name.
  const SchemaValue* recursive = schema.Find("$recursiveAnchor");
  if (recursive && recursive->is_boolean() && recursive->boolean) ++dynamic_anchors_[""];
  // Before 2019-09 an anchor was written as an $id with nothing but a fragment.
  for (const char* keyword : {"$id", "id"}) {
    const std::string_view id = StringOf(schema, keyword);
    const auto [uri, fragment] = SplitFragment(id);
    if (fragment.empty() || fragment[0] == '/') continue;
    anchors_.emplace(bases_[base] + "#" + std::string(fragment), &schema);
  }
}

int SchemaDocument::BaseOf(const SchemaValue& schema) const {
  const auto found = base_of_.find(&schema);
  return found == base_of_.end() ? 0 : found->second;
}

const SchemaValue* SchemaDocument::FollowPointer(const SchemaValue& resource,
                                                 std::string_view pointer) {
  const SchemaValue* at = &resource;
  int base = BaseOf(resource);
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const size_t slash = std::min(pointer.find('/'), pointer.size());
    at = Step(*at, UnescapePointer(PercentDecode(pointer.substr(0, slash))));
    if (!at) return nullptr;
    if (const auto found = base_of_.find(at); found != base_of_.end()) base = found->second;
    pointer.remove_prefix(slash);
  }
  if (base != 0) base_of_.emplace(at, base);
  return at;
}

const SchemaValue& SchemaDocument::FindResource(std::string_view uri,
                                                std::string_view reference) const {
  const auto found = resources_.find(std::string(uri));
  if (found != resources_.end()) return *found->second;
  Fail(
      ErrorCode::kUnsupported,
      "$ref \"{}\" names a schema outside of this document; put it under $defs, nothing is fetched",
      reference);
}

const SchemaValue& SchemaDocument::Resolve(const SchemaValue& from, std::string_view reference) {
  const auto [uri, fragment] = SplitFragment(reference);
  const std::string absolute = ResolveUri(bases_[BaseOf(from)], uri);
  const SchemaValue& resource = FindResource(absolute, reference);
  const SchemaValue* target = nullptr;
  if (fragment.empty()) {
    target = &resource;
  } else if (fragment[0] == '/') {
    target = FollowPointer(resource, fragment);
    // Many schemas have ids that were never meant as bases.
    if (!target && uri.empty()) target = FollowPointer(root_, fragment);
  } else {
    const auto found = anchors_.find(absolute + "#" + PercentDecode(fragment));
    if (found != anchors_.end()) target = found->second;
  }
  if (!target) {
    Fail(ErrorCode::kInvalidArgument, "$ref \"{}\" at {} names nothing in the schema", reference,
         PathOf(from));
  }
  return *target;
}

const SchemaValue& SchemaDocument::ResolveDynamic(const SchemaValue& from,
                                                  std::string_view reference) {
  const SchemaValue& target = Resolve(from, reference);
  const SchemaValue* recursive = target.Find("$recursiveAnchor");
  const bool is_recursive = recursive && recursive->is_boolean() && recursive->boolean;
  const std::string name(is_recursive ? "" : StringOf(target, "$dynamicAnchor"));
  const bool names_dynamic = is_recursive || (!name.empty() && reference.ends_with("#" + name));
  if (names_dynamic && dynamic_anchors_[name] > 1) {
    Fail(ErrorCode::kUnsupported,
         "$dynamicRef \"{}\" at {} has several possible targets, which depend on the path to it; "
         "use $ref",
         reference, PathOf(from));
  }
  return target;
}

std::string SchemaDocument::PathOf(const SchemaValue& schema) const {
  std::string path = "#";
  return FindPath(root_, schema, path) ? path : "(a schema made from an enum or const)";
}

}  // namespace pioneer::grammar
