/*
 * qmail-popup.c - asks POP3 clients for name and password (RFC 1939), and runs
 * a program that checks them.
 * Runs as   root, for the sake of that program, in two processes a connection;
 *           started by tcpserver.  The other half, popup_hear.c, becomes qmaild
 *           in a box before it says a word; this one reads nothing that a
 *           stranger wrote but name and password, and looks into neither.
 * Reads     what the other half writes, NOT trusted: a letter and two fields.
 * Writes    name, password and timestamp to descriptor 3 of the program, which
 *           gets the connection on 0 and 1; a last reply when that has failed.
 * Source    qmail-popup(8).
 */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/secret.h"
#include "config/home.h"
#include "popup_hear.h"
#include "queue/logintry.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/ids.h"
#include "sys/in.h"
#include "sys/random.h"
#include "sys/signal.h"
#include "sys/spawn.h"

#define EXIT	       1   /* always, as it was ever */
#define LOGIN_FD       3   /* of the program, and of the other half, with: */
#define PROVIDER_FD    4   /* ... three descriptors for TLS */
#define NAME_MAX_SHOWN 100 /* bytes of it */
#define LOGIN_BUFFER   512
#define SPARE_SECONDS  10 /* the other half has its own deadline before */

/* Exit codes of the program. */
#define CODE_DONE    0
#define CODE_REFUSED 1
#define CODE_MISUSED 2
#define CODE_LATER   111 /* for the log, where no program was run */

#define TEXT_FDS 2  /* 0 and 1; of no use to open one more */
#define FREE_FD	 16 /* above all that have a place */

/* What tells of a provider of TLS. */
static const char *const variables[] = { "UCSPITLS", "SSLCTLFD", "SSLREADFD",
	"SSLWRITEFD" };

#define USAGE	"-ERR [SYS/PERM] this server is not set up\r\n"
#define TROUBLE "-ERR [SYS/TEMP] something is wrong here; try later\r\n"
#define REFUSED "-ERR [AUTH] wrong name or password\r\n"
#define OFTEN	"-ERR [SYS/TEMP] that was tried too often; try later\r\n"

/* Says a last word to the client, if there is one, and ends. */
NORETURN static void
end(const char *text)
{
	if (text && fd_write_all(1, span_of(text)) < 0)
		_exit(EXIT); /* it has left */
	_exit(EXIT);
}

static void
out_of_memory(void)
{
	end(TROUBLE);
}

/* <process.microsecond.random@host>: no other connection has the same. */
static void
make_timestamp(struct str *timestamp, const char *host)
{
	str_add_byte(timestamp, '<');
	str_add_u64(timestamp, (uint64_t)getpid());
	str_add_byte(timestamp, '.');
	str_add_u64(timestamp, clock_microseconds());
	str_add_byte(timestamp, '.');
	str_add_u64(timestamp, random_u64());
	str_add_byte(timestamp, '@');
	str_add_z(timestamp, host);
	str_add_byte(timestamp, '>');
}

/* Puts the descriptors of the other half where it has them. */
static bool
place_descriptors(int login, struct starttls *tls)
{
	int *places[] = { &login, &tls->control, &tls->reading, &tls->writing };

	for (int i = 0; i < 4; i++)
		if (*places[i] != -1) {
			*places[i] = fd_duplicate_above(*places[i], FREE_FD);
			if (*places[i] < 0)
				return false;
		}
	for (int i = 0; i < 4; i++)
		if (*places[i] != -1) {
			if (dup2(*places[i], LOGIN_FD + i) < 0)
				return false;
			*places[i] = LOGIN_FD + i;
		}
	fd_close_from(tls->control == -1 ? PROVIDER_FD : PROVIDER_FD + 3);
	return true;
}

/* The other half.  Besides 0 to 2 it keeps login, and what it needs for TLS.
 * Without root there is nobody to become. */
NORETURN static void
become_hearer(int login, struct span timestamp, const struct home_ids *ids,
    struct starttls *tls)
{
	gid_t gid = ids->gid[HOME_GROUP_NOFILES];
	enum starttls_offer offer = starttls_offer();

	if (!place_descriptors(login, tls) ||
	    (geteuid() == 0 &&
		ids_become(ids->uid[HOME_QMAILD], gid, &gid, 1) < 0) ||
	    box_shut_streams(TEXT_FDS) < 0)
		end(TROUBLE);
	popup_hear(LOGIN_FD, timestamp, offer, tls);
}

/* Whether these are a letter and two fields, each ending in NUL. */
static bool
is_login(struct span text)
{
	struct span name, secret;

	if (text.len == 0 ||
	    (text.s[0] != POPUP_CLEAR && text.s[0] != POPUP_TLS))
		return false;
	text = span_from(text, 1);
	return span_ends(text, SPAN("\0")) &&
	    span_cut_next(&text, '\0', &name) &&
	    span_cut_next(&text, '\0', &secret) && text.len == 0;
}

