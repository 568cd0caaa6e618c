/*
 * qmail-rspawn.c - starts remote deliveries.
 * Runs as   qmailr, one process, started by qmail-start.
 * Reads     jobs on fd 0 from qmail-send: addresses and an open message,
 *           which is checked; what qmail-remote prints, NOT trusted.
 * Writes    reports on fd 0.
 * Execs     qmail-remote, or $QMAILREMOTE.
 * Source    qmail-rspawn(8); jobs and reports in queue/delivery.h.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "config/home.h"
#include "queue/spawnloop.h"
#include "sys/spawn.h"

#define PEER_FD	   0
#define OUTPUT_MAX 65536 /* bytes of all reports of one run */

static const char report_cannot_start[] =
    "ZThe remote program cannot be started now. (#4.3.0)\n";
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

static pid_t
run_remote(const struct delivery_job *job, struct span host, const int fds[2])
{
	struct str text = STR_INIT, path = STR_INIT;
	VEC(char *) argv = VEC_INIT;
	VEC(size_t) starts = VEC_INIT;
	pid_t pid;

	add_program(&path);
	vec_push(&starts, text.len);
	str_add_field(&text, host);
	vec_push(&starts, text.len);
	str_add_field(&text, job->sender);
	for (size_t i = 0; i < job->recipients.len; i++) {
		vec_push(&starts, text.len);
		str_add_field(&text, job->recipients.at[i].address);
	}
	vec_push(&argv, (char *)"qmail-remote");
	for (size_t i = 0; i < starts.len; i++)
		vec_push(&argv, text.s + starts.at[i]);
	vec_push(&argv, NULL);
	pid = spawn_start(&(struct spawn){ .path = str_z(&path),
	    .argv = argv.at,
	    .signals = SPAWN_SIGNALS_UNBLOCK,
	    .leads_group = true,
	    .fd_count = 2,
	    .fds = { { fds[0], 0 }, { fds[1], 1 } } });
	vec_free(&argv);
	vec_free(&starts);
	str_free(&text);
	str_free(&path);
	return pid;
}

static pid_t
start_delivery(void *context, const struct delivery_job *job, int message_fd,
    int output_fd, struct str *report)
{
	struct span address = job->recipients.at[0].address;
	size_t at = span_find_last(address, '@');
	pid_t pid;

	(void)context;
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
};

static struct remote_output
parse_output(struct span output)
{
	struct remote_output parsed = { .message = SPAN("") };

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
		default:
			break;
		}
	}
	return parsed;
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

	if (exit_code != 0) {
		/* A fault of ours never makes mail bounce. */
		spawnloop_report_all(job, DELIVERY_DEFERRAL,
		    exit_code < 0
			? SPAN("The remote program crashed. (#4.3.0)\n")
			: SPAN("The remote program failed. (#4.3.0)\n"),
		    reports);
		vec_free(&said.recipients);
		return;
	}
	for (size_t i = 0; i < job->recipients.len; i++) {
		struct span own =
		    i < said.recipients.len ? said.recipients.at[i] : SPAN("");
		struct str text = STR_INIT;
		enum delivery_result result = combine(own, said.message, &text);

		delivery_add_report(reports,
		    &(struct delivery_report){
			.delivery = job->recipients.at[i].delivery,
			.result = (char)result,
			.text = str_span(&text) });
		str_free(&text);
	}
	vec_free(&said.recipients);
}

int
main(void)
{
	struct home_ids ids;
	struct spawnloop loop = { .start = start_delivery,
		.judge = judge_delivery,
		.output_max = OUTPUT_MAX };

	must_hooks(111, NULL);
	if (chdir(home_dir) < 0 || home_ids_read(&ids) < 0)
		_exit(111);
	loop.queue_uid = ids.uid[HOME_QMAILQ];
	spawnloop_run(&loop, PEER_FD);
	_exit(0);
}
