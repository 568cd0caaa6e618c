#!/bin/sh
# quickstart.sh - from a bare Debian machine to a running mail server, and
# back: `make quickstart`, `make stop`.
# Runs as   root, by hand.
# Reads     conf-qmail, conf-users; $PORT, where to listen instead of 25;
#           $POPPORT, the same for 110; $SUBMISSIONPORT, $SUBMISSIONSPORT,
#           $POPSPORT for 587, 465, 995; $PATIENCE, for how many seconds services
#           are waited for, 30 if not set, at the end control/stoptime more.
# Writes    the packages it needs, HOME (see INSTALL), HOME/service, HOME/log.
set -eu
home=$(head -n 1 conf-qmail)
alias_user=$(head -n 1 conf-users)
service=$home/service
login_services="qmail-submission qmail-submissions qmail-pop3sd qmail-authd"
tls_services="qmail-tlsd qmail-tlsc qmail-mtasts qmail-verifyd qmail-dkimsignd
	qmail-signd"
services="$login_services qmail-pop3d qmail-smtpd qmail-send qmail-secretd
	qmail-srsd qmail-greyd $tls_services"
patience=${PATIENCE:-30}
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { printf '\n== %s\n' "$*"; }
die() {
	echo "quickstart: $*" >&2
	exit 1
}

# ---- nothing is changed before these are asked ----

is_ours() { [ -e "$home/users/ids" ]; }
is_running() { [ -e "$service/qmail-smtpd/supervise/ok" ] &&
	svok "$service/qmail-smtpd" 2>/dev/null; }

# Whether somebody listens on a port of 127.0.0.1, as the kernel tells.
is_taken() {
	hex=$(printf '%04X' "$1")
	awk -v port="$hex" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

check_machine() {
	[ "$(id -u)" = 0 ] || die "must be root"
	if [ -e "$home" ] && [ -n "$(ls -A "$home")" ] && ! is_ours; then
		die "$home belongs to another installation; nothing was changed." \
			"Move it away, or name another folder in conf-qmail."
	fi
	address=127.0.0.1
	port=25
	if [ -s "$home/control/smtpaddress" ]; then
		read -r address port < "$home/control/smtpaddress"
	fi
	port=${PORT:-$port}
	if ! is_running && is_taken "$port"; then
		die "port $port is taken; nothing was changed." \
			"Choose another: PORT=2525 make quickstart"
	fi
	choose_pop_port
	choose_login_ports
}

# POP3 is left out where its port is taken: mail comes in without it.
choose_pop_port() {
	pop_address=127.0.0.1
	pop_port=110
	if [ -s "$home/control/popaddress" ]; then
		read -r pop_address pop_port < "$home/control/popaddress"
	fi
	pop_port=${POPPORT:-$pop_port}
	has_pop=yes
	if ! svok "$service/qmail-pop3d" 2>/dev/null && is_taken "$pop_port"; then
		has_pop=
	fi
}

# choose SERVICE FILE PORT [PORT]: where a service is to listen; the last word is
# the port that is used if the file names none.
choose() {
	chosen_address=127.0.0.1
	chosen_port=$4
	if [ -s "$home/control/$2" ]; then
		read -r chosen_address chosen_port < "$home/control/$2"
	fi
	chosen_port=${3:-$chosen_port}
	svok "$service/$1" 2>/dev/null || ! is_taken "$chosen_port"
}

# What needs a login is left out where one of its ports is taken.
choose_login_ports() {
	has_login=yes
	choose qmail-submission submissionaddress "${SUBMISSIONPORT:-}" 587 ||
		has_login=
	submission_address=$chosen_address submission_port=$chosen_port
	choose qmail-submissions submissionsaddress "${SUBMISSIONSPORT:-}" 465 ||
		has_login=
	submissions_address=$chosen_address submissions_port=$chosen_port
	choose qmail-pop3sd popsaddress "${POPSPORT:-}" 995 || has_login=
	pops_address=$chosen_address pops_port=$chosen_port
}

# ---- the steps ----

install_packages() {
	say "Packages"
	missing=
	for package in gcc libc6-dev musl-tools libssl-dev openssl ucspi-tcp \
		daemontools; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q 'ok installed' || missing="$missing $package"
	done
	if [ -z "$missing" ]; then
		echo "all there"
		return
	fi
	echo "installing$missing"
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

build_and_install() {
	say "Build, users, install to $home"
	make -s all
	make -s install
	make -s instcheck
}

host_name() {
	name=$(hostname -f 2>/dev/null || hostname)
	case $name in
	*.*) echo "$name" ;;
	*) echo "${name:-mail}.localdomain" ;;
	esac
}

