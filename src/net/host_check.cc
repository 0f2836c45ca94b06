#include "net/host_check.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "net/http_message.h"

namespace pioneer {
namespace {

using boost::asio::ip::make_address;

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool IsPort(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
  });
}

bool IsAddress(const std::string& host) {
  boost::system::error_code error;
  make_address(host, error);
  return !error;
}

bool IsAnyAddress(const std::string& host) {
  boost::system::error_code error;
  const auto address = make_address(host, error);
  return !error && address.is_unspecified();
}

// "[v6]" or "[v6]:port".
std::string BracketedHost(std::string_view host) {
  const size_t close = host.find(']');
  if (close == std::string_view::npos) return {};
  const std::string_view rest = host.substr(close + 1);
  if (!rest.empty() && (rest.front() != ':' || !IsPort(rest.substr(1)))) return {};
  boost::system::error_code error;
  const auto address =
      boost::asio::ip::make_address_v6(std::string(host.substr(1, close - 1)), error);
  return error ? std::string() : address.to_string();
}

// The port, or what the scheme stands for.
std::string PortOf(std::string_view host, std::string_view standard) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  const bool has_port = colon != std::string_view::npos &&
                        (bracket == std::string_view::npos || colon > bracket) &&
                        colon + 1 < host.size();
  return std::string(has_port ? host.substr(colon + 1) : standard);
}

}  // namespace

std::string HostWithoutPort(std::string_view host) {
  if (!host.empty() && host.front() == '[') return BracketedHost(host);
  const size_t colon = std::min(host.find(':'), host.size());
  if (colon < host.size() && !IsPort(host.substr(colon + 1))) return {};
  std::string name = LowerCase(host.substr(0, colon));
  if (name.ends_with('.')) name.pop_back();
  return IsHostName(name) ? name : std::string();
}

bool IsLoopbackHost(std::string_view host) {
  const std::string name = LowerCase(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const auto address = make_address(name, error);
  return !error && address.is_loopback();
}

HostCheck::HostCheck(std::string bound_host, std::vector<std::string> allowed_names)
    : any_address_(IsAnyAddress(bound_host)) {
  allowed_names.push_back(std::move(bound_host));
  for (const std::string& name : allowed_names) {
    if (name == "*") any_name_ = true;
    const bool bare_v6 = std::count(name.begin(), name.end(), ':') > 1 && name.front() != '[';
    std::string host = HostWithoutPort(bare_v6 ? "[" + name + "]" : name);
    if (!host.empty()) names_.push_back(std::move(host));
  }
}

bool HostCheck::IsAllowed(std::string_view host) const {
  const std::string name = HostWithoutPort(host);
  if (name.empty()) return false;
  if (any_name_ || IsLoopbackHost(name)) return true;
  if (any_address_ && IsAddress(name)) return true;
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool HostCheck::IsSameOrigin(std::string_view origin, std::string_view host) {
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, std::string_view>{"http://", "80"}, {"https://", "443"}}) {
    if (!origin.starts_with(scheme)) continue;
    const std::string_view authority = origin.substr(scheme.size());
    const std::string name = HostWithoutPort(authority);
    return !name.empty() && name == HostWithoutPort(host) &&
           PortOf(authority, port) == PortOf(host, port);
  }
  return false;
}

}  // namespace pioneer
