#!/usr/bin/env bash
# with_service.sh COMMAND...: starts the service on a free port with an empty data folder, runs the
# command with PIONEER_URL set, stops the service, and ends with the command's status.
# PIONEER is the program (default build/pioneer); SERVE_ARGS are further arguments of `serve`; with
# --require-keys among them the command gets a key in PIONEER_KEY.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${PIONEER:-$root/build/pioneer}
folder=$(mktemp -d)
export PIONEER_HOME=$folder/home
case " ${SERVE_ARGS:-} " in
  *" --require-keys "*) PIONEER_KEY=$("$program" keys create test 2>/dev/null); export PIONEER_KEY ;;
esac
"$program" serve --port 0 --address-file "$folder/address" ${SERVE_ARGS:-} \
  >"$folder/log" 2>&1 &
service=$!
for _ in $(seq 600); do
  [ -s "$folder/address" ] && break
  kill -0 $service 2>/dev/null || break
  sleep 0.1
done
if [ ! -s "$folder/address" ]; then
  echo "the service did not start:" >&2
  cat "$folder/log" >&2
  exit 1
fi
PIONEER_URL=$(cat "$folder/address") PIONEER_PID=$service "$@"
status=$?
kill -TERM $service 2>/dev/null
wait $service
stopped=$?
if [ $status -ne 0 ] || [ $stopped -ne 0 ]; then
  echo "(the command ended with $status, the service with $stopped; its last lines:)" >&2
  tail -n 30 "$folder/log" >&2
fi
rm -rf "$folder"
[ $status -eq 0 ] && [ $stopped -eq 0 ]