configure() {
	say "Configuration"
	if [ ! -s "$home/control/me" ]; then
		"$home/bin/config-fast" "$(host_name)"
	else
		echo "kept, for $(cat "$home/control/me")"
	fi
	echo "$address $port" > "$home/control/smtpaddress"
	[ -e "$home/control/tcp.smtp" ] ||
		echo '127.:allow,RELAYCLIENT=""' > "$home/control/tcp.smtp"
	tcprules "$home/control/tcp.smtp.cdb" "$home/control/tcp.smtp.tmp" \
		< "$home/control/tcp.smtp"
	if [ ! -d "$home/alias/Maildir" ]; then
		setuidgid "$alias_user" "$home/bin/maildirmake" \
			"$home/alias/Maildir"
	fi
	# As alias, who could have put links there.
	setuidgid "$alias_user" sh -c 'cd "$1/alias" || exit 1
		for name in postmaster mailer-daemon root; do
			[ -e ".qmail-$name" ] || echo ./Maildir/ > ".qmail-$name"
		done' sh "$home"
	if is_kept_here postmaster && is_kept_here root; then
		echo "mail for postmaster and root goes to $home/alias/Maildir"
	else
		echo "kept, for postmaster and root: $home/alias/.qmail-*"
	fi
	has_tls=
	if [ -e "$home/bin/qmail-tlsd" ]; then
		[ -e "$home/control/servercert.pem" ] || sh src/install/tlscert.sh
		has_tls=yes
		[ -e "$home/control/authpolicy" ] ||
			echo report > "$home/control/authpolicy"
		make_keys
	else
		echo "no TLS: it was built without OpenSSL"
	fi
	[ -n "$has_tls" ] || has_login=
	[ -z "$has_pop$has_login" ] || configure_pop
	[ -z "$has_login" ] || configure_logins
}

# Whose mail is signed: of the domain that people here send from.  Keys that are not
# published yet do no harm.
make_keys() {
	domain=$(head -n 1 "$home/control/defaulthost" 2>/dev/null ||
		head -n 1 "$home/control/me")
	domain=$(echo "$domain" | tr A-Z a-z)
	if [ -e "$home/control/dkim" ]; then
		echo "kept, the keys of $home/control/dkim"
	elif "$home/bin/qmail-dkimkey" "$domain" >/dev/null; then
		echo "mail from $domain is signed, with keys in $home/control/dkim"
	else
		echo "mail is not signed"
	fi
}

configure_logins() {
	echo "$submission_address $submission_port" \
		> "$home/control/submissionaddress"
	echo "$submissions_address $submissions_port" \
		> "$home/control/submissionsaddress"
	echo "$pops_address $pops_port" > "$home/control/popsaddress"
}

# Whether a name has the file that the quickstart writes, not one of people.
is_kept_here() {
	setuidgid "$alias_user" grep -qxF ./Maildir/ "$home/alias/.qmail-$1"
}

# postmaster can fetch mail, with a password of its own: alias has none.
configure_pop() {
	echo "$pop_address $pop_port" > "$home/control/popaddress"
	if [ ! -e "$home/users/pop" ]; then
		(umask 077 && printf 'postmaster:{PLAIN}%s:%s:%s::%s\n' \
			"$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" \
			"$(id -u "$alias_user")" "$(id -g "$alias_user")" \
			"$home/alias" > "$home/users/pop")
		echo "$home/users/pop has a password for postmaster"
	fi
	"$home/bin/qmail-newpop"
}

# What runs now is svscan of ours; after a reboot somebody else has to begin.
keep_after_reboot() {
	if [ -d /run/systemd/system ]; then
		cp "$home/systemd/angarium.service" /etc/systemd/system/ &&
			systemctl --quiet daemon-reload &&
			systemctl --quiet enable angarium &&
			echo "systemd starts them after a reboot" && return
	elif [ -d /etc/service ]; then
		for name in "$service"/qmail-*; do
			ln -sfn "$name" "/etc/service/${name##*/}"
		done
		echo "svscan of /etc/service starts them after a reboot"
		return
	fi
	echo "nothing on this machine starts services: after a reboot, run" \
		"svscan $service &"
}

