#!/usr/bin/env bash
# Runs a command with BEIAN_TEST_POSTGRES_URL naming a private PostgreSQL server, so that one server serves a whole
# test run; each test makes and drops its own database on it. The server keeps nothing and, unless POSTGRES_SETTINGS
# says otherwise, syncs nothing.
set -euo pipefail

if [ -n "${BEIAN_TEST_POSTGRES_URL:-}" ]; then
	exec "$@"
fi

bin=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 | xargs -r dirname || true)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")

dir=$(mktemp -d /tmp/beian-make-postgres.XXXXXX)
cd_safe() { cd "$dir"; }

# PostgreSQL refuses to run as root.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd_safe && setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --clear-groups "$@")
	else
		(cd_safe && "$@")
	fi
}

server_user=postgres
id "$server_user" >/dev/null 2>&1 || server_user=nobody
if [ "$(id -u)" -eq 0 ]; then
	chown "$server_user" "$dir"
fi

stop() {
	as_server "$bin/pg_ctl" --pgdata "$dir/data" --mode immediate --silent stop >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap stop EXIT

as_server "$bin/initdb" --pgdata "$dir/data" --username postgres --auth trust --encoding UTF8 --locale C \
	--no-sync --no-instructions >/dev/null
settings=${POSTGRES_SETTINGS--c fsync=off -c synchronous_commit=off -c full_page_writes=off}
# Listening on a socket alone, it can clash with nobody's port.
as_server "$bin/pg_ctl" --pgdata "$dir/data" --log "$dir/log" --wait --silent start \
	-o "-k $dir -c listen_addresses= -c max_connections=300 $settings -c log_min_messages=fatal"

BEIAN_TEST_POSTGRES_URL="postgres://postgres@/postgres?host=$dir" "$@"
