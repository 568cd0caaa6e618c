/*
 * hostnames.c - how ofmipd and new-inject complete addresses.
 * Input: trusted
 */
#include "config/hostnames.h"

#include <stdlib.h>

#include "config/control.h"
#include "mail/hostrules.h"

/* The variable, else the control file, else control/me.  1, 0, -1. */
static int
read_name(struct str *value, const char *variable, const char *control)
{
	const char *given = getenv(variable);

	if (!given)
		return control_read_line_or_me(control, value, NULL);
	str_set(value, span_of(given));
	return 1;
}

static int
read_defaults(struct hostnames *names)
{
	struct str domain = STR_INIT, plus = STR_INIT;
	int host = read_name(&names->default_host, "QMAILDEFAULTHOST",
		"control/defaulthost"),
	    found = read_name(
		&domain, "QMAILDEFAULTDOMAIN", "control/defaultdomain");

	if (found > 0)
		found =
		    read_name(&plus, "QMAILPLUSDOMAIN", "control/plusdomain");
	if (host <= 0)
		found = host;
	if (found > 0)
		hostrules_add_defaults(&names->rules,
		    str_span(&names->default_host), str_span(&plus),
		    str_span(&domain));
	str_free(&domain);
	str_free(&plus);
	return found;
}

int
hostnames_read(struct hostnames *names, const char *rules_file)
{
	int found =
	    rules_file ? control_read_list(rules_file, &names->rules) : 0;

	if (found == 0)
		found = control_read_list("control/rewrite", &names->rules);
	if (found == 0)
		found = read_defaults(names);
	if (found > 0)
		found =
		    read_name(&names->id_host, "QMAILIDHOST", "control/idhost");
	return found;
}

void
hostnames_free(struct hostnames *names)
{
	str_free(&names->rules);
	str_free(&names->default_host);
	str_free(&names->id_host);
}