start_services() {
	say "Services in $service"
	# shellcheck disable=SC2086 # one word each, or none
	sh src/install/services.sh qmail-send qmail-smtpd \
		${has_pop:+qmail-pop3d} ${has_tls:+$tls_services} \
		${has_login:+$login_services}
	said_before=$(queue_says)
	if is_running; then
		svc -t "$service/qmail-send" "$service/qmail-smtpd"
		for name in qmail-pop3d $tls_services $login_services; do
			! svok "$service/$name" 2>/dev/null ||
				svc -t "$service/$name"
		done
	else
		env - PATH="$PATH" setsid svscan "$service" </dev/null \
			>>"$home/log/svscan" 2>&1 &
	fi
	wait_for "SMTP to answer on $address port $port" smtp_answers
	wait_until "$(end_patience)" queue_runs ||
		die "the log of qmail-send says nothing new; see $home/log." \
			"make stop, and then make quickstart, starts both anew."
	[ -z "$has_tls" ] || wait_for "TLS" tls_answers
	echo "running; $home/control/smtpaddress says where it listens"
	[ -z "$has_tls" ] || echo "STARTTLS is offered, with $home/control/servercert.pem"
	[ -z "$has_tls" ] || wait_for "qmail-verifyd" verifyd_answers
	[ -z "$has_tls" ] || echo "mail from outside is checked (SPF, DKIM, DMARC):" \
		"$home/control/authpolicy says $(cat "$home/control/authpolicy")"
	[ -z "$has_tls" ] || wait_for "signatures" signd_answers
	[ -z "$has_tls" ] || echo "what the DNS needs, so that others believe your mail:" \
		"$home/bin/qmail-dnsrecords $domain"
	if [ -n "$has_pop" ]; then
		wait_for "POP3 to answer on $pop_address port $pop_port" pop_answers
		echo "POP3 too; $home/control/popaddress says where"
	else
		echo "no POP3: port $pop_port is taken;" \
			"choose another: POPPORT=1110 make quickstart"
	fi
	if [ -n "$has_login" ]; then
		wait_for "submission to answer on port $submission_port" \
			submission_answers
		wait_for "POP3 over TLS to answer on port $pops_port" pops_answers
		wait_for "qmail-authd" authd_answers
		echo "people send by ports $submission_port and $submissions_port," \
			"and fetch by $pops_port, with a password"
	elif [ -n "$has_tls" ]; then
		echo "no submission, and no POP3 over TLS: one of their ports is" \
			"taken; choose others by SUBMISSIONPORT, SUBMISSIONSPORT, POPSPORT"
	fi
	keep_after_reboot
}

submission_answers() {
	openssl s_client -starttls smtp \
		-connect "$submission_address:$submission_port" -verify_quiet \
		</dev/null 2>/dev/null | grep -q "BEGIN CERTIFICATE"
}
pops_answers() { over_pops QUIT 2>/dev/null | grep -q '^+OK'; }
authd_answers() { [ -S "$home/login/door" ] && svok "$service/qmail-authd"; }

verifyd_answers() { [ -S "$home/verify/door" ] && svok "$service/qmail-verifyd"; }

signd_answers() {
	[ -S "$home/dkim/door" ] && svok "$service/qmail-dkimsignd" &&
		[ -S "$home/sign/door" ] && svok "$service/qmail-signd"
}

pop_answers() {
	tcpclient -RHl0 "$pop_address" "$pop_port" sh -c 'read -r line <&6 &&
		case $line in +OK*) exit 0 ;; esac; exit 1' 2>/dev/null
}

smtp_answers() {
	tcpclient -RHl0 "$address" "$port" sh -c 'read -r line <&6 &&
		case $line in 220*) exit 0 ;; esac; exit 1' 2>/dev/null
}
tls_answers() {
	openssl s_client -starttls smtp -connect "$address:$port" -verify_quiet \
		</dev/null 2>/dev/null | grep -q "BEGIN CERTIFICATE"
}
# What qmail-send told its log last, with the time; nothing new, and it does not run,
# or its log does not.
queue_says() {
	grep -s 'status: local' "$home/log/qmail-send/current" | tail -n 1
}
queue_runs() {
	said_now=$(queue_says)
	[ -n "$said_now" ] && [ "$said_now" != "$said_before" ]
}

