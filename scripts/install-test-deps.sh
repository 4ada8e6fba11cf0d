#!/usr/bin/env bash
# Installs what `make test` needs on a bare Debian or Ubuntu machine: Redis, PostgreSQL, Chromium with a Chinese font,
# a C compiler for the race detector, and curl for the commands of the README. Does nothing when everything is there. Go itself is expected.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }

has_postgres() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

on_debian() { grep -qs '^ID=debian$' /etc/os-release; }

# Debian packs Chromium without its windows, which does the same in half the time.
has_headless_shell() { has chromium-headless-shell || has chrome-headless-shell; }

has_chromium() {
	has_headless_shell || has chromium || has chromium-browser || has google-chrome || has google-chrome-stable
}

has_chinese_font() {
	compgen -G '/usr/share/fonts/truetype/droid/DroidSansFallback*' >/dev/null ||
		{ has fc-list && [ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ]; }
}

has_compiler() { has "${CC:-gcc}" && [ -e /usr/include/stdlib.h ]; }

missing_packages() {
	has redis-server || echo redis-server
	has_postgres || echo postgresql
	if on_debian; then has_headless_shell || echo chromium-headless-shell; else has_chromium || echo chromium; fi
	has_chinese_font || echo fonts-droid-fallback
	has_compiler || echo gcc libc6-dev
	has curl || echo curl ca-certificates
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif has sudo; then
		sudo "$@"
	else
		echo "Neither root nor sudo; please install: ${packages[*]}" >&2
		return 1
	fi
}

# The packages start servers of their own where an init system lets them; the tests neither use nor mind those.
install_packages() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
		install --yes --no-install-recommends "${packages[@]}"
}

if ! has go; then
	echo "Go is needed: https://go.dev/doc/install" >&2
	exit 1
fi

read -r -d '' -a packages < <(missing_packages) || true
if [ "${#packages[@]}" -eq 0 ]; then
	exit 0
fi
if ! has apt-get; then
	echo "This system has no apt-get; please install what these Debian packages hold: ${packages[*]}" >&2
	exit 1
fi
echo "Installing ${packages[*]}" >&2
# A failed service start must not fail the run: what counts is that the programs are there afterwards.
install_packages || echo "apt-get reported an error; looking at what is there" >&2
read -r -d '' -a packages < <(missing_packages) || true
if [ "${packages[*]}" = chromium-headless-shell ] && has_chromium; then
	exit 0
fi
if [ "${#packages[@]}" -gt 0 ]; then
	echo "Still missing: ${packages[*]}" >&2
	exit 1
fi
