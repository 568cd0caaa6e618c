/*
 * qmail-tlsc.c - speaks TLS, as a client, for programs that send mail.
 * Runs as   root, and gives that up at once; a process as qmailt serves, and
 *           forks for each connection.  Started by a supervisor.  In a private
 *           instance all are the caller.
 * Reads     control/tlsca, or the system's list of authorities: again at SIGHUP,
 *           and when it was changed; control/concurrencytlsc.
 * Writes    lines for the log on descriptor 2.
 * Source    qmail-tlsc(8); UCSPI-TLS; net/tlsdoor.h; net/tlsdemand.h.
 */
#include "net/tlsdoor.h"
#include "sys/box.h"
#include "tls.h"

static int
session(SSL *ssl, struct span record)
{
	struct tlsdemand demand = TLSDEMAND_INIT;
	struct tls_tunnel plan = { .ssl = ssl,
		.letter = record.s[0],
		.demand = &demand,
		.judge = tls_judge_words };

	if (!tlsdemand_parse(span_from(record, 1), &demand))
		return 1;
	if (box_shut_streams(TUNNEL_FDS) < 0)
		return 1;
	if (!tls_judge_prepare(plan.ssl, &demand)) {
		tls_tunnel_refuse(&plan,
		    demand.level == TLSDEMAND_DANE ? "tlsa-invalid"
						   : "validation-failure",
		    "no server can be what is asked for");
		return 1;
	}
	return tls_tunnel_run(&plan);
}

int
main(void)
{
	static const struct tls_kind kind = { .name = "qmail-tlsc",
		.door = TLSDOOR_CLIENT,
		.limit = "control/concurrencytlsc",
		.peers = { HOME_QMAILR, HOME_QMAILK },
		.group = HOME_GROUP_QMAIL,
		.patience = TLSDOOR_CLIENT_SECONDS,
		.read = tls_files_read_authorities,
		.stamp = tls_files_stamp_authorities,
		.prepare = tls_authorities_make,
		.session = session };

	return tls_daemon_run(&kind);
}
