#!/usr/bin/env bash
# What a stranger does first: npm start, send a code, read it in the inbox, verify it; by curl, and by grpcurl through
# reflection; then stop it. Needs curl and Go (for grpcurl, when it is not there). Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0 failed=0 log=$(mktemp) service= group=
trap 'stop_service; rm -f "$log"' EXIT

stop_service() { [ -z "$group" ] || kill -KILL -- "-$group" 2>/dev/null; }

# check SENTENCE COMMAND…: counts one step, and shows what it said when it fails.
check() {
  local sentence=$1 output; shift
  if output=$("$@" 2>&1); then passed=$((passed + 1)); echo "ok      $sentence"
  else failed=$((failed + 1)); printf 'FAILED  %s\n%s\n' "$sentence" "$output" | head -40; return 1; fi
}

finish() { echo "$passed passed, $failed failed"; [ "$failed" = 0 ]; exit; }

# field PATH: one value of the JSON on standard input, such as challenge.challengeId or 0.code.
field() { node -e '
  const value = process.argv[1].split(".").reduce((at, name) => at?.[name], JSON.parse(require("node:fs").readFileSync(0, "utf8")));
  if (value === undefined) { console.error(`there is no ${process.argv[1]} in the answer`); process.exit(1); }
  console.log(value);' "$1"; }

started() { sed -n 's/^{.*"event":"started".*"'"$1"'":"\([^"]*\)".*/\1/p' "$log"; }
wait_until_started() {
  for _ in $(seq 100); do
    [ -z "$(started http)" ] || return 0
    kill -0 "$service" 2>/dev/null || break
    sleep 0.1
  done
  echo "it did not start; its output:"; cat "$log"; return 1
}

call() { curl -sS --max-time 10 "http://$http/countersign.v1.CodeService/$1" -H 'content-type: application/json' -d "$2"; }
code_of() { curl -sS --max-time 10 "http://$http/dev/inbox" --get --data-urlencode "to=$1" | field 0.code; }

curl_sends_and_verifies() {
  local id code
  id=$(call SendCode '{"recipient":{"phoneNumber":"+14155552671"}}' | field challenge.challengeId) || return
  code=$(code_of +14155552671) || return
  [ "$(call VerifyCode "{\"challengeId\":\"$id\",\"code\":\"$code\"}" | field recipient.phoneNumber)" = +14155552671 ] || return
  call VerifyCode "{\"challengeId\":\"$id\",\"code\":\"$code\"}" | grep -q CODE_ALREADY_USED
}

grpc() { "$grpcurl" -plaintext -max-time 10 "$@"; }
grpcurl_lists() { grpc "$grpc" list | grep -x countersign.v1.CodeService && grpc "$grpc" list | grep -x grpc.health.v1.Health; }
grpcurl_describes() { grpc "$grpc" describe countersign.v1.SendCodeRequest | grep -F idempotency_key; }
grpcurl_asks_for_health() { grpc -d '{"service":"countersign.v1.CodeService"}' "$grpc" grpc.health.v1.Health/Check | grep -x '  "status": "SERVING"'; }
grpcurl_sends_and_verifies() {
  local id code
  id=$(grpc -d '{"recipient":{"email_address":"Ada@Example.com"}}' "$grpc" countersign.v1.CodeService/SendCode | field challenge.challengeId) || return
  code=$(code_of Ada@example.com) || return
  grpc -d "{\"challenge_id\":\"$id\",\"code\":\"$code\"}" "$grpc" countersign.v1.CodeService/VerifyCode | field verifyTime || return
  ! grpc -d "{\"challenge_id\":\"$id\",\"code\":\"$code\"}" "$grpc" countersign.v1.CodeService/VerifyCode
}

log_holds_no_code() {
  local code
  for code in $(curl -sS --max-time 10 "http://$http/dev/inbox" | node -p 'JSON.parse(require("node:fs").readFileSync(0)).map((message) => message.code).join(" ")'); do
    ! grep -F "$code" "$log" || return
  done
}

stops() {
  local code=0
  kill -TERM "$service"
  wait "$service" || code=$?
  [ "$code" = 0 ] && grep -q '"event":"stopped"' "$log" && return
  echo "exit code $code; its output:"; cat "$log"; return 1
}

refuses_bad_configuration() {
  local code=0 output
  output=$(COUNTERSIGN_GRPC_ADDR=nowhere npm start --silent 2>&1) || code=$?
  [ "$code" = 1 ] && grep -q 'listen.grpc (COUNTERSIGN_GRPC_ADDR) is not an address' <<<"$output" && return
  echo "exit code $code: $output"; return 1
}

export PATH="$PWD/node_modules/.bin:$PATH"
grpcurl=$(command -v grpcurl || echo "$(go env GOPATH)/bin/grpcurl")
[ -x "$grpcurl" ] || check "grpcurl builds" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3 || finish

# A process group of its own, so that nothing is left behind whatever happens.
set -m
COUNTERSIGN_GRPC_ADDR=127.0.0.1:0 COUNTERSIGN_HTTP_ADDR=127.0.0.1:0 npm start >"$log" 2>&1 </dev/null &
service=$! group=$!
set +m
check "npm start serves" wait_until_started || finish
grpc=$(started grpc) http=$(started http)
check "curl sends a code, verifies it, and cannot verify it twice" curl_sends_and_verifies
check "grpcurl lists the services through reflection" grpcurl_lists
check "grpcurl describes a message through reflection" grpcurl_describes
check "grpcurl is told that the service is healthy" grpcurl_asks_for_health
check "grpcurl sends a code and verifies it once" grpcurl_sends_and_verifies
check "no code is in the log" log_holds_no_code
# Not in a subshell: only the shell that started the service can wait for it.
if stops >"$log.stop" 2>&1; then check "SIGTERM stops it with exit code 0" true; else check "SIGTERM stops it with exit code 0" sh -c "cat '$log.stop'; exit 1"; fi
rm -f "$log.stop"
check "npm start with a bad address says so and fails" refuses_bad_configuration
finish
