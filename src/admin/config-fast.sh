#!/bin/sh
#
# config-fast - writes the first control files, for the host name given.
# Runs as   root, once, after the installation.
# Reads     its argument.
# Writes    control/me, defaultdomain, plusdomain, locals, rcpthosts.
# Source    config-fast(8), qmail-control(5).
#
# @QMAIL@ stands for the folder of the suite; the Makefile puts it in.

fail() {
	echo "config-fast: fatal: $1" >&2
	exit "$2"
}

# parent NAME: the domain around NAME; a NAME with less than three parts
# stays as it is.
parent() {
	case $1 in
	*.*.*) echo "${1#*.}" ;;
	*) echo "$1" ;;
	esac
}

# put FILE LINE...: readers never see half of it.
put() {
	file=$1
	shift
	echo "Putting $* into control/$file..."
	{ printf '%s\n' "$@" >"$file.tmp" && mv -f "$file.tmp" "$file"; } ||
	    fail "cannot write control/$file" 111
}

[ $# -eq 1 ] || fail 'usage: config-fast HOST, the full name of this host' 100
case $1 in
'' | .* | *. | *..* | -* | *[!A-Za-z0-9._-]*)
	fail "not a host name: $1" 100
	;;
*.*) ;;
*)
	echo "config-fast: warning: $1 has no dot: nobody elsewhere can reply" \
	    "to mail from here; if this host has a full name, run this again" \
	    "with it" >&2
	;;
esac

umask 022
cd '@QMAIL@/control' || fail 'cannot enter @QMAIL@/control' 111
defaultdomain=$(parent "$1")
put me "$1"
put defaultdomain "$defaultdomain"
put plusdomain "$(parent "$defaultdomain")"
put locals "$1" localhost localhost.localdomain "localhost.$defaultdomain"
put rcpthosts "$1"
echo "SMTP will now accept mail for $1 only."