# wait_until SECONDS COMMAND: until it succeeds; it is asked again and again.
wait_until() {
	deadline=$(($(uptime_seconds) + $1))
	until "$2"; do
		[ "$(uptime_seconds)" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}
# A clock that nobody sets.
uptime_seconds() {
	read -r now _ < /proc/uptime
	echo "${now%.*}"
}
wait_for() {
	wait_until "$patience" "$2" ||
		die "still waiting for $1; see $home/log"
}

# ---- the proof ----

send_by_smtp() {
	tcpclient -RHl0 "$address" "$port" sh -c '
		ask() { printf "%s\r\n" "$1" >&7; expect "$2"; }
		expect() {
			while read -r line <&6; do
				case $line in
				"$1"-*) ;;
				"$1"*) return 0 ;;
				*) echo "the server says: $line" >&2; exit 1 ;;
				esac
			done
			exit 1
		}
		expect 220
		ask "EHLO quickstart.invalid" 250
		ask "MAIL FROM:<postmaster@$1>" 250
		ask "RCPT TO:<postmaster@$1>" 250
		ask DATA 354
		printf "Subject: by SMTP (%s)\r\n\r\nIt works.\r\n" "$2" >&7
		ask . 250
		ask QUIT 221' sh "$me" "$stamp"
}

send_by_sendmail() {
	printf 'To: postmaster@%s\nSubject: by sendmail (%s)\n\nIt works.\n' \
		"$me" "$stamp" | "$home/bin/sendmail" -t
}

both_arrived() {
	[ "$(grep -ls "($stamp)" "$home"/alias/Maildir/new/* | wc -l)" = 2 ]
}

prove() {
	say "One message by SMTP, one by sendmail"
	me=$(head -n 1 "$home/control/me")
	stamp=$(date +%s).$$
	sent=2
	send_by_smtp
	send_by_sendmail
	wait_for "both messages in $home/alias/Maildir" both_arrived
	for file in $(grep -ls "($stamp)" "$home"/alias/Maildir/new/*); do
		printf '\n-- %s\n' "$file"
		cat "$file"
	done
	[ -z "$has_pop" ] || fetch_one
	[ -z "$has_login" ] || prove_login
	say "Their way, in $home/log/qmail-send/current"
	numbers=
	wait_for "the log" log_is_complete
	grep -E "msg ($numbers)\$|msg ($numbers):|delivery" \
		"$home/log/qmail-send/current" | tail -n 15
	say "Done.  mutt -f $home/alias/Maildir reads it; make stop ends it."
}

# Sends a message as postmaster, and fetches it.  The password is no argument,
# which all could see: printf is of the shell.
prove_login() {
	find_password
	[ -n "$password" ] || return 0 # somebody else's list
	say "One message with a login by port $submission_port, fetched by port $pops_port"
	replies=$(submit_one | openssl s_client -quiet -verify_quiet -crlf \
		-starttls smtp -connect "$submission_address:$submission_port" \
		2>/dev/null | tr -d '\r')
	case $replies in
	*'250 2.0.0 ok '*) ;;
	*) die "the server says: $replies" ;;
	esac
	sent=3
	wait_for "it in $home/alias/Maildir" login_arrived
	number=$(over_pops STAT | sed -n 's/^+OK \([0-9]*\) [0-9]*$/\1/p')
	over_pops "RETR $number" | sed -n '/^Received:/,/^\.$/p' | sed '$d'
}

submit_one() {
	printf 'EHLO quickstart.invalid\nAUTH PLAIN %s\n' \
		"$(printf '\000postmaster\000%s' "$password" | openssl base64 -A)"
	printf 'MAIL FROM:<postmaster@%s>\nRCPT TO:<postmaster@%s>\nDATA\n' \
		"$me" "$me"
	printf 'Subject: with a login (%s)\n\nIt works.\n.\nQUIT\n' "$stamp.l"
}
login_arrived() {
	grep -qs "with a login ($stamp.l)" "$home"/alias/Maildir/new/*
}

# over_pops COMMAND: what the POP3 server says to postmaster.
over_pops() {
	find_password
	printf 'USER postmaster\nPASS %s\n%s\nQUIT\n' "$password" "$1" |
		openssl s_client -quiet -verify_quiet -crlf \
			-connect "$pops_address:$pops_port" 2>/dev/null | tr -d '\r'
}

find_password() {
	password=$(sed -n 's/^postmaster:{PLAIN}\([^:]*\):.*/\1/p' \
		"$home/users/pop" | head -n 1)
}

# Fetches the newest message as postmaster, and leaves it there.
fetch_one() {
	find_password
	[ -n "$password" ] || return 0 # somebody else's list
	say "One of them by POP3"
	# The password is no argument, which all could see.
	printf '%s\n' "$password" | fetch_by_pop3
}

fetch_by_pop3() {
	tcpclient -RHl0 "$pop_address" "$pop_port" sh -c '
		ask() { printf "%s\r\n" "$1" >&7; expect; }
		expect() {
			read -r line <&6 || exit 1
			case $line in
			+OK*) ;;
			*) echo "the server says: $line" >&2; exit 1 ;;
			esac
		}
		read -r password
		expect
		ask "USER postmaster"
		ask "PASS $password"
		ask STAT
		line=${line#+OK }
		ask "RETR ${line%% *}"
		return=$(printf "\r")
		while IFS= read -r line <&6; do
			line=${line%"$return"}
			[ "$line" != . ] || break
			printf "%s\n" "${line#.}"
		done
		ask QUIT'
}

