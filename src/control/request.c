/*
 * request.c - requests, and which verb they mean.
 * Input: hostile
 */
#include <errno.h>

#include "base/scan.h"
#include "mail/address.h"
#include "queue/record.h"
#include "sys/error.h"
#include "verbs.h"

static const struct verb looking[] = {
	{ .name = "list", .run = verbs_list },
	{ .name = "show", .run = verbs_show, .needs_selection = true },
	{ .name = "stat", .run = verbs_stat },
	{ .name = "stat short", .run = verbs_stat, .is_short = true },
	{ .name = "stat picture", .run = verbs_stat, .shows_picture = true },
	{ .name = CONTROLDOOR_FIGURES, .run = verbs_figures },
};

#define LOOKING (sizeof(looking) / sizeof(*looking))

struct request {
	const struct verb *verb;
	struct selection selection;
	struct str addresses[2];
	unsigned address_count;
};

static const struct verb *
find_in(const struct verb *verbs, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(name, span_of(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static const struct verb *
find_verb(const struct control *control, struct span name)
{
	const struct verb *found = find_in(looking, LOOKING, name);

	return found ? found
		     : find_in(control->changes, control->change_count, name);
}

static const char *
refuse_condition(char letter)
{
	if (letter == CONTROLDOOR_STATE)
		return "a state is waiting, new, delivering, held or ending\n";
	if (letter == CONTROLDOOR_CHANNEL)
		return "a channel is local or remote\n";
	return "this cannot be understood; see qmail-qctl(8)\n";
}

/* As it stands in an envelope; not as in a header. */
static bool
is_address(struct span text)
{
	struct span domain = address_domain(text);

	return domain.len && text.len > domain.len + 1 &&
	    text.len <= ADDRESS_MAX && address_is_domain(domain) &&
	    address_is_sendable(text);
}

/* Of a verb that needs addresses: the old one, and the new. */
static const char *
check_addresses(const struct request *request)
{
	if (request->address_count != 2)
		return "two addresses are needed: the old one, and the new\n";
	if (request->selection.numbers.len != 1)
		return "the number of one message is needed\n";
	if (!is_address(str_span(&request->addresses[1])))
		return "the new address has to be user@host, without name or "
		       "brackets\n";
	return NULL;
}

/* Returns NULL, or what is wrong with it. */
static const char *
parse(const struct control *control, struct span rest, struct request *request)
{
	struct span value;
	char letter;

	if (!record_next_is(&rest, CONTROLDOOR_VERB, &value) ||
	    !(request->verb = find_verb(control, value)))
		return control->orders == -1
		    ? "qmail-send does not run, or qmail-qctld has no socket; "
		      "list, show and stat are possible\n"
		    : "there is no such verb; see qmail-qctl(8)\n";
	while (record_next(&rest, &letter, &value))
		if (letter == CONTROLDOOR_ADDRESS && request->address_count < 2)
			str_set(&request->addresses[request->address_count++],
			    value);
		else if (!selection_add(&request->selection, letter, value))
			return refuse_condition(letter);
	if (rest.len)
		return "the request is malformed\n";
	if (request->verb->addresses)
		return check_addresses(request);
	if (request->address_count)
		return refuse_condition(CONTROLDOOR_ADDRESS);
	if (request->verb->needs_selection &&
	    selection_is_empty(&request->selection))
		return "say which messages: by number, --sender, --recipient, "
		       "--domain ..., or --all\n";
	return NULL;
}

static int
refuse(struct control *control, const char *words, int code)
{
	control_flush(control);
	control->say(control->context, CONTROLDOOR_ERROR, span_of(words));
	return code;
}

static int
run(struct control *control, const struct request *request)
{
	const struct verb *verb = request->verb;
	struct str line = STR_INIT;
	int result;

	result =
	    verb->run(control, verb, &request->selection, request->addresses);
	control_flush(control);
	if (result == 0)
		return control->is_incomplete ? CONTROLDOOR_NOT_ALL
					      : CONTROLDOOR_FINE;
	str_add_z(&line, "trouble: ");
	str_add_z(&line, error_text(errno));
	str_add_byte(&line, '\n');
	result = refuse(control, str_z(&line), CONTROLDOOR_TROUBLE);
	str_free(&line);
	return result;
}

int
control_run(struct control *control, struct span text)
{
	struct request request = { .selection = SELECTION_INIT };
	const char *wrong = parse(control, text, &request);
	int code;

	if (!wrong)
		code = run(control, &request);
	else if (!request.verb && control->orders == -1)
		code = refuse(control, wrong, CONTROLDOOR_TROUBLE);
	else
		code = refuse(control, wrong, CONTROLDOOR_USAGE);

	selection_free(&request.selection);
	str_free(&request.addresses[0]);
	str_free(&request.addresses[1]);
	str_free(&control->out);
	str_free(&control->line);
	return code;
}
