#!/bin/sh
#
# config - finds the full name of this host and writes the control files.
# Runs as   root, once, after the installation.
# Reads     the host name, and what DNS or /etc/hosts make of it.
# Writes    nothing itself; config-fast does.
# Source    config(8).
#
# @QMAIL@ stands for the folder of the suite; the Makefile puts it in.

# has_dot NAME: whether it looks like a full name.
has_dot() {
	case $1 in
	?*.?*) return 0 ;;
	*) return 1 ;;
	esac
}

name=$(uname -n)
if ! has_dot "$name" && full=$(hostname -f 2>/dev/null) && has_dot "$full"
then
	name=$full
fi
if [ -z "$name" ]; then
	echo "config: fatal: this host has no name; run config-fast with one" >&2
	exit 111
fi
echo "The name of this host is $name."
exec '@QMAIL@/bin/config-fast' "$name"
