/*
 * iftocc.c - tells whether a message names its recipient in To or Cc.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the message on fd 0; RECIPIENT from the environment.
 * Writes    nothing: its exit code is the answer.
 * Source    iftocc(1).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mess_input.h"
#include "queue/headerin.h"
#include "sys/error.h"

#define NOT_FOUND_EXIT 100

/* Whether an address is one of those asked for. */
static bool
is_wanted(struct span address, int argc, char **argv)
{
	const char *recipient = getenv("RECIPIENT");

	if (argc < 2)
		return recipient &&
		    span_equal_nocase(address, span_of(recipient));
	for (int i = 1; i < argc; i++)
		if (span_equal_nocase(address, span_of(argv[i])))
			return true;
	return false;
}

static bool
has_wanted(struct span body, int argc, char **argv)
{
	struct mailboxes list = MAILBOXES_INIT;
	struct str address = STR_INIT;
	bool found = false;

	/* Those behind too many are not looked at. */
	(void)!mailboxes_parse(&list, body, MAILBOXES_MAX);
	for (size_t i = 0; i < list.all.len && !found; i++) {
		str_reset(&address);
		mailboxes_add_address(&address, &list.all.at[i]);
		found = is_wanted(str_span(&address), argc, argv);
	}
	str_free(&address);
	mailboxes_free(&list);
	return found;
}

int
main(int argc, char **argv)
{
	struct str header = STR_INIT;
	struct span rest, field;
	bool found = false;

	must_hooks(111, NULL);
	/* What stands before it on the line may have read. */
	if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
		error_exit("iftocc", "cannot go back in the message");
	mess_input_read("iftocc", &header);
	rest = str_span(&header);
	while (!found && headerin_next(&rest, &field)) {
		size_t colon;
		enum header_field which =
		    header_identify(header_name(field, &colon));

		if (which == HEADER_TO || which == HEADER_CC)
			found =
			    has_wanted(span_from(field, colon + 1), argc, argv);
	}
	str_free(&header);
	return found ? 0 : NOT_FOUND_EXIT;
}
