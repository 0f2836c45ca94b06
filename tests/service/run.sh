#!/usr/bin/env bash
# Robustness of the real service: crashes, stops, clients that vanish, bad requests, a full disk, too
# little memory, broken model files. Starts and kills services of its own, on loopback only.
#   tests/service/run.sh [FILE.test.mjs]...      PIONEER is the program (default build/pioneer)
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PIONEER=${PIONEER:-$(cd "$here/../.." && pwd)/build/pioneer}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder

# Random weights that write slowly and long, so that there is a middle of an answer. At temperature 0
# they repeat themselves; drawn at random, an end token comes now and then.
export SLOW_MODEL=$folder/slow.gguf
"$PIONEER" models random "$SLOW_MODEL" --layers 12 --width 768 --heads 12 --kv-heads 4 \
  --feed-forward 2048 --context 2048 --vocabulary 4096 >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; exit 1; }

tests=("$@")
[ $# -gt 0 ] || tests=("$here"/*.test.mjs)
# One file after another: they share the machine with what they measure.
timeout -k 5 150 node --test --test-concurrency=1 --test-reporter=tap "${tests[@]}" >"$folder/log" 2>&1
status=$?
if [ $status -ne 0 ]; then
  cat "$folder/log" >&2
else
  grep '# SKIP' "$folder/log" | sed 's/^ *ok [0-9]* - /skipped: /'
fi
exit $status
