#!/usr/bin/env bash
# Many requests of every kind at once, each answer compared with the one it gets alone: first a
# service that shares nothing and runs one request at a time, then one with little memory under load.
#   tests/many_requests/run.sh [REQUESTS] [SEED]      PIONEER is the program (default build/pioneer)
# Without REQUESTS 50,000. The built-in model, and stories260K where ../shared/data is there.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
requests=${1:-50000}
seed=${2:-1}
distinct=$((requests / 4 < 400 ? requests / 4 : 400))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

models="--model $root/models/pioneer-small.gguf"
tiny=$root/../shared/data/models/stories260K.gguf
[ -f "$tiny" ] && models+=" --model $tiny"
# Less than all need at once: requests wait, give way, and the cache forgets.
common="$models --kv-memory 3 --unload-after 0"

SERVE_ARGS="$common --no-prefix-cache --max-running 1" "$root/tests/with_service.sh" \
  node "$here/main.mjs" --write "$folder/answers.json" --distinct "$distinct" --seed "$seed" &&
  SERVE_ARGS="$common" "$root/tests/with_service.sh" \
    node "$here/main.mjs" --read "$folder/answers.json" --requests "$requests" --seed "$seed"
