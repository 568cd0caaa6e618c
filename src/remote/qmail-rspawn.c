/*
 * qmail-rspawn.c - starts remote deliveries.
 * Runs as   qmailr, one process, started by qmail-start.
 * Reads     jobs on fd 0 from qmail-send: addresses and an open message,
 *           which is checked; what qmail-remote prints, NOT trusted.
 * Writes    reports on fd 0; queue/lock/tcpto, when qmail-send says so.
 * Execs     qmail-remote, or $QMAILREMOTE.
 * Source    qmail-rspawn(8); jobs and reports in queue/delivery.h.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/must.h"
#include "base/vec.h"
#include "base/words.h"
#include "config/home.h"
#include "net/tcpto.h"
#include "queue/spawnloop.h"
#include "remote_end.h"
#include "sys/spawn.h"

#define PEER_FD	    0
#define REPORT_ROOM 32 /* for what is in a report beside the text */

extern char **environ;

static const char report_cannot_start[] =
    "UThe remote program cannot be started now. (#4.3.0)\n";
static const char report_no_domain[] =
    "DThis address has no domain. (#5.1.2)\n";

/* The program to run: HOME/bin/qmail-remote, or what the administrator put
 * into the environment of qmail-start. */
static void
add_program(struct str *path)
{
	const char *chosen = getenv("QMAILREMOTE");

	if (chosen && *chosen) {
		str_add_z(path, chosen);
		return;
	}
	str_add_z(path, home_dir);
	str_add_z(path, "/bin/qmail-remote");
}

static void
add_arguments(
    struct words *argv, const struct delivery_job *job, struct span host)
{
	str_reserve(&argv->text, job->text.len);
	words_add(argv, SPAN("qmail-remote"));
	words_add(argv, host);
	words_add(argv, job->sender);
	for (size_t i = 0; i < job->recipients.len; i++)
		words_add(argv, job->recipients.at[i].address);
}

/* Whether the word is one of those that say what a job says. */
static bool
is_of_job(struct span word)
{
	return span_starts(word, SPAN("SMTPROUTE=")) ||
	    span_starts(word, SPAN("TIMEOUTCONNECT=")) ||
	    span_starts(word, SPAN("NEXTHOPREPORT="));
}

static void
add_environment(struct words *envp, const struct delivery_job *job)
{
	for (char **at = environ; *at; at++)
		if (!is_of_job(span_of(*at)) &&
		    !delivery_is_parameter(span_of(*at)))
			words_add(envp, span_of(*at));
	words_add(envp, SPAN("NEXTHOPREPORT=1"));
	if (job->has_route)
		words_add_setting(envp, "SMTPROUTE=", job->route);
	if (job->connect_limit) {
		char digits[FMT_U64_MAX];

		words_add_setting(envp, "TIMEOUTCONNECT=",
		    span_make(digits, fmt_u64(digits, job->connect_limit)));
	}
	delivery_add_parameters(envp, job);
}

static pid_t
run_remote(const struct delivery_job *job, struct span host, const int fds[2])
{
	struct words argv = WORDS_INIT, envp = WORDS_INIT;
	struct str path = STR_INIT;
	pid_t pid;

	add_program(&path);
	add_arguments(&argv, job, host);
	add_environment(&envp, job);
	pid = spawn_start(&(struct spawn){ .path = str_z(&path),
	    .argv = words_end(&argv),
	    .envp = words_end(&envp),
	    .signals = SPAWN_SIGNALS_UNBLOCK,
	    .leads_group = true,
	    .ends_with_us = true,
	    .fd_count = 2,
	    .fds = { { fds[0], 0 }, { fds[1], 1 } } });
	words_free(&argv);
	words_free(&envp);
	str_free(&path);
	return pid;
}

static pid_t
start_delivery(void *context, const struct delivery_job *job, int message_fd,
    int output_fd, struct residents *residents, struct resident *resident,
    struct str *report)
{
	struct span address = job->recipients.at[0].address;
	size_t at = span_find_last(address, '@');
	pid_t pid;

	(void)context;
	(void)residents, (void)resident; /* none stays */
	if (at == address.len) {
		str_add_z(report, report_no_domain);
		return 0;
	}
	pid = run_remote(
	    job, span_from(address, at + 1), (int[]){ message_fd, output_fd });
	if (pid > 0)
		return pid;
	str_add_z(report, report_cannot_start);
	return 0;
}

/* What qmail-remote said: pieces that each end in NUL. */
struct remote_output {
	VEC(struct span) recipients; /* r, h, s and their texts */
	struct span message;	     /* K, Z, D and its text; empty: none */
	bool is_passed_on;	     /* p: parameters of notifications */
	struct span hop;      /* n, and w or t or nothing; empty: not told */
	struct span sessions; /* t: how it was with TLS, lines for the log */
};

static struct remote_output
parse_output(struct span output)
{
	struct remote_output parsed = {
		.message = SPAN(""), .hop = SPAN(""), .sessions = SPAN("")
	};

	while (output.len) {
		size_t end = span_find(output, '\0');
		struct span piece = span_upto(output, end);

		if (end == output.len)
			break; /* cut short: no report */
		output = span_from(output, end + 1);
		if (piece.len == 0)
			continue;
		switch (piece.s[0]) {
		case 'r':
		case 'h':
		case 's':
			vec_push(&parsed.recipients, piece);
			break;
		case 'K':
		case 'Z':
		case 'D':
			if (parsed.message.len == 0)
				parsed.message = piece;
			break;
		case 'n':
			parsed.hop = piece;
			break;
		case 't':
			parsed.sessions = span_from(piece, 1);
			break;
		case 'p':
			parsed.is_passed_on = true;
			break;
		default:
			break;
		}
	}
	return parsed;
}

