/* verdict.c - what an exit code of qmail-queue means. */
#include "queue/verdict.h"

#include <stddef.h>

struct meaning {
	int first, last; /* exit codes */
	enum verdict_letter letter;
	const char *status;
	const char *text;
};

static const struct meaning meanings[] = {
	{ 0, 0, VERDICT_ACCEPTED, "2.0.0", "queued" },
	{ 11, 11, VERDICT_PERMANENT, "5.1.3", "an address is too long" },
	{ 115, 115, VERDICT_PERMANENT, "5.1.3", "an address is too long" },
	{ 31, 31, VERDICT_PERMANENT, "5.3.0", "the message is refused" },
	{ 12, 40, VERDICT_PERMANENT, "5.3.0", "the message is refused" },
	{ 51, 51, VERDICT_TEMPORARY, "4.3.0", "out of memory" },
	{ 52, 52, VERDICT_TEMPORARY, "4.3.0", "queueing took too long" },
	{ 53, 53, VERDICT_TEMPORARY, "4.3.0", "cannot write to the queue" },
	{ 54, 54, VERDICT_TEMPORARY, "4.3.0", "the message came incomplete" },
	{ 55, 55, VERDICT_TEMPORARY, "4.3.0", "cannot read configuration" },
	{ 56, 56, VERDICT_TEMPORARY, "4.3.0", "the network is in trouble" },
	{ 61, 66, VERDICT_TEMPORARY, "4.3.0", "the queue is not usable now" },
	{ 71, 71, VERDICT_TEMPORARY, "4.3.0", "the mail server refuses now" },
	{ 72, 72, VERDICT_TEMPORARY, "4.4.1",
	    "the server did not answer in time" },
	{ 73, 73, VERDICT_TEMPORARY, "4.4.1", "no connection to the server" },
	{ 74, 74, VERDICT_TEMPORARY, "4.4.2", "the connection was lost" },
	{ 81, 81, VERDICT_TEMPORARY, "4.3.0", "a fault in the queue program" },
	{ 91, 91, VERDICT_TEMPORARY, "4.3.0", "the envelope is malformed" },
	{ 120, 120, VERDICT_TEMPORARY, "4.3.0",
	    "cannot run the queue program" },
};

static const struct meaning unknown = { 0, 0, VERDICT_TEMPORARY, "4.3.0",
	"the queue program failed" };

static struct verdict
custom_verdict(struct span custom)
{
	bool is_permanent = custom.s[0] == VERDICT_PERMANENT;
	struct verdict verdict = { VERDICT_TEMPORARY, "4.3.0",
		span_from(custom, 1), true, VERDICT_CUSTOM_EXIT };

	if (is_permanent) {
		verdict.letter = VERDICT_PERMANENT;
		verdict.status = "5.3.0";
	}
	return verdict;
}

struct verdict
verdict_of_exit(int exit_code, struct span custom)
{
	const struct meaning *found = &unknown;

	if (exit_code == VERDICT_CUSTOM_EXIT && custom.len >= 3)
		return custom_verdict(span_upto(custom, VERDICT_CUSTOM_MAX));
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (exit_code >= meanings[i].first &&
		    exit_code <= meanings[i].last) {
			found = &meanings[i];
			break;
		}
	return (struct verdict){ found->letter, found->status,
		span_of(found->text), false, exit_code };
}
