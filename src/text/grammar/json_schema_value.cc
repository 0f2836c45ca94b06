#include "text/grammar/json_schema_value.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "text/grammar/json_text.h"

namespace pioneer::grammar {
namespace {

constexpr size_t kSortedFrom = 16;  // members; below that looking through them is faster

}  // namespace

// nlohmann's events, in the text's order.
class SchemaValueBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit SchemaValueBuilder(SchemaValue* root) : root_(root) {}

  bool null() override { return Add({}); }
  bool boolean(bool value) override {
    SchemaValue node = Node(SchemaValue::Kind::kBoolean);
    node.boolean = value;
    return Add(std::move(node));
  }
  bool number_integer(number_integer_t value) override { return AddNumber(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    return AddNumber(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override { return AddNumber(text); }
  bool string(string_t& value) override {
    SchemaValue node = Node(SchemaValue::Kind::kString);
    node.text = std::move(value);
    return Add(std::move(node));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(SchemaValue::Kind::kObject); }
  bool key(string_t& value) override {
    keys_.back() = std::move(value);
    return true;
  }
  bool end_object() override {
    SortMembers(*open_.back());
    return Close();
  }
  bool start_array(size_t) override { return Open(SchemaValue::Kind::kArray); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    Fail(ErrorCode::kInvalidArgument, "the JSON Schema is not valid JSON at byte {}", position);
  }

 private:
  static SchemaValue Node(SchemaValue::Kind kind) {
    SchemaValue node;
    node.kind = kind;
    return node;
  }

  bool AddNumber(std::string text) {
    SchemaValue node = Node(SchemaValue::Kind::kNumber);
    node.text = std::move(text);
    return Add(std::move(node));
  }

  SchemaValue* Place(SchemaValue&& node) {
    if (open_.empty()) return &(*root_ = std::move(node));
    SchemaValue& parent = *open_.back();
    if (parent.is_array()) return &parent.items.emplace_back(std::move(node));
    parent.members.emplace_back(std::move(keys_.back()), std::move(node));
    return &parent.members.back().second;
  }

  bool Add(SchemaValue&& node) {
    Place(std::move(node));
    return true;
  }

  bool Open(SchemaValue::Kind kind) {
    if (open_.size() >= kMaxSchemaDepth) {
      Fail(ErrorCode::kInvalidArgument, "the JSON Schema is nested deeper than {} levels",
           kMaxSchemaDepth);
    }
    open_.push_back(Place(Node(kind)));
    keys_.emplace_back();
    return true;
  }

  bool Close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  // The order of `sorted_`: by key, equal keys by position.
  static std::vector<uint32_t> SortedOrder(const SchemaValue& object) {
    std::vector<uint32_t> order(object.members.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const int compared = object.members[a].first.compare(object.members[b].first);
      return compared != 0 ? compared < 0 : a < b;
    });
    return order;
  }

  static void SortMembers(SchemaValue& object) {
    std::vector<uint32_t> order = SortedOrder(object);
    std::vector<bool> dropped(order.size(), false);
    bool any_dropped = false;
    for (size_t i = 0; i + 1 < order.size(); ++i) {
      if (object.members[order[i]].first == object.members[order[i + 1]].first) {
        dropped[order[i]] = any_dropped = true;
      }
    }
    if (any_dropped) {
      std::vector<SchemaValue::Member> kept;
      for (size_t i = 0; i < dropped.size(); ++i) {
        if (!dropped[i]) kept.push_back(std::move(object.members[i]));
      }
      object.members = std::move(kept);
      order = SortedOrder(object);
    }
    if (object.members.size() >= kSortedFrom) object.sorted_ = std::move(order);
  }

  SchemaValue* root_;
  // Pointers stay valid: a parent's lists grow only while none of its children is open.
  std::vector<SchemaValue*> open_;
  std::vector<std::string> keys_;
};

const SchemaValue* SchemaValue::Find(std::string_view key) const {
  if (sorted_.empty()) {
    for (const Member& member : members) {
      if (member.first == key) return &member.second;
    }
    return nullptr;
  }
  const auto at =
      std::lower_bound(sorted_.begin(), sorted_.end(), key,
                       [&](uint32_t i, std::string_view k) { return members[i].first < k; });
  return at != sorted_.end() && members[*at].first == key ? &members[*at].second : nullptr;
}

SchemaValue ParseSchemaValue(std::string_view text) {
  if (text.size() > kMaxSchemaBytes) {
    Fail(ErrorCode::kInvalidArgument, "the JSON Schema has {} bytes; at most {} are allowed",
         text.size(), kMaxSchemaBytes);
  }
  SchemaValue root;
  SchemaValueBuilder builder(&root);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return root;
}

namespace {

// How a value is written, and after how many bytes the rest need not be.
struct Style {
  std::string_view comma, colon;
  size_t max_bytes;
};
constexpr Style kAsModelsWrite = {", ", ": ", std::string::npos};
constexpr Style kExcerpt = {",", ":", kMaxExcerptBytes};

void Append(const SchemaValue& value, const Style& style, std::string& out) {
  const auto text = [&](const std::string& characters) {
    out += '"' + JsonText::Encode(characters) + '"';
  };
  const auto full = [&] { return out.size() > style.max_bytes; };
  switch (value.kind) {
    case SchemaValue::Kind::kNull:
      out += "null";
      return;
    case SchemaValue::Kind::kBoolean:
      out += value.boolean ? "true" : "false";
      return;
    case SchemaValue::Kind::kNumber:
      out += value.text;
      return;
    case SchemaValue::Kind::kString:
      text(value.text);
      return;
    case SchemaValue::Kind::kArray:
      out += '[';
      for (size_t i = 0; i < value.items.size() && !full(); ++i) {
        if (i > 0) out += style.comma;
        Append(value.items[i], style, out);
      }
      out += ']';
      return;
    case SchemaValue::Kind::kObject:
      out += '{';
      for (size_t i = 0; i < value.members.size() && !full(); ++i) {
        if (i > 0) out += style.comma;
        text(value.members[i].first);
        out += style.colon;
        Append(value.members[i].second, style, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

std::string WriteJson(const SchemaValue& value) {
  std::string out;
  Append(value, kAsModelsWrite, out);
  return out;
}

std::string Excerpt(const SchemaValue& value) {
  std::string out;
  Append(value, kExcerpt, out);
  if (out.size() <= kMaxExcerptBytes) return out;
  size_t end = kMaxExcerptBytes;
  while (end > 0 && (static_cast<uint8_t>(out[end]) & 0xC0) == 0x80) --end;
  return out.substr(0, end) + "...";
}

}  // namespace pioneer::grammar
