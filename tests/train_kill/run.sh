#!/usr/bin/env bash
# A training run that is killed 20 times, at random moments, ends with the weights of the run that
# nobody disturbed, bit for bit.
#   tests/train_kill/run.sh [SEED] [KILLS]      PIONEER is the program (default build/pioneer)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${PIONEER:-build/pioneer}
seed=${1:-$(date +%N | sed 's/^0*//')}
kills=${2:-20}
RANDOM=$((seed % 32768))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PIONEER_HOME=$folder/home

die() {
  printf 'FAILED (seed %s): %s\n' "$seed" "$1" >&2
  exit 1
}

cp -r docs "$folder/text"
cat >"$folder/recipe.toml" <<EOF
threads = 2
checkpoint_minutes = 0.002
tokenizer = {file = "$PWD/models/pioneer-small.gguf"}
model = {d_model = 64, n_layers = 2, n_heads = 2, d_ff = 128, context = 64}
optimizer = {kind = "muon"}
validation = {share = 0, sequences = 0}

[[stages]]
name = "first"
steps = 150
batch_tokens = 256
lr = 0.01
sources = [{path = "text"}]

[[stages]]
name = "second"
steps = 50
batch_tokens = 128
lr = 0.003
sources = [{path = "text"}]
EOF

weights_of() {  # RUN: a hash of its weights
  "$program" train --export-only --run "$1" --export "$folder/model.gguf" --type F32 >/dev/null ||
    die "cannot export $1"
  sha256sum <"$folder/model.gguf"
}

start=${EPOCHREALTIME/./}
"$program" train "$folder/recipe.toml" --run "$folder/through" >/dev/null 2>"$folder/log" ||
  die "$(cat "$folder/log")"
took_us=$((${EPOCHREALTIME/./} - start))
expected=$(weights_of "$folder/through")

runs=1
killed=0
while true; do
  run=$folder/run$runs
  command=("$program" train "$folder/recipe.toml" --run "$run")
  [ -e "$run/recipe.json" ] && command=("$program" train --resume --run "$run")
  "${command[@]}" >/dev/null 2>"$folder/log" &
  pid=$!
  if [ "$killed" -lt "$kills" ]; then
    sleep "$(printf '%d.%06d' 0 $((RANDOM * took_us / 32768 / 8 % 1000000)))"
    kill -9 "$pid" 2>/dev/null
  fi
  wait "$pid" 2>/dev/null
  status=$?
  if [ "$status" -eq 137 ]; then
    killed=$((killed + 1))
    continue
  fi
  [ "$status" -eq 0 ] || die "$(cat "$folder/log")"
  [ "$(weights_of "$run")" = "$expected" ] || die "other weights after $killed kills"
  [ "$killed" -lt "$kills" ] || break
  runs=$((runs + 1))
done
printf '%s kills in %s runs: the same weights each time\n' "$killed" "$runs"