static bool
has_text(struct span text, struct span part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (span_starts(span_from(text, i), part))
			return true;
	return false;
}

/* Another program than qmail-remote does not tell of the hop; its reports on
 * the delivery say something of it too. */
static enum delivery_hop
guess_hop(const struct remote_output *said)
{
	char letter = said->message.len ? said->message.s[0] : '\0';

	if (letter == 'K' || (letter == 'D' && said->recipients.len))
		return DELIVERY_HOP_WELL;
	for (size_t i = 0; i < said->recipients.len; i++)
		if (said->recipients.at[i].s[0] != 's')
			return DELIVERY_HOP_WELL;
	if (letter == 'Z' &&
	    (has_text(said->message, SPAN("(#4.4.1)")) ||
		has_text(said->message, SPAN("(#4.4.2)"))))
		return DELIVERY_HOP_TROUBLE;
	return DELIVERY_HOP_UNTOLD;
}

static enum delivery_hop
judge_hop(const struct remote_output *said)
{
	if (said->hop.len == 0)
		return guess_hop(said);
	if (said->hop.len == 2 && said->hop.s[1] == DELIVERY_HOP_WELL)
		return DELIVERY_HOP_WELL;
	if (said->hop.len == 2 && said->hop.s[1] == DELIVERY_HOP_TROUBLE)
		return DELIVERY_HOP_TROUBLE;
	return DELIVERY_HOP_UNTOLD;
}

/*
 * Makes one result of what was said of the recipient and of the message.
 *   own   its report: r accepted, h refused for good, s refused for now;
 *         empty: nothing was said, the message's report counts alone
 */
static enum delivery_result
combine(struct span own, struct span message, struct str *text)
{
	char letter = message.len ? message.s[0] : '\0';

	if (own.len == 0 || own.s[0] == 'r') {
		if (!letter) {
			str_add_z(text,
			    "The remote program did not say how it ended. "
			    "(#4.3.0)\n");
			return DELIVERY_DEFERRAL;
		}
		/* With a text of its own the result is its own too. */
		if (own.len > 1 && letter == 'K')
			message = own;
		str_add(text, span_from(message, 1));
		return (enum delivery_result)letter;
	}
	str_add(text, span_from(own, 1));
	if (own.s[0] == 'h') {
		if (letter == 'D')
			str_add(text, span_from(message, 1));
		return DELIVERY_FAILURE;
	}
	if (letter == 'Z' || letter == 'D')
		str_add(text, span_from(message, 1));
	return DELIVERY_DEFERRAL;
}

static void
judge_delivery(const struct delivery_job *job, int exit_code,
    struct span output, struct str *reports)
{
	struct remote_output said = parse_output(output);
	enum delivery_hop hop = judge_hop(&said);
	bool is_untried = span_equal(said.hop, SPAN("nu"));
	struct str text = STR_INIT;

	if (exit_code != 0) {
		/* A fault of ours makes no mail bounce before its last try;
		 * a host that makes each try crash shall not hold it for ever.
		 */
		spawnloop_report_all(job, DELIVERY_DEFERRAL,
		    exit_code < 0
			? SPAN("The remote program crashed. (#4.3.0)\n")
			: SPAN("The remote program failed. (#4.3.0)\n"),
		    reports);
		vec_free(&said.recipients);
		return;
	}
	str_reserve(reports,
	    job->recipients.len *
		(span_upto(said.message, DELIVERY_TEXT_MAX).len + REPORT_ROOM));
	for (size_t i = 0; i < job->recipients.len; i++) {
		struct span own =
		    i < said.recipients.len ? said.recipients.at[i] : SPAN("");
		enum delivery_result result;

		str_reset(&text);
		result = combine(own, said.message, &text);
		if (is_untried && result == DELIVERY_DEFERRAL &&
		    (own.len == 0 || own.s[0] == 'r'))
			result = DELIVERY_UNTRIED;
		delivery_add_report(reports,
		    &(struct delivery_report){
			.delivery = job->recipients.at[i].delivery,
			.result = (char)result,
			.hop = hop,
			.is_passed_on = said.is_passed_on,
			.sessions = i == 0 ? said.sessions : SPAN(""),
			.text = str_span(&text) });
	}
	str_free(&text);
	vec_free(&said.recipients);
}

/* What is not forgotten costs time, not mail. */
static void
forget_troubles(void)
{
	(void)tcpto_clear_all();
}

int
main(void)
{
	struct home_ids ids;
	struct spawnloop loop = { .start = start_delivery,
		.judge = judge_delivery,
		.forget = forget_troubles,
		.output_max = REMOTE_OUTPUT_MAX };

	must_hooks(111, NULL);
	if (chdir(home_dir) < 0 || home_ids_read(&ids) < 0)
		_exit(111);
	loop.queue_uid = ids.uid[HOME_QMAILQ];
	spawnloop_run(&loop, PEER_FD);
	_exit(0);
}
