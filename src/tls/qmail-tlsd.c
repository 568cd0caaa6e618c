/*
 * qmail-tlsd.c - speaks TLS, as a server, for programs that must not know keys.
 * Runs as   root, to read the keys; a process as qmailt, which knows no file any
 *           more, has them and serves, and forks for each connection.  Started
 *           by a supervisor.  In a private instance all are the caller.
 * Reads     control/servercert.pem, control/tlscerts/NAME.pem: again at SIGHUP,
 *           and when they were changed; control/concurrencytls.
 * Writes    lines for the log on descriptor 2.
 * Source    qmail-tlsd(8); UCSPI-TLS; net/tlsdoor.h.
 */
#include "net/tlsdoor.h"
#include "sys/box.h"
#include "tls.h"

static int
session(SSL *ssl, struct span record)
{
	struct tls_tunnel plan = {
		.ssl = ssl, .log = "tlsd", .letter = record.s[0]
	};

	if (record.len != 1 || plan.letter == TLSDOOR_VERDICT)
		return 1;
	if (box_shut_streams(TUNNEL_FDS) < 0)
		return 1;
	return tls_tunnel_run(&plan);
}

int
main(void)
{
	static const struct tls_kind kind = { .name = "qmail-tlsd",
		.door = TLSDOOR_SERVER,
		.limit = "control/concurrencytls",
		.peers = { HOME_QMAILD, HOME_QMAILD },
		.group = HOME_GROUP_NOFILES,
		.patience = TLSDOOR_SERVER_SECONDS,
		.read = tls_files_read_keys,
		.stamp = tls_files_stamp_keys,
		.prepare = tls_contexts_make,
		.session = session };

	return tls_daemon_run(&kind);
}
