#!/bin/sh
# tlscert.sh - a key and a certificate that nobody has signed, for a start:
# `make tlscert`.
# Runs as   root, by hand, after config-fast.
# Reads     HOME/control/me; $DAYS, how long it is good.
# Writes    HOME/control/servercert.pem, unless it is there.
set -eu
home=$(head -n 1 conf-qmail)
file=$home/control/servercert.pem
fail() {
	echo "tlscert: $*" >&2
	exit 111
}

[ ! -e "$file" ] || fail "$file is there; nothing was changed.  For another name, or
a fresh one, move it away first (mv $file ${file%.pem}.old),
unless it is of an authority: then get the new one from there"
[ -s "$home/control/me" ] || fail "$home/control/me is missing; run config-fast first"
[ -e "$home/bin/qmail-tlsd" ] || fail "built without OpenSSL (libssl-dev), so without TLS"
command -v openssl >/dev/null || fail "the program openssl is missing"
name=$(head -n 1 "$home/control/me")
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-days "${DAYS:-3650}" -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
	-keyout "$folder/key" -out "$folder/certificate" 2>"$folder/said" ||
	fail "openssl: $(tail -n 1 "$folder/said")"
cat "$folder/key" "$folder/certificate" > "$file.new"
mv "$file.new" "$file"
echo "$file: for $name, signed by nobody"
