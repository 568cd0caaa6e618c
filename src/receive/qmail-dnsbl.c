/*
 * qmail-dnsbl.c - asks lists in the DNS about a client, all at once, and tells
 * qmail-smtpd if it is not welcome.
 * Runs as   qmaild, one process a connection, between tcpserver and qmail-smtpd; and a
 *           process for each list, for as long as the DNS takes.
 * Reads     TCPREMOTEIP, RELAYCLIENT; the DNS: hostile.
 * Writes    a line on fd 2, if the client is on a list.
 * Execs     the program of its arguments.
 * Source    qmail-dnsbl(8); RFC 5782.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/vec.h"
#include "net/dns.h"
#include "net/ip.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/logline.h"
#include "sys/signal.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define LISTS_MAX      20
#define WEIGHT_MAX     1000
#define SECONDS	       10 /* for all answers */
#define SECONDS_MAX    60
#define ANSWERS_MAX    20  /* addresses of one list */
#define REASON_MAX     250 /* bytes of its text */
#define LISTED	       'L'

/* A list, as an argument has it: name[=address][:weight]. */
struct list {
	struct span name;
	struct ip_address wanted; /* family 0: any of 127.0.0.0/8 */
	int64_t weight;		  /* negative: who is on it is welcome */
	int fd;			  /* of its process; -1: none, or it is done */
	struct str answer;
};

struct options {
	uint64_t score, seconds;
	VEC(struct list) lists;
};

NORETURN static void
end_usage(void)
{
	(void)!fd_write_all(2,
	    SPAN("usage: qmail-dnsbl [-s score] [-t seconds] "
		 "list[=address][:weight] ... -- program [arguments]\n"));
	_exit(USAGE_EXIT);
}

/* ---- arguments ---- */

static int64_t
take_weight(struct span text)
{
	bool is_welcome = text.len && text.s[0] == '-';
	uint64_t number;

	if (!scan_u64(span_from(text, is_welcome), WEIGHT_MAX, &number))
		end_usage();
	return is_welcome ? -(int64_t)number : (int64_t)number;
}

static void
take_list(struct options *options, struct span text)
{
	struct list list = { .weight = 1, .fd = -1 };
	size_t colon = span_find(text, ':'), equals;
	struct dnsname name;

	if (colon < text.len)
		list.weight = take_weight(span_from(text, colon + 1));
	text = span_upto(text, colon);
	equals = span_find(text, '=');
	list.name = span_upto(text, equals);
	if ((equals < text.len &&
		!ip_parse(span_from(text, equals + 1), &list.wanted)) ||
	    !dnsname_parse(list.name, &name) || options->lists.len == LISTS_MAX)
		end_usage();
	vec_push(&options->lists, list);
}

/* Returns the program behind "--". */
static char **
take_arguments(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+s:t:")) != -1)
		if (option == 's' ? !scan_u64(span_of(optarg), WEIGHT_MAX,
					&options->score)
				  : option != 't' ||
			    !scan_u64(span_of(optarg), SECONDS_MAX,
				&options->seconds))
			end_usage();
	for (argv += optind; *argv && !span_equal(span_of(*argv), SPAN("--"));
	     argv++)
		take_list(options, span_of(*argv));
	if (!*argv || !argv[1] || options->lists.len == 0)
		end_usage();
	return argv + 1;
}

/* ---- one list, in its process ---- */

/* Whether one of the addresses says that the client is on it: others, as those by
 * which lists complain about who asks, do not. */
static bool
is_listed(const struct dnsanswer *answer, const struct list *list)
{
	static const struct ip_address errors = { .family = 4,
		.bytes = { 127, 255, 255 } };

	for (size_t i = 0; i < answer->records.list.len && i < ANSWERS_MAX;
	     i++) {
		struct ip_address address = ip_make(
		    4, answer->packet.s + answer->records.list.at[i].at);

		if (list->wanted.family ? ip_equal(&address, &list->wanted)
					: ip_is_loopback(&address) &&
			    !ip_is_within(&address, &errors, 24))
			return true;
	}
	return false;
}

/* What the list says of it: of a stranger. */
static void
add_reason(struct str *text, struct dns *dns, const struct dnsname *name)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str reason = STR_INIT;

	if (dns_ask(dns, name, DNS_TXT, &answer) == DNS_FOUND)
		dnspacket_text(&reason, str_span(&answer.packet),
		    &answer.records.list.at[0]);
	for (size_t i = 0; i < reason.len && i < REASON_MAX; i++)
		str_add_byte(text,
		    ascii_is_printable(reason.s[i]) || reason.s[i] == ' '
			? reason.s[i]
			: '?');
	str_free(&reason);
	dnsanswer_free(&answer);
}

