/* srs_settings.c - how addresses are rewritten.  Input: trusted */
#include <errno.h>

#include "base/secret.h"
#include "config/control.h"
#include "mail/address.h"
#include "srs.h"
#include "sys/file.h"

#define SECRETS_MAX 16384 /* bytes of the file */
#define DAY	    86400

static bool
hash(void *context, unsigned secret, struct span text,
    unsigned char digest[SRS_DIGEST])
{
	const struct srs_settings *settings = context;

	return secret < settings->secret_count &&
	    srs_digest(settings->secret[secret], text, digest);
}

void
srs_settings_init(struct srs_settings *settings, int64_t now)
{
	*settings = (struct srs_settings){ .domain = STR_INIT,
		.secrets = STR_INIT,
		.srs = { .separator = '=',
		    .hash_length = SRS_HASH_LEAST,
		    .age = SRS_AGE_DEFAULT,
		    .day = now > 0 ? (uint64_t)now / DAY : 0,
		    .hash = hash,
		    .context = settings } };
}

/* Cuts the secrets, which stay where they are, so that they are wiped. */
static const char *
cut_secrets(struct srs_settings *settings)
{
	struct span rest = str_span(&settings->secrets), line;

	while (span_cut_next(&rest, '\n', &line)) {
		line = control_clean_line(line);
		if (line.len == 0 || line.s[0] == '#')
			continue;
		if (line.len < SRS_SECRET_LEAST)
			return "a secret has less than 8 bytes";
		if (settings->secret_count == SRS_SECRETS_MOST)
			return "there are more than 16 secrets";
		settings->secret[settings->secret_count++] = line;
	}
	return settings->secret_count ? NULL : "there is no secret";
}

const char *
srs_settings_secrets(struct srs_settings *settings, struct span lines)
{
	str_reserve(&settings->secrets, lines.len + 1);
	str_add(&settings->secrets, lines);
	if (!span_ends(lines, SPAN("\n")))
		str_add_byte(&settings->secrets, '\n');
	return cut_secrets(settings);
}

const char *
srs_settings_domain(struct srs_settings *settings, struct span domain)
{
	if (domain.len == 0 || !address_is_domain(domain))
		return "it is no domain";
	str_set(&settings->domain, domain);
	settings->srs.domain = str_span(&settings->domain);
	return NULL;
}

bool
srs_settings_form(
    struct srs_settings *settings, char separator, uint64_t hash_length)
{
	if (!span_has(SPAN("=+-"), separator) || hash_length < SRS_HASH_LEAST ||
	    hash_length > SRS_HASH_MOST)
		return false;
	settings->srs.separator = separator;
	settings->srs.hash_length = (unsigned)hash_length;
	return true;
}

/* ---- control files ---- */

static const char *
read_domain(struct srs_settings *settings)
{
	struct str value = STR_INIT;
	int got = control_read_line("control/srs_domain", &value);
	const char *wrong = "cannot read control/srs_domain";

	if (got == 0)
		wrong = "there is no control/srs_domain";
	else if (got > 0 && srs_settings_domain(settings, str_span(&value)))
		wrong = "control/srs_domain is no domain";
	else if (got > 0)
		wrong = NULL;
	str_free(&value);
	return wrong;
}

static const char *
read_secrets(struct srs_settings *settings)
{
	str_reserve(&settings->secrets, SECRETS_MAX + 1);
	if (file_read("control/srs_secrets", &settings->secrets, SECRETS_MAX) <
	    0)
		return errno == ENOENT ? "there is no control/srs_secrets"
				       : "cannot read control/srs_secrets";
	str_add_byte(&settings->secrets, '\n');
	return cut_secrets(settings) ? "control/srs_secrets: it needs 1 to 16 "
				       "lines of 8 bytes or more"
				     : NULL;
}

static const char *
read_form(struct srs_settings *settings)
{
	struct str separator = STR_INIT;
	uint64_t length = SRS_HASH_LEAST, age = SRS_AGE_DEFAULT;
	const char *wrong = NULL;
	char byte;

	str_set(&separator, SPAN("="));
	if (control_read_line("control/srs_separator", &separator) < 0 ||
	    control_read_number("control/srs_hashlength", 1000, &length) < 0 ||
	    control_read_number("control/srs_maxage", 100000, &age) < 0)
		wrong = "cannot read control/srs_separator, srs_hashlength or "
			"srs_maxage";
	byte = separator.len == 1 ? separator.s[0] : 'x';
	if (!wrong && !srs_settings_form(settings, byte, length))
		wrong =
		    "control/srs_separator is =, + or -, srs_hashlength 4 to "
		    "26";
	if (!wrong && (age == 0 || age > SRS_AGE_MOST))
		wrong = "control/srs_maxage is 1 to 1000";
	settings->srs.age = (unsigned)age;
	str_free(&separator);
	return wrong;
}

const char *
srs_settings_read(struct srs_settings *settings)
{
	const char *wrong = read_domain(settings);

	if (!wrong)
		wrong = read_secrets(settings);
	return wrong ? wrong : read_form(settings);
}

void
srs_settings_free(struct srs_settings *settings)
{
	secret_wipe(settings->secrets.s, settings->secrets.len);
	str_free(&settings->secrets);
	str_free(&settings->domain);
	settings->secret_count = 0;
}
