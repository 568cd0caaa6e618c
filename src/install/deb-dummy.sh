#!/bin/sh
# deb-dummy.sh - a Debian package without programs: it tells apt that there is a
# mail server here, and has the links by which programs find sendmail.
# Runs as   anyone, by `make deb-dummy`.
# Reads     conf-qmail, src/lib/base/version.h.
# Writes    build/angarium-dummy.deb
set -eu
home=$(head -n 1 conf-qmail)
version=$(sed -n 's/.*SUITE_VERSION "Angarium \(.*\)"/\1/p' \
	src/lib/base/version.h)
tree=build/deb-dummy

rm -rf "$tree"
umask 022
mkdir -p "$tree/DEBIAN" "$tree/usr/sbin" "$tree/usr/lib" "$tree/usr/bin"
cat > "$tree/DEBIAN/control" <<EOF
Package: angarium-dummy
Version: $version
Architecture: all
Maintainer: root <root@localhost>
Section: mail
Priority: optional
Provides: mail-transport-agent
Conflicts: mail-transport-agent
Replaces: mail-transport-agent
Description: the mail server in $home stands for one of a package
 Nothing but the links sendmail, mailq and newaliases, into $home/bin.
EOF
for link in sbin/sendmail lib/sendmail bin/mailq bin/newaliases; do
	ln -s "$home/bin/sendmail" "$tree/usr/$link"
done
dpkg-deb --root-owner-group --build "$tree" build/angarium-dummy.deb
