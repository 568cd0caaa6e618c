#!/bin/sh
# links.sh - links from HOME/bin to the programs of ucspi-tcp that belong in
# front of the servers, so that scripts and pages find all in one place.
# Runs as   root, or the owner of a private instance, from `make install`.
# usage: links.sh HOME
set -eu
bin=$1/bin
for name in rblsmtpd tcprules tcprulescheck; do
	[ ! -e "$bin/$name" ] || continue
	for folder in /usr/bin /usr/local/bin; do
		if [ -x "$folder/$name" ]; then
			ln -sf "$folder/$name" "$bin/$name"
			break
		fi
	done
done
