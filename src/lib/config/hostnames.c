/*
 * hostnames.c - how ofmipd and new-inject complete addresses.
 * Input: trusted
 */
#include "config/hostnames.h"

#include <stdlib.h>

#include "config/control.h"
#include "config/home.h"
#include "mail/hostrules.h"

/* The variable, unless it is NULL, else the control file, else control/me.
 * 1, 0, -1. */
static int
read_name(struct str *value, const char *variable, const char *control)
{
	const char *given = variable ? getenv(variable) : NULL;

	if (!given)
		return control_read_line_or_me(control, value, NULL);
	str_set(value, span_of(given));
	return 1;
}

/* Who completes hosts, and how. */
struct completion {
	bool listens; /* to the environment */
	void (*add)(struct str *rules, struct span default_host,
	    struct span plus_domain, struct span default_domain);
	struct str *rules, *default_host;
};

static int
read_completion(void *context)
{
	struct completion *how = context;
	struct str domain = STR_INIT, plus = STR_INIT;
	int host = read_name(how->default_host,
		how->listens ? "QMAILDEFAULTHOST" : NULL,
		"control/defaulthost"),
	    found =
		read_name(&domain, how->listens ? "QMAILDEFAULTDOMAIN" : NULL,
		    "control/defaultdomain");

	if (found > 0)
		found =
		    read_name(&plus, how->listens ? "QMAILPLUSDOMAIN" : NULL,
			"control/plusdomain");
	if (host <= 0)
		found = host;
	if (found > 0)
		how->add(how->rules, str_span(how->default_host),
		    str_span(&plus), str_span(&domain));
	str_free(&domain);
	str_free(&plus);
	return found;
}

static int
read_defaults(struct hostnames *names)
{
	struct completion how = { true, hostrules_add_defaults, &names->rules,
		&names->default_host };

	return read_completion(&how);
}

int
hostnames_read_completion(struct str *rules, bool listens)
{
	struct str default_host = STR_INIT;
	struct completion how = { listens, hostrules_add_completion, rules,
		&default_host };
	int found = home_visit(read_completion, &how);

	str_free(&default_host);
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
