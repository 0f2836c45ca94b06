#!/usr/bin/env bash
# Installs what building, running and testing (--tests, --all) Pioneer needs, on Debian and Ubuntu.
# Elsewhere it names what is missing. Quick and silent when nothing is missing.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config
  libboost-dev libboost-system-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev
  nlohmann-json3-dev libtomlplusplus-dev libfmt-dev libspdlog-dev libcli11-dev libicu-dev
  libdnnl-dev libedit-dev liblzma-dev libzstd-dev zlib1g-dev libxml2-dev libseccomp-dev
  prometheus-cpp-dev libzip-dev libpqxx-dev libstemmer-dev libhnswlib-dev poppler-utils poppler-data
)
# Training in several processes: without these, everything else works (build/pioneer-mpi.so).
packages+=(libopenmpi-dev openmpi-bin)
[ "${1:-}" = --tests ] && packages+=(libgtest-dev libgmock-dev chromium fonts-noto-cjk postgresql)
[ "${1:-}" = --all ] && packages+=(libgtest-dev libgmock-dev chromium fonts-noto-cjk postgresql clang llvm libclang-rt-14-dev)

missing=()
if command -v dpkg-query >/dev/null; then
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
  for package in "${packages[@]}"; do
    grep -q "^$package installed$" <<<"$installed" || missing+=("$package")
  done
else
  missing=("${packages[@]}")
fi

# Node builds the page; any Node from 18 on serves, wherever it came from.
node_major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/' || true)
if [ "${node_major:-0}" -lt 18 ]; then missing+=(nodejs); fi
command -v npm >/dev/null || missing+=(npm)

[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  if [ -f build/.setup-confirmed ]; then exit 0; fi
  cat >&2 <<MESSAGE
This machine has no apt-get, so Pioneer cannot install what it needs by itself. By their Debian
names, it needs:
  ${missing[*]}
Install your system's packages for these, then tell this script once:
  mkdir -p build && touch build/.setup-confirmed
MESSAGE
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and installing them needs root or sudo: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
