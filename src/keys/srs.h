/*
 * srs.h - the parts of qmail-srsd, and of qmail-srs.
 *
 *	srs_settings.c   the control files
 *	srs_digest.c     HMAC-SHA1
 */
#ifndef KEYS_SRS_H
#define KEYS_SRS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "mail/srs.h"

#define SRS_SECRETS_MOST 16
#define SRS_SECRET_LEAST 8 /* bytes */

struct srs_settings {
	struct str domain, secrets;
	struct span secret[SRS_SECRETS_MOST]; /* in secrets */
	unsigned secret_count;
	struct srs srs; /* the hash is ours, the context this struct */
};

/*
 * srs_settings_init: what counts without a word of the administrator; no domain, no
 * secret.  The struct must not be moved then.
 *   now   seconds since 1970
 */
void srs_settings_init(struct srs_settings *settings, int64_t now);

/*
 * srs_settings_secrets, srs_settings_domain: take a text, of which copies are made:
 * secrets one a line; a domain.
 * Return NULL, or words: what is wrong with it.
 */
MUST_CHECK const char *
srs_settings_secrets(struct srs_settings *settings, struct span lines);
MUST_CHECK const char *
srs_settings_domain(struct srs_settings *settings, struct span domain);

/* srs_settings_form: the separator, and the letters of a hash that are written.
 * Returns false: such cannot be. */
MUST_CHECK bool srs_settings_form(
    struct srs_settings *settings, char separator, uint64_t hash_length);

/*
 * srs_settings_read: reads control/srs_domain, srs_secrets, srs_separator,
 * srs_hashlength and srs_maxage.
 * Returns NULL, or words: what is wrong.
 */
MUST_CHECK const char *srs_settings_read(struct srs_settings *settings);

/* srs_settings_free: wipes the secrets. */
void srs_settings_free(struct srs_settings *settings);

/* srs_digest: HMAC-SHA1 (RFC 2104) by OpenSSL.  Returns false if that fails. */
MUST_CHECK bool srs_digest(
    struct span secret, struct span text, unsigned char digest[SRS_DIGEST]);

#endif
