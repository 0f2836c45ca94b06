#!/usr/bin/env bash
# test_arm64.sh [MINUTES]: on another machine, builds Pioneer for 64-bit Arm in build-arm64/ with
# Debian's cross compiler and runs its tests under QEMU, at most so many minutes (60) for each part:
#   all rooms' unit tests, and the command line's, on a processor with everything (-cpu max)
#   the kernels' tests on processors without int8 matrix products, and without dot products either
# Installs the compiler and QEMU if it may (as root or by sudo); takes Arm's libraries out of Debian's
# packages into build-arm64/sysroot, where nothing of this machine's is touched. Where these cannot
# be had, it says so and counts as passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
limit=$((${1:-60} * 60))
build=$PWD/build-arm64
sysroot=$build/sysroot

mkdir -p "$build"
skip() { echo "skipped: $1"; exit 0; }

if [ "$(uname -m)" = aarch64 ]; then skip 'this machine is an Arm: ./test runs on it'; fi

# The compiler and QEMU.
tools=(g++-aarch64-linux-gnu qemu-user-static)
if ! command -v aarch64-linux-gnu-g++ qemu-aarch64-static >/dev/null; then
  command -v apt-get >/dev/null || skip "needs ${tools[*]} (Debian's names), and there is no apt-get"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || skip "needs ${tools[*]}, and installing them needs root or sudo"
    as_root=(sudo)
  fi
  echo "Installing ${tools[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-remove \
    --no-install-recommends "${tools[@]}" || skip "${tools[*]} cannot be installed"
fi

# Arm's packages, chosen and fetched by apt as for an empty machine, and unpacked.
libraries=(
  libc6-dev libstdc++6 libgcc-s1 libgomp1
  $(sed -n '/^packages=(/,/^)/p' scripts/setup.sh | grep -oE '\b(lib|nlohmann|prometheus)[a-z0-9.+-]+')
  libgtest-dev libgmock-dev
)
fill_sysroot() {
  local apt=$build/apt file link
  command -v apt-get >/dev/null || return 1
  mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial
  : >"$apt"/status
  local get=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64
    -o Dir::State="$apt"/state -o Dir::State::status="$apt"/status -o Dir::Cache="$apt"/cache
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)")
  "${get[@]}" update && "${get[@]}" install -y --download-only --no-install-recommends \
    "${libraries[@]}" || return 1
  rm -rf "$sysroot" && mkdir -p "$sysroot"/usr/{bin,sbin,lib}
  for file in bin sbin lib; do ln -s usr/$file "$sysroot"/$file; done
  for file in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$file" |
      tar -x -C "$sysroot" --keep-directory-symlink --no-same-owner || return 1
  done
  # Links from the root are meant within the folder.
  find "$sysroot" -type l -lname '/*' | while read -r link; do
    ln -sfn "$sysroot$(readlink "$link")" "$link"
  done
  printf '%s\n' "${libraries[@]}" >"$sysroot"/packages
  rm -rf "$apt"
}
if [ "$(cat "$sysroot"/packages 2>/dev/null)" != "$(printf '%s\n' "${libraries[@]}")" ]; then
  echo "Fetching Arm's packages of ${#libraries[@]} libraries"
  fill_sysroot >"$build"/packages.log 2>&1 ||
    skip "Arm's packages of the libraries cannot be had from this machine's sources: see $build/packages.log"
fi

[ -f "$build"/build.ninja ] || cmake --preset arm64 -Wno-dev
cmake --build "$build"

# The program, for scripts that call it.
cat >"$build"/pioneer-arm64 <<RUN
#!/bin/sh
exec qemu-aarch64-static -L $sysroot $build/pioneer "\$@"
RUN
chmod +x "$build"/pioneer-arm64

failed=0
run() {  # NAME PROCESSOR COMMAND...
  local name=$1 processor=$2
  shift 2
  printf '\n-- %s, -cpu %s\n' "$name" "$processor"
  QEMU_CPU=$processor timeout "$limit" "$@" || { echo "-- failed: $name"; failed=1; }
}
tests() { echo ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout "$limit" "$@"; }
run 'unit tests' max $(tests -j 2 -E '^tidy$')
run 'kernels' neoverse-n1 $(tests -R '^tensor$')
run 'kernels' cortex-a53 $(tests -R '^tensor$')
run 'command line' max env PIONEER="$build"/pioneer-arm64 tests/cli/run.sh
exit $failed