# The last messages that ended are ours: nobody else sends yet.
log_is_complete() {
	numbers=$(sed -n 's/.* end msg \([0-9]*\)$/\1/p' \
		"$home/log/qmail-send/current" | tail -n "$sent" | paste -s -d '|')
	case $numbers in *'|'*) return 0 ;; *) return 1 ;; esac
}

# What still runs, in words; a log is ended when nobody writes to it any more.
find_remains() {
	remains=
	for name in $services; do
		if svok "$service/$name" 2>/dev/null; then
			remains="$remains $name"
		elif svok "$service/$name/log" 2>/dev/null; then
			remains="$remains $name/log"
			svc -dx "$service/$name/log" || true # it may just have ended
		fi
	done
}
all_have_ended() {
	find_remains
	[ -z "$remains" ]
}

# For how many seconds an end is waited for: qmail-send lets deliveries go on.
end_patience() {
	seconds=$(sed -n '1s/^0*\([0-9]\{1,6\}\).*/\1/p' "$home/control/stoptime" \
		2>/dev/null || true)
	echo $((${seconds:-60} + patience))
}

# Whoever started them would start them again: links in /etc/service, systemd,
# a svscan of our folder, be it the quickstart's or one begun by hand.
stop_starters() {
	for name in $services; do
		if [ "/etc/service/$name" -ef "$service/$name" ]; then
			rm -f "/etc/service/$name"
		fi
	done
	if [ -e /etc/systemd/system/angarium.service ]; then
		systemctl --quiet disable --now angarium || true
	fi
	for process in /proc/[0-9]*; do
		if [ "$(cat "$process/comm" 2>/dev/null)" = svscan ] &&
			[ "$process/cwd" -ef "$service" ]; then
			kill "${process#/proc/}" || true # it may just have ended
		fi
	done
}

# Ends what runs, all of it, however long one of them takes.
end_services() {
	stop_starters
	for name in $services; do
		if svok "$service/$name" 2>/dev/null; then
			svc -dx "$service/$name" || true # it may just have ended
		fi
	done
	seconds=$(end_patience)
	wait_until "$seconds" all_have_ended ||
		die "after $seconds seconds there still run, in $service:$remains." \
			"All else has ended.  These were told to end, too: look" \
			"with svstat and in $home/log, then make stop again."
}

# Before a start: a log that was left over would keep a new one out, and hear nothing.
end_left_over() {
	is_running || all_have_ended || end_services
}

stop() {
	[ -d "$service" ] || die "nothing runs from $home"
	end_services
	echo "stopped; mail that waits stays in $home/queue"
}

case ${1:-start} in
start)
	check_machine
	end_left_over
	install_packages
	build_and_install
	configure
	start_services
	if is_kept_here postmaster; then
		prove
	else
		say "Done.  Nothing is sent to try it, as postmaster's mail goes" \
			"where $home/alias/.qmail-postmaster says."
	fi
	;;
stop) stop ;;
*) die "usage: quickstart.sh [start|stop]" ;;
esac
