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
#include "base/scan.h"
#include "config/control.h"
#include "config/home.h"
#include "smtpd.h"
#include "smtpd_reply.h"
#include "sys/clock.h"
#include "sys/signal.h"

#define BUG_EXIT	1
#define TIMEOUT_DEFAULT 1200
#define TIMEOUT_MAX	86400

static void
out_of_memory(void)
{
	smtpd_end(NULL, SMTPD_MEMORY);
}

static struct span
environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return span_of(value ? value : fallback);
}

/* The size limit: $DATABYTES, else control/databytes. */
static int
read_data_max(uint64_t *data_max)
{
	const char *value = getenv("DATABYTES");

	*data_max = 0;
	if (!value)
		return control_read_number(
		    "control/databytes", UINT64_MAX, data_max);
	(void)scan_u64_prefix(span_of(value), UINT64_MAX, data_max);
	return 0;
}

/* control/me must be there and not empty: we greet with it. */
static int
read_configuration(struct smtpd *smtpd)
{
	struct str me = STR_INIT;
	uint64_t timeout = TIMEOUT_DEFAULT;

	if (control_read_line("control/me", &me) < 0)
		return -1;
	str_set(&smtpd->greeting, str_span(&me));
	if (control_read_line("control/smtpgreeting", &smtpd->greeting) < 0 ||
	    smtpd->greeting.len == 0 ||
	    control_read_number("control/timeoutsmtpd", TIMEOUT_MAX, &timeout) <
		0 ||
	    read_data_max(&smtpd->data_max) < 0)
		return -1;
	smtpd->timeout = timeout ? (unsigned)timeout : 1;
	return smtpd_policy_read(&smtpd->policy, str_span(&me));
}

static void
read_environment(struct smtpd *smtpd)
{
	smtpd->host = environment("TCPREMOTEHOST", "unknown");
	smtpd->user = environment("TCPREMOTEINFO", "");
	smtpd->ip = environment("TCPREMOTEIP", "unknown");
	smtpd->by = environment("TCPLOCALHOST", "");
	if (smtpd->by.len == 0)
		smtpd->by = environment("TCPLOCALIP", "unknown");
}

/* Replies leave when there is nothing more to read. */
static void
send_replies(void *argument)
{
	struct smtpd *smtpd = argument;

	if (out_flush(&smtpd->out) < 0)
		smtpd_end(&smtpd->out, SMTPD_GONE);
}

int
main(void)
{
	static const struct hosts no_hosts = HOSTS_INIT;
	char in_buffer[SMTPD_IN_BUFFER], out_buffer[SMTPD_OUT_BUFFER];
	struct smtpd smtpd;

	must_hooks(BUG_EXIT, out_of_memory);
	signal_ignore(SIGPIPE);
	smtpd = (struct smtpd){ .policy.hosts = no_hosts };
	in_init(&smtpd.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&smtpd.out, 1, out_buffer, sizeof(out_buffer));
	if (chdir(home_dir) < 0 || read_configuration(&smtpd) < 0)
		smtpd_end(&smtpd.out, SMTPD_CONTROL);
	read_environment(&smtpd);
	in_set_timeout(&smtpd.in, smtpd.timeout);
	out_set_timeout(&smtpd.out, smtpd.timeout);
	in_before_wait(&smtpd.in, send_replies, &smtpd);
	smtpd.session_end = clock_monotonic() + SMTPD_SESSION_SECONDS * 1000;
	smtpd_serve(&smtpd);
	smtpd_end(&smtpd.out, SMTPD_QUIT);
}
