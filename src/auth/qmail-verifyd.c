/*
 * qmail-verifyd.c - checks messages for those who take them in: SPF, DKIM, DMARC.
 * Runs as   root, to open its door and become qmailf; then a process for each
 *           message.  Started by a supervisor.  In a private instance as the caller.
 * Reads     control/me, authservid, authtimeout, authpolicy, dmarcreport; records at
 *           HOME/verify/door from qmaild, with an open message: hostile; the DNS, hostile.
 * Writes    what it found, to who asked; lines for qmail-dmarcreport, and of policies that
 *           are not known, on descriptor 2.
 * Source    qmail-verifyd(8); net/verifydoor.h.
 */
#include "config/control.h"
#include "config/homeservice.h"
#include "dkim_crypto.h"
#include "message_check.h"
#include "settings.h"
#include "sys/box.h"
#include "sys/error.h"
#include "sys/fdpass.h"
#include "sys/logline.h"

#define NAME	 "qmail-verifyd"
#define SESSIONS 100 /* at once */

/* The name under which this host says what it found (RFC 8601 2.5). */
static void
read_id(struct str *id)
{
	if (control_read_line_or_me("control/authservid", id, "localhost") < 0)
		error_exit(NAME, "control/authservid");
}

static int
check(int sock, struct message_check *what)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct settings settings = SETTINGS_INIT;
	struct str id = STR_INIT, record = STR_INIT;
	int result;

	settings_read(&settings, NAME);
	read_id(&id);
	if (box_shut_files() < 0)
		return 1;
	what->id = str_span(&id);
	what->settings = &settings;
	if (message_check_run(what, &answer) < 0) {
		error_warn(NAME, "a message");
		return 1;
	}
	verifydoor_format(&record, answer.wish, str_span(&answer.domain),
	    str_span(&answer.fields));
	result = fdpass_send(sock, str_span(&record), -1) < 0 ? 1 : 0;
	if (what->line.len)
		logline_write(&what->line);
	return result;
}

static int
session(void *context, int sock)
{
	static char record[VERIFYDOOR_RECORD_MAX];
	struct message_check what = { .settings = NULL };

	(void)context;
	if (!verifydoor_parse(verifydoor_receive(sock, record, &what.message),
		&what.question))
		return 1;
	return check(sock, &what);
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = VERIFYDOOR_PATH,
		.sessions = SESSIONS,
		.prepare = dkim_crypto_prepare,
		.session = session };

	homeservice_run(&server, HOME_QMAILF, HOME_GROUP_NOFILES, HOME_QMAILD);
}