/* Reads what the other half has heard, and waits until that has ended. */
static void
read_login(int from, pid_t hearer, struct str *login)
{
	char buffer[LOGIN_BUFFER];
	struct span bytes;
	struct in in;

	in_init(&in, from, buffer, sizeof(buffer));
	in_set_deadline(&in,
	    clock_monotonic() + (POPUP_SESSION_SECONDS + SPARE_SECONDS) * 1000);
	while (login->len <= POPUP_LOGIN_MAX && in_peek(&in, &bytes) > 0) {
		str_add(login, bytes);
		/* No more of the buffer than was used: it costs memory. */
		secret_wipe(buffer, bytes.len);
		in_consume(&in, bytes.len);
	}
	(void)kill(hearer, SIGKILL); /* at its end, or past its deadline */
	if (spawn_wait(hearer, &(int){ 0 }) < 0 ||
	    login->len > POPUP_LOGIN_MAX || !is_login(str_span(login)))
		end(NULL);
}

/* Runs the program; returns what it ends with, -1 for a signal. */
static int
run_program(char **argv, struct str *login)
{
	struct spawn plan = { .path = argv[0],
		.argv = argv,
		.fd_count = 1,
		.fds = { { .to = LOGIN_FD } } };
	int ends[2], status;
	pid_t pid;

	/* A pipe takes all of it before anybody reads. */
	if (fd_pipe(ends) < 0 ||
	    fd_write_all(ends[1], span_from(str_span(login), 1)) < 0)
		end(TROUBLE);
	secret_wipe(login->s, login->len);
	fd_close(ends[1]);
	plan.fds[0].from = ends[0];
	pid = spawn_start(&plan);
	fd_close(ends[0]);
	if (pid < 0 || spawn_wait(pid, &status) < 0)
		end(TROUBLE);
	return spawn_exit_code(status);
}

/* What follows goes over TLS, if that was begun; the program need not know. */
static void
change_over(bool is_tls, struct starttls *tls)
{
	if (!is_tls)
		starttls_close(tls);
	else if (tls->control == -1 || starttls_take_over(tls) < 0)
		end(NULL);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (unsetenv(variables[i]) < 0)
			end(TROUBLE);
}

/* One line for who watches: which client was refused, under which name. */
static void
log_refusal(struct span name, int code)
{
	const char *address = getenv("TCPREMOTEIP");
	struct str text = STR_INIT;

	str_add_z(&text, "qmail-popup: refused client=");
	str_add_z(&text, address ? address : "unknown");
	str_add_z(&text, " code=");
	if (code >= 0)
		str_add_u64(&text, (uint64_t)code);
	else
		str_add_z(&text, "signal");
	str_add_z(&text, " user=\"");
	for (size_t i = 0; i < name.len && i < NAME_MAX_SHOWN; i++) {
		char c = name.s[i];

		str_add_byte(&text,
		    ascii_is_printable(c) && c != '"' && c != '\\' ? c : '?');
	}
	str_add_z(&text, "\"\n");
	fd_write_line(2, str_span(&text));
	str_free(&text);
}

/* Waits until this name may be tried by this client; ends if that is too far
 * away, or nobody can tell. */
static void
wait_for_turn(const struct logincheck *login)
{
	switch (logintry_tell(home_dir, login, LOGINTRY_BEGINS)) {
	case LOGINCHECK_RIGHT:
		return;
	case LOGINCHECK_WRONG:
		log_refusal(login->name, CODE_REFUSED);
		end(REFUSED);
	case LOGINCHECK_TOO_OFTEN:
		end(OFTEN); /* qmail-authd has a line of it */
	case LOGINCHECK_LATER:
		log_refusal(login->name, CODE_LATER);
		end(TROUBLE);
	}
}

/* Without a word it counts as wrong. */
static void
tell_outcome(const struct logincheck *login, int code)
{
	if (code != CODE_REFUSED)
		(void)!logintry_tell(home_dir, login,
		    code == CODE_DONE ? LOGINTRY_WAS_RIGHT
				      : LOGINTRY_IS_UNKNOWN);
}

int
main(int argc, char **argv)
{
	struct str timestamp = STR_INIT, login = STR_INIT, name = STR_INIT;
	struct logincheck tried = { .service = SPAN("pop3") };
	struct home_ids ids = { 0 };
	bool is_counted = geteuid() == 0; /* nobody else is heard */
	struct starttls tls;
	int ends[2], code;
	pid_t hearer;

	must_hooks(EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	if (argc < 3)
		end(USAGE);
	if (fd_open_standard() < 0 || box_hide() < 0 || fd_pipe(ends) < 0 ||
	    (is_counted && home_ids_read(&ids) < 0))
		end(TROUBLE);
	make_timestamp(&timestamp, argv[1]);
	(void)starttls_find(&tls);
	hearer = fork();
	if (hearer < 0)
		end(TROUBLE);
	if (hearer == 0)
		become_hearer(ends[1],
		    getenv("NOAPOP") ? SPAN("") : str_span(&timestamp), &ids,
		    &tls);
	fd_close(ends[1]);
	read_login(ends[0], hearer, &login);
	fd_close(ends[0]);
	change_over(login.s[0] == POPUP_TLS, &tls);
	str_add_z(&name, str_z(&login) + 1);
	str_add_field(&login, str_span(&timestamp));
	tried.name = str_span(&name);
	tried.address = span_of(getenv("TCPREMOTEIP"));
	if (is_counted)
		wait_for_turn(&tried);
	code = run_program(argv + 2, &login);
	if (is_counted)
		tell_outcome(&tried, code);
	if (code == CODE_DONE)
		end(NULL);
	log_refusal(str_span(&name), code);
	if (code == CODE_MISUSED)
		end(USAGE);
	end(code == CODE_REFUSED ? REFUSED : TROUBLE);
}
