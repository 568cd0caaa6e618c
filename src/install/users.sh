#!/bin/sh
# users.sh - makes the users and groups of conf-users that do not exist yet.
# Runs as   root, from `make install`.
# Reads     conf-users and conf-qmail in the working folder.
set -eu
home=$(head -n 1 conf-qmail)
line() { sed -n "/^\$/q;${1}p" conf-users; }

mail_group=$(line 8)
other_group=$(line 9)
for group in "$mail_group" "$other_group"; do
	getent group "$group" >/dev/null || groupadd --system "$group"
done

# user NUMBER GROUP HOME [NAME]: line NUMBER of conf-users, or NAME
user() {
	name=$(line "$1")
	name=${name:-${4:-}} # lines behind the ninth may be missing
	getent passwd "$name" >/dev/null ||
		useradd --system --no-create-home --gid "$2" \
			--home-dir "$3" --shell /usr/sbin/nologin "$name"
}
user 1 "$other_group" "$home/alias"
user 2 "$other_group" "$home"
user 3 "$other_group" "$home"
user 4 "$other_group" "$home"
user 5 "$mail_group" "$home"
user 6 "$mail_group" "$home"
user 7 "$mail_group" "$home"
user 10 "$other_group" "$home" qmailv
user 11 "$other_group" "$home" qmailt
user 12 "$other_group" "$home" qmailk
user 13 "$other_group" "$home" qmailh
user 14 "$other_group" "$home" qmailf
