/* verifydoor.c - how a filter has a message checked.  Input: from peers of ours; what
 * strangers chose is in it */
#include "net/verifydoor.h"

#include <errno.h>

#include "mail/address.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define HELO_MAX 512u /* bytes of a name that are told */

/* Header fields, and nothing that would end the header: so no empty line. */
static bool
are_fields(struct span text)
{
	if (text.len == 0)
		return true;
	if (text.s[text.len - 1] != '\n' || text.s[0] == '\n' ||
	    text.s[0] == ' ' || text.s[0] == '\t')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (text.s[i] == '\n' && text.s[i - 1] == '\n')
			return false;
	return true;
}

static bool
parse_answer(struct span record, struct verifydoor_answer *answer)
{
	struct span domain, fields;

	if (record.len < 4 || record.s[0] != 'A' ||
	    !span_has(SPAN("nqrf"), record.s[1]))
		return false;
	answer->wish = (enum verifydoor_wish)record.s[1];
	record = span_from(record, 2);
	if (!span_cut_next(&record, '\0', &domain) ||
	    !span_cut_next(&record, '\0', &fields) || record.len ||
	    !are_fields(fields))
		return false;
	str_set(&answer->domain, domain);
	str_set(&answer->fields, fields);
	return true;
}

static int
exchange(int door, struct span question, int message,
    struct verifydoor_answer *answer)
{
	struct str record = STR_INIT;
	ssize_t got = -1;

	str_reserve(&record, VERIFYDOOR_RECORD_MAX);
	if (fdpass_set_timeout(door, VERIFYDOOR_SECONDS) == 0 &&
	    fdpass_send(door, question, message) == 0)
		got =
		    fdpass_receive(door, record.s, VERIFYDOOR_RECORD_MAX, NULL);
	if (got >= 0 &&
	    !parse_answer(span_make(record.s, (size_t)got), answer)) {
		got = -1;
		errno = EPROTO;
	}
	str_free(&record);
	return got < 0 ? -1 : 0;
}

int
verifydoor_ask(const char *home, const struct verifydoor_question *question,
    int message, struct verifydoor_answer *answer)
{
	struct str text = STR_INIT;
	int door, result = -1, number;

	str_add_z(&text, home);
	str_add_z(&text, "/" VERIFYDOOR_PATH);
	door = door_connect(str_z(&text));
	str_reset(&text);
	str_add_byte(&text, 'Q');
	str_add_field(&text, question->ip);
	str_add_field(&text, span_upto(question->helo, HELO_MAX));
	str_add_field(&text, span_upto(question->sender, ADDRESS_MAX));
	if (door >= 0)
		result = exchange(door, str_span(&text), message, answer);
	number = errno;
	fd_close(door);
	str_free(&text);
	errno = number;
	return result;
}

bool
verifydoor_parse(struct span record, struct verifydoor_question *question)
{
	if (record.len < 4 || record.s[0] != 'Q' ||
	    record.s[record.len - 1] != '\0')
		return false;
	record = span_from(record, 1);
	return span_cut_next(&record, '\0', &question->ip) &&
	    span_cut_next(&record, '\0', &question->helo) &&
	    span_cut_next(&record, '\0', &question->sender) && record.len == 0;
}

void
verifydoor_format(struct str *record, enum verifydoor_wish wish,
    struct span domain, struct span fields)
{
	str_reset(record);
	str_add_byte(record, 'A');
	str_add_byte(record, (char)wish);
	str_add_field(record, domain);
	str_add_field(record, fields);
}

void
verifydoor_answer_free(struct verifydoor_answer *answer)
{
	str_free(&answer->domain);
	str_free(&answer->fields);
}