NORETURN static void
ask(const struct list *list, const struct ip_address *client, int64_t deadline,
    int fd)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str text = STR_INIT;
	struct dnsname name;
	struct dns dns;
	int64_t now = clock_monotonic();

	ip_add_labels(&text, client, true);
	str_add_byte(&text, '.');
	str_add(&text, list->name);
	if (!dnsname_parse(str_span(&text), &name))
		_exit(0);
	str_reset(&text);
	/* A question gets half of the time of its struct dns: this one all that
	 * there is. */
	dns_open(&dns, deadline + (deadline - now));
	if (dns_ask(&dns, &name, DNS_A, &answer) != DNS_FOUND ||
	    !is_listed(&answer, list))
		_exit(0);
	dns.deadline = deadline;
	str_add_byte(&text, LISTED);
	if (list->weight > 0)
		add_reason(&text, &dns, &name);
	(void)!fd_write_all(fd, str_span(&text));
	_exit(0);
}

/* ---- all of them ---- */

static void
begin(struct list *list, const struct ip_address *client, int64_t deadline)
{
	int ends[2];
	pid_t pid;

	if (fd_pipe(ends) < 0)
		return; /* as if it did not answer */
	pid = fork();
	if (pid == 0)
		ask(list, client, deadline, ends[1]);
	fd_close(ends[1]);
	if (pid < 0)
		fd_close(ends[0]);
	else
		list->fd = ends[0];
}

static void
hear(struct list *list)
{
	char bytes[REASON_MAX + 1];
	ssize_t got = fd_read(list->fd, bytes, sizeof(bytes));

	if (got > 0 && list->answer.len <= REASON_MAX) {
		str_add(&list->answer, span_make(bytes, (size_t)got));
		return;
	}
	fd_close(list->fd);
	list->fd = -1;
}

static void
hear_all(struct options *options, int64_t deadline)
{
	struct pollfd fds[LISTS_MAX];
	size_t count = options->lists.len, left;
	int64_t patience;

	do {
		left = 0;
		for (size_t i = 0; i < count; i++) {
			fds[i] = (struct pollfd){ options->lists.at[i].fd,
				POLLIN, 0 };
			left += fds[i].fd >= 0;
		}
		patience = deadline - clock_monotonic();
		if (left == 0 || patience <= 0 ||
		    poll(fds, count, (int)patience) <= 0)
			break;
		for (size_t i = 0; i < count; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				hear(&options->lists.at[i]);
	} while (left);
}

/* ---- what is made of it ---- */

static void
set(const char *name, struct span value)
{
	struct str text = STR_INIT;

	str_add(&text, value);
	if (setenv(name, str_z(&text), 1) < 0)
		_exit(TEMPORARY_EXIT);
	str_free(&text);
}

static void
log_lists(struct span ip, struct span lists, int64_t score, bool is_refused)
{
	struct str line = STR_INIT;

	logline_begin(&line, is_refused ? "dnsbl refused" : "dnsbl listed", ip);
	logline_quoted(&line, " lists", lists);
	logline_number(&line, " score", score > 0 ? (uint64_t)score : 0);
	logline_end(&line);
}

static void
judge(const struct options *options, struct span ip)
{
	struct str lists = STR_INIT, text = STR_INIT, number = STR_INIT;
	int64_t score = 0;
	const struct list *worst = NULL;
	bool is_refused;

	for (size_t i = 0; i < options->lists.len; i++) {
		const struct list *list = &options->lists.at[i];

		if (list->answer.len == 0 || list->answer.s[0] != LISTED)
			continue;
		score += list->weight;
		if (lists.len)
			str_add_byte(&lists, ' ');
		str_add(&lists, list->name);
		if (!worst || list->weight > worst->weight)
			worst = list;
	}
	if (!worst)
		return;
	is_refused = score > 0 && (uint64_t)score >= options->score;
	log_lists(ip, str_span(&lists), score, is_refused);
	str_add_u64(&number, score > 0 ? (uint64_t)score : 0);
	set("DNSBLSCORE", str_span(&number));
	set("DNSBLLISTS", str_span(&lists));
	if (!is_refused)
		return;
	str_add_z(&text, "your address ");
	str_add(&text, ip);
	str_add_z(&text, " is listed by ");
	str_add(&text, worst->name);
	if (worst->answer.len > 1)
		str_add_z(&text, ": ");
	str_add(&text, span_from(str_span(&worst->answer), 1));
	set("REFUSECLIENT", str_span(&text));
}

int
main(int argc, char **argv)
{
	struct options options = { 1, SECONDS, VEC_INIT };
	struct span ip = span_of(getenv("TCPREMOTEIP"));
	struct ip_address client;
	int64_t deadline;
	char **program;

	must_hooks(TEMPORARY_EXIT, NULL);
	program = take_arguments(&options, argc, argv);
	if (unsetenv("DNSBLSCORE") < 0 || unsetenv("DNSBLLISTS") < 0)
		_exit(TEMPORARY_EXIT);
	if (!getenv("RELAYCLIENT") && ip_parse(ip, &client)) {
		client = ip_unmapped(&client);
		deadline = clock_monotonic() + (int64_t)options.seconds * 1000;
		/* Nobody waits for the processes of lists that do not answer. */
		signal_ignore(SIGCHLD);
		for (size_t i = 0; i < options.lists.len; i++)
			begin(&options.lists.at[i], &client, deadline);
		hear_all(&options, deadline);
		signal_default(SIGCHLD);
		judge(&options, ip);
	}
	(void)execvp(program[0], program);
	_exit(TEMPORARY_EXIT);
}
