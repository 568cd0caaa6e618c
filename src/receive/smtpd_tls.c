/*
 * smtpd_tls.c - STARTTLS (RFC 3207).
 * Input: hostile
 */
#include <errno.h>
#include <stdlib.h>

#include "config/home.h"
#include "net/starttls.h"
#include "net/tlsdoor.h"
#include "smtpd.h"
#include "smtpd_reply.h"

void
smtpd_tls_read(struct smtpd *smtpd)
{
	const char *protocol = getenv("SSL_PROTOCOL");
	const char *cipher = getenv("SSL_CIPHER");

	smtpd->tls.offer = starttls_offer();
	if (!protocol)
		return;
	/* From the first byte, as on port 465. */
	smtpd->tls.is_on = true;
	smtpd->tls.protocol = span_of(protocol);
	smtpd->tls.cipher = span_of(cipher);
}

bool
smtpd_tls_is_offered(const struct smtpd *smtpd)
{
	return smtpd->tls.offer != STARTTLS_NOT && !smtpd->tls.is_on;
}

bool
smtpd_tls_is_missing(const struct smtpd *smtpd)
{
	return smtpd->tls.offer == STARTTLS_REQUIRED && !smtpd->tls.is_on;
}

/* What was said in clear text may be anybody's (RFC 3207 4.2). */
static void
forget_all(struct smtpd *smtpd)
{
	smtpd_forget(smtpd);
	smtpd_auth_forget(smtpd);
	str_reset(&smtpd->helo);
	smtpd->has_helo = smtpd->is_extended = false;
}

/* A part of the report, also for a program in the place of qmail-queue, as if TLS
 * had been there from the first byte.  Behind each is a NUL. */
static struct span
take_report(struct smtpd *smtpd, const char *variable)
{
	struct str name = STR_INIT;
	struct span value;

	str_add_z(&name, variable);
	str_add_byte(&name, '=');
	value = tlsdoor_value(str_span(&smtpd->tls.report), str_span(&name));
	smtpd_set_variable(smtpd, variable, value.len ? value.s : NULL);
	str_free(&name);
	return value;
}

/* Reads and writes plain text from now on. */
static void
change_over(struct smtpd *smtpd)
{
	in_init(&smtpd->in, 0, smtpd->in.buffer, smtpd->in.size);
	out_init(&smtpd->out, 1, smtpd->out.buffer, smtpd->out.size);
	smtpd_begin_input(smtpd);
	smtpd->tls.is_on = true;
	smtpd->tls.protocol = take_report(smtpd, "SSL_PROTOCOL");
	smtpd->tls.cipher = take_report(smtpd, "SSL_CIPHER");
	forget_all(smtpd);
}

void
smtpd_starttls(struct smtpd *smtpd, struct span argument)
{
	struct starttls tls;

	if (smtpd->tls.offer == STARTTLS_NOT) {
		smtpd_reply(smtpd, "502 5.5.1 there is no TLS here");
	} else if (smtpd->tls.is_on) {
		smtpd_reply(smtpd, "503 5.5.1 we speak TLS already");
	} else if (argument.len) {
		smtpd_reply(smtpd, "501 5.5.4 STARTTLS wants nothing more");
	} else if (in_is_waiting(&smtpd->in)) {
		/* Somebody may have put it there; see CVE-2011-0411. */
		smtpd_reply(smtpd, "501 5.5.1 wait for the answer to STARTTLS");
	} else if (starttls_begin(home_dir, &tls) < 0) {
		smtpd_reply(smtpd, "454 4.7.0 there is no TLS at the moment");
	} else {
		(void)out_add_z(&smtpd->out, "220 2.0.0 begin TLS\r\n");
		if (out_flush(&smtpd->out) < 0 ||
		    starttls_finish(&tls, &smtpd->tls.report) < 0)
			smtpd_end(smtpd, SMTPD_HANDSHAKE);
		change_over(smtpd);
	}
}
