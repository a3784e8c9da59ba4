#!/usr/bin/env bash
# Runs the Connect project's conformance suite against the wires of src/rpc: gRPC, gRPC-Web and Connect.
# Needs Go. Usage: test/conformance/run.sh [flags of connectconformance, such as --run PATTERN --trace]
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

version=v1.0.5
module=connectrpc.com/conformance
suite="$(go env GOPATH)/bin/connectconformance"
[ -x "$suite" ] || go install "$module/cmd/connectconformance@$version"
protos="$(go mod download -json "$module@$version" | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).Dir')"
buf generate "$protos" --template test/conformance/buf.gen.yaml

exec "$suite" --mode server --conf test/conformance/config.yaml --max-servers 2 --parallel 4 \
  --known-failing @test/conformance/known-failing.txt --known-flaky @test/conformance/known-flaky.txt "$@" \
  -- node test/conformance/server.ts
