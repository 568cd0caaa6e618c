/*
 * qmail-verifyd.c - checks messages for those who take them in: SPF, DKIM, DMARC; and
 * signs them for who sends them out.
 * Runs as   root, to open its door and become qmailf; then a process for each
 *           message.  Started by a supervisor.  In a private instance as the caller.
 * Reads     control/me, authservid, authtimeout; records at HOME/verify/door from
 *           qmaild and qmailr, with an open message: hostile; the DNS, hostile; what
 *           qmail-dkimsignd says.
 * Writes    what it found, or made, to who asked.
 * Source    qmail-verifyd(8); net/verifydoor.h.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/control.h"
#include "config/home.h"
#include "config/homeservice.h"
#include "dkim_sign.h"
#include "message_check.h"
#include "net/dkimdoor.h"
#include "settings.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define NAME	 "qmail-verifyd"
#define SESSIONS 100  /* at once */
#define ASK_MS	 5000 /* for the record */

/* Which of its peers has what done. */
enum {
	CHECKED, /* qmaild */
	SIGNED	 /* qmailr */
};

/* The name under which this host says what it found (RFC 8601 2.5). */
static void
read_id(struct str *id)
{
	if (control_read_line_or_me("control/authservid", id, "localhost") < 0)
		error_exit(NAME, "control/authservid");
}

static int
check(int sock, int message, const struct verifydoor_question *question)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct settings settings = SETTINGS_INIT;
	struct str id = STR_INIT, record = STR_INIT;
	struct message_check what = { .question = *question };

	settings_read(&settings, NAME);
	read_id(&id);
	if (box_shut_files() < 0)
		return 1;
	what.id = str_span(&id);
	what.me = str_span(&settings.me);
	what.deadline = settings_deadline(&settings);
	if (message_check_run(&what, message, &answer) < 0) {
		error_warn(NAME, "a message");
		return 1;
	}
	verifydoor_format(&record, answer.wish, str_span(&answer.domain),
	    str_span(&answer.fields));
	return fdpass_send(sock, str_span(&record), -1) < 0 ? 1 : 0;
}

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
sign(int sock, int message, struct span sender)
{
	struct dkim_sign what = { .message = message,
		.door = dkimdoor_open(home_dir),
		.sender = sender,
		.now = clock_seconds() };
	struct str text = STR_INIT;
	bool is_signed;

	if (what.door < 0 && errno == ENOENT)
		return say_signed(sock, true, SPAN("")); /* not in use here */
	if (what.door < 0) {
		str_set(&text, SPAN("qmail-dkimsignd does not answer: "));
		str_add_z(&text, error_text(errno));
		return say_signed(sock, false, str_span(&text));
	}
	if (box_shut_files() < 0)
		return 1;
	is_signed = dkim_sign_run(&what, &text) == 0;
	return say_signed(sock, is_signed, str_span(&text));
}

/* Whether this is who asks such things.  Root may all. */
static bool
is_peer(int sock, uid_t peer)
{
	uid_t uid;

	return door_peer(sock, &uid) == 0 && (uid == 0 || uid == peer);
}

static int
session(void *context, int sock)
{
	static char record[VERIFYDOOR_RECORD_MAX];
	const struct doorserver *server = context;
	struct verifydoor_question question;
	struct span sender, bytes;
	struct stat st;
	int message = -1;
	ssize_t got;

	if (fd_wait(sock, POLLIN, 0, clock_monotonic() + ASK_MS, false) < 0)
		return 1;
	got = fdpass_receive(sock, record, sizeof(record), &message);
	/* A pipe might have no end. */
	if (got <= 0 || message < 0 || fstat(message, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return 1;
	bytes = span_make(record, (size_t)got);
	if (is_peer(sock, server->peers[CHECKED]) &&
	    verifydoor_parse(bytes, &question))
		return check(sock, message, &question);
	if (is_peer(sock, server->peers[SIGNED]) &&
	    verifydoor_parse_sign(bytes, &sender))
		return sign(sock, message, sender);
	return 1;
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = VERIFYDOOR_PATH,
		.sessions = SESSIONS,
		.session = session };

	server.context = &server;
	homeservice_run(
	    &server, HOME_QMAILF, HOME_GROUP_NOFILES, HOME_QMAILD, HOME_QMAILR);
}
