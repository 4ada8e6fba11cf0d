#!/usr/bin/env bash
# Asks the Go vulnerability database about everything the program calls, and fails when a known fault is among it. Where the
# database can't be reached it says so and fails nothing: a machine without a way out is no fault of the code.
set -euo pipefail

db=${GOVULNDB:-https://vuln.go.dev}
if ! curl --fail --silent --max-time 10 --output /dev/null "$db/index/db.json"; then
	echo "The vulnerability database at $db can't be reached: govulncheck did not run." >&2
	exit 0
fi
exec go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db "$db" ./...
