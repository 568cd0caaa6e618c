/*
 * qmail-smtpd.c - takes mail from the network by SMTP (RFC 5321).
 * Runs as   qmaild, one process a connection, started by tcpserver.
 * Reads     commands and messages on fd 0 from anybody, NOT trusted at all.
 * Writes    replies on fd 1; each message goes to a new qmail-queue.
 * Source    qmail-smtpd(8).
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "config/control.h"
#include "config/home.h"
#include "smtpd.h"
#include "smtpd_reply.h"
#include "sys/clock.h"
#include "sys/signal.h"

#define BUG_EXIT    1
#define TIMEOUT_MAX 86400  /* seconds */
#define SESSION_MAX 604800 /* seconds */

/* Zero, and most of it never touched: an idle session is small. */
static struct smtpd session;

/* Replies that wait go first: unheard, they would let the client send a message
 * again. */
static void
out_of_memory(void)
{
	(void)out_flush(&session.out);
	smtpd_end(NULL, SMTPD_MEMORY);
}

static struct span
environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return span_of(value ? value : fallback);
}

/* Each limit: its control file, and what it is without that. */
static int
read_limits(struct smtpd_limits *limits)
{
	const struct {
		const char *file;
		uint64_t *limit, fallback, max;
	} files[] = {
		{ "control/maxrcpt", &limits->recipients, 1000, UINT64_MAX },
		{ "control/maxmail", &limits->messages, 10000, UINT64_MAX },
		{ "control/maxerrors", &limits->errors, 20, UINT64_MAX },
		{ "control/maxunknown", &limits->unknown, 50, UINT64_MAX },
		{ "control/timeoutsmtpd", &limits->timeout, 1200, TIMEOUT_MAX },
		{ "control/timeoutsession", &limits->session, TIMEOUT_MAX,
		    SESSION_MAX },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		*files[i].limit = files[i].fallback;
		if (control_read_number(
			files[i].file, files[i].max, files[i].limit) < 0)
			return -1;
	}
	if (limits->timeout == 0)
		limits->timeout = 1;
	if (limits->session == 0)
		limits->session = 1;
	return 0;
}

/* control/me must be there and not empty: we greet with it. */
static int
read_configuration(struct smtpd *smtpd)
{
	if (control_read_line("control/me", &smtpd->me) < 0)
		return -1;
	smtpd->has_dsn = inject_takes_parameters(home_dir);
	str_set(&smtpd->greeting, str_span(&smtpd->me));
	if (control_read_line("control/smtpgreeting", &smtpd->greeting) < 0 ||
	    smtpd->greeting.len == 0 || read_limits(&smtpd->limits) < 0 ||
	    receipt_limits_read(&smtpd->receipt.limits) < 0 ||
	    smtpd_xclient_read(smtpd) < 0 || smtpd_auth_read(smtpd) < 0 ||
	    smtpd_submit_read(smtpd) < 0)
		return -1;
	return policy_read(&smtpd->policy);
}

static void
read_environment(struct smtpd *smtpd)
{
	smtpd->host = environment("TCPREMOTEHOST", "unknown");
	smtpd->user = environment("TCPREMOTEINFO", "");
	smtpd->peer = smtpd->ip = environment("TCPREMOTEIP", "unknown");
	smtpd->by = environment("TCPLOCALHOST", "");
	if (smtpd->by.len == 0)
		smtpd->by = environment("TCPLOCALIP", "unknown");
	smtpd_tls_read(smtpd);
}

int
main(void)
{
	static const struct policy no_policy = POLICY_INIT;
	char in_buffer[SMTPD_IN_BUFFER], out_buffer[SMTPD_OUT_BUFFER];

	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	session.policy = no_policy;
	session.submission.senders = (struct senders)SENDERS_INIT;
	session.started = clock_monotonic();
	in_init(&session.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&session.out, 1, out_buffer, sizeof(out_buffer));
	read_environment(&session);
	if (chdir(home_dir) < 0 || read_configuration(&session) < 0)
		smtpd_end(&session, SMTPD_CONTROL);
	smtpd_begin_input(&session);
	session.session_end =
	    session.started + (int64_t)session.limits.session * 1000;
	smtpd_serve(&session);
	smtpd_end(&session, SMTPD_QUIT);
}
