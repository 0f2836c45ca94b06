// Why: office documents, feeds and sitemaps are XML from strangers, read as a stream of elements
// and text by libxml2, with nothing expanded or loaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pioneer::search {

// Names are without their namespace prefix. Entities that a file declares are left out; so is what
// is nested deeper than 200 elements (an error). One thread.
class XmlCursor {
 public:
  enum class Kind { kStart, kEnd, kText };

  // Any encoding that the file declares; `xml` need not outlive this.
  explicit XmlCursor(std::string_view xml);
  ~XmlCursor();

  // The next event; an empty element is a start and an end. False at the end. Throws
  // Error{kCorruptFile}, unless `tolerant` was set: then a broken file ends where it breaks.
  bool Next();
  void set_tolerant(bool tolerant) { tolerant_ = tolerant; }

  Kind kind() const { return kind_; }
  bool starts(std::string_view name) const { return kind_ == Kind::kStart && name_ == name; }
  bool ends(std::string_view name) const { return kind_ == Kind::kEnd && name_ == name; }
  std::string_view name() const { return name_; }  // of kStart and kEnd
  std::string_view text() const;                   // of kText
  std::string_view prefix() const;                 // of the namespace, as written
  int depth() const { return depth_; }             // of elements around this event

  // Of the element that starts, by local name or, with a colon, by the name as written; "" when it
  // has none.
  std::string Attribute(const char* name) const;
  // The element that starts is left at its end; its text, if wanted.
  void Skip();
  std::string TextInside();

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
  std::string xml_, name_;
  Kind kind_ = Kind::kText;
  int depth_ = 0;
  bool tolerant_ = false, end_follows_ = false;
};

}  // namespace pioneer::search
