/* inject_fail.c - every way in which qmail-inject fails. */
#include "inject_fail.h"

#include <unistd.h>

#include "base/ascii.h"
#include "base/str.h"
#include "sys/out.h"

#define WHAT_MAX 200 /* bytes of a culprit that are shown */

/* Every way to fail. */
static const struct {
	int exit_code;
	const char *text;
} faults[] = {
	[FAULT_USAGE] = { INJECT_PERMANENT,
	    "usage: qmail-inject [-aAhHlnN] [-f sender] [-D ret-envid] "
	    "[-d notify] [recipient ...]" },
	[FAULT_HOME] = { INJECT_TEMPORARY, "cannot enter the folder " },
	[FAULT_CONTROL] = { INJECT_TEMPORARY, "cannot read " },
	[FAULT_CONTROL_VALUE] = { INJECT_TEMPORARY, "no host name in " },
	[FAULT_FOLLOWUP_FILE] = { INJECT_TEMPORARY,
	    "cannot read QMAILMFTFILE " },
	[FAULT_HOST_SYNTAX] = { INJECT_PERMANENT, "not a host name: " },
	[FAULT_ADDRESS_SYNTAX] = { INJECT_PERMANENT, "not an address: " },
	[FAULT_FIELD_SYNTAX] = { INJECT_PERMANENT,
	    "cannot parse the addresses in " },
	[FAULT_NO_RECIPIENT] = { INJECT_PERMANENT,
	    "nobody is named as recipient" },
	[FAULT_HEADER_SIZE] = { INJECT_TEMPORARY, "the header is too large" },
	[FAULT_MEMORY] = { INJECT_TEMPORARY, "out of memory" },
	[FAULT_READ] = { INJECT_TEMPORARY, "cannot read the message" },
	[FAULT_WRITE] = { INJECT_TEMPORARY, "cannot write the message" },
	[FAULT_START] = { INJECT_TEMPORARY,
	    "cannot run the queue program (#4.3.0)" },
};

/* Says what happened, in one write, and exits. */
static void
say(const char *weight, struct span text, struct span what)
{
	char buffer[1024];
	struct out out;

	out_init(&out, 2, buffer, sizeof(buffer));
	what = span_upto(what, WHAT_MAX);
	(void)out_add_z(&out, "qmail-inject: ");
	(void)out_add_z(&out, weight);
	(void)out_add_z(&out, ": ");
	(void)out_add(&out, text);
	for (size_t i = 0; i < what.len; i++) {
		bool is_safe = ascii_is_printable(what.s[i]);

		(void)out_add(&out, span_make(is_safe ? &what.s[i] : "?", 1));
	}
	(void)out_add_z(&out, "\n");
	(void)out_flush(&out); /* nobody else to tell */
}

NORETURN static void
leave(int exit_code, struct span text, struct span what)
{
	say("fatal", text, what);
	_exit(exit_code);
}

void
inject_warn(enum inject_fault fault, struct span what)
{
	say("warning", span_of(faults[fault].text), what);
}

void
inject_fail(enum inject_fault fault, struct span what)
{
	leave(faults[fault].exit_code, span_of(faults[fault].text), what);
}

void
inject_refused(const struct verdict *verdict)
{
	struct str text = STR_INIT;

	str_add(&text, verdict->text);
	if (!verdict->is_custom) {
		str_add_z(&text, " (#");
		str_add_z(&text, verdict->status);
		str_add_byte(&text, ')');
	}
	leave(verdict->letter == VERDICT_PERMANENT ? INJECT_PERMANENT
						   : INJECT_TEMPORARY,
	    str_span(&text), SPAN(""));
}
