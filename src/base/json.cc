#include "base/json.h"

#include "base/error.h"

namespace pioneer {
namespace {

template <typename J>
J Parse(std::string_view text) {
  const auto limit_depth = [](int depth, typename J::parse_event_t event, J&) {
    const bool opens =
        event == J::parse_event_t::object_start || event == J::parse_event_t::array_start;
    if (opens && depth >= kMaxJsonDepth) {
      Fail(ErrorCode::kInvalidArgument, "JSON is nested deeper than {} levels", kMaxJsonDepth);
    }
    return true;
  };
  try {
    return J::parse(text.begin(), text.end(), limit_depth);
  } catch (const typename J::parse_error& error) {
    Fail(ErrorCode::kInvalidArgument, "not valid JSON at byte {}", error.byte);
  } catch (const typename J::out_of_range&) {
    Fail(ErrorCode::kInvalidArgument, "a number is too large");
  }
}

template <typename J>
std::string Dump(const J& value) {
  return value.dump(-1, ' ', false, J::error_handler_t::replace);
}

}  // namespace

Json ParseJson(std::string_view text) { return Parse<Json>(text); }
OrderedJson ParseOrderedJson(std::string_view text) { return Parse<OrderedJson>(text); }
std::string DumpJson(const Json& value) { return Dump(value); }
std::string DumpJson(const OrderedJson& value) { return Dump(value); }

}  // namespace pioneer
