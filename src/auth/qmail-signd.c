/*
 * qmail-signd.c - makes the fields DKIM-Signature for messages of ours.
 * Runs as   root, to open its door and become qmailr; then a process for each
 *           message.  Started by a supervisor.  In a private instance as the caller.
 * Reads     records at HOME/sign/door from qmailr, with an open message: hostile; what
 *           qmail-dkimsignd says.
 * Writes    the fields, to who asked.
 * Source    qmail-signd(8); net/verifydoor.h.
 *
 * It is not qmail-verifyd, which strangers keep busy, and which may not have anything
 * signed; so it has not its user, but that of qmail-remote, who may.
 */
#include "config/home.h"
#include "config/homeservice.h"
#include "dkim_sign.h"
#include "net/verifydoor.h"
#include "sys/box.h"
#include "sys/fdpass.h"

#define NAME	 "qmail-signd"
#define SESSIONS 100 /* at once */

static int
say_signed(int sock, bool is_signed, struct span text)
{
	struct str record = STR_INIT;
	int result;

	verifydoor_format_signed(&record, is_signed, text);
	result = fdpass_send(sock, str_span(&record), -1) < 0 ? 1 : 0;
	str_free(&record);
	return result;
}

static int
session(void *context, int sock)
{
	static char record[VERIFYDOOR_RECORD_MAX];
	struct dkim_sign what = { .home = home_dir };
	struct str text = STR_INIT;
	bool is_signed;

	(void)context;
	if (!verifydoor_parse_sign(
		verifydoor_receive(sock, record, &what.message), &what.sender,
		&what.is_resent) ||
	    box_shut_files() < 0)
		return 1;
	is_signed = dkim_sign_run(&what, &text) == 0;
	return say_signed(sock, is_signed, str_span(&text));
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = VERIFYDOOR_SIGN,
		.sessions = SESSIONS,
		.session = session };

	homeservice_run(&server, HOME_QMAILR, HOME_GROUP_QMAIL, HOME_QMAILR);
}
