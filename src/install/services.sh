#!/bin/sh
# services.sh - the services: folders that supervise(8) watches, and units of
# systemd.  `make services`; the quickstart does the same.
# Runs as   root, by hand, after the installation.
# Reads     conf-qmail, conf-users, src/install/service; HOME/control.
# Writes    HOME/service, HOME/log, HOME/systemd, and what was not yet there of
#           control/smtpaddress, popaddress, submissionaddress,
#           submissionsaddress, popsaddress, tcp.smtp.  What people have changed
#           is kept; FILE.made holds what would stand there.
# usage: services.sh [SERVICE...]
set -eu
home=$(head -n 1 conf-qmail)
role() { sed -n "${1}p" conf-users; }
PATH=$PATH:/usr/sbin:/sbin

# fill TEMPLATE NAME FILE MODE: readers never see half of it.
fill() {
	sed -e "s|@QMAIL@|$home|g" -e "s|@NAME@|$2|g" -e "s|@LOGUSER@|$(role 3)|g" \
		-e "s|@NETUSER@|$(role 2)|g" \
		-e "s|@SVSCAN@|$(command -v svscan || echo /usr/bin/svscan)|g" \
		"src/install/service/$1" > "$3.new"
	chmod "$4" "$3.new"
	if [ ! -e "$3" ] || cmp -s "$3" "$3.made" || cmp -s "$3" "$3.new"; then
		cp -p "$3.new" "$3.copy"
		mv "$3.copy" "$3"
	else
		echo "$3 was changed: kept; what would be there is $3.made"
	fi
	mv "$3.new" "$3.made"
}

make_service() {
	mkdir -p "$home/service/$1/log" "$home/log/$1" "$home/systemd"
	chown "$(role 3)" "$home/log/$1"
	fill "$1" "$1" "$home/service/$1/run" 755
	fill log "$1" "$home/service/$1/log/run" 755
	fill unit "$1" "$home/systemd/$1.service" 644
}

# put FILE LINE: unless it is there.
put() { [ -s "$home/control/$1" ] || echo "$2" > "$home/control/$1"; }

umask 022
[ -s "$home/control/me" ] || {
	echo "services: $home/control/me is missing; run config-fast first" >&2
	exit 111
}
put smtpaddress '127.0.0.1 25'
put popaddress '127.0.0.1 110'
put submissionaddress '127.0.0.1 587'
put submissionsaddress '127.0.0.1 465'
put popsaddress '127.0.0.1 995'
put tcp.smtp '127.:allow,RELAYCLIENT=""'
[ -e "$home/control/tcp.smtp.cdb" ] ||
	tcprules "$home/control/tcp.smtp.cdb" "$home/control/tcp.smtp.tmp" \
		< "$home/control/tcp.smtp"
if [ $# = 0 ]; then
	set -- qmail-send qmail-smtpd qmail-pop3d
	[ ! -e "$home/bin/qmail-tlsc" ] || set -- "$@" qmail-tlsc
	[ ! -e "$home/control/smtpauth" ] || set -- "$@" qmail-secretd
	[ ! -e "$home/control/dkim" ] || [ ! -e "$home/bin/qmail-signd" ] ||
		set -- "$@" qmail-dkimsignd qmail-signd
	[ ! -e "$home/control/authpolicy" ] || [ ! -e "$home/bin/qmail-verifyd" ] ||
		set -- "$@" qmail-verifyd
	! grep -Eq '^[^#].*(GREYLIST|RATELIMIT)=' "$home/control/tcp.smtp" ||
		set -- "$@" qmail-greyd
	[ ! -e "$home/control/srs_domain" ] || set -- "$@" qmail-srsd
	[ ! -e "$home/bin/qmail-mtasts" ] || set -- "$@" qmail-mtasts
	if [ -e "$home/control/servercert.pem" ] && [ ! -e "$home/bin/qmail-tlsd" ]; then
		echo "control/servercert.pem is not used: built without OpenSSL" >&2
	elif [ -e "$home/control/servercert.pem" ]; then
		set -- "$@" qmail-tlsd qmail-authd qmail-submission \
			qmail-submissions qmail-pop3sd
	fi
fi
for name; do
	make_service "$name"
done
fill svscan.unit angarium "$home/systemd/angarium.service" 644
