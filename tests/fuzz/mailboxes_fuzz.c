/* mailboxes_fuzz.c - lists of mailboxes: what is written reads the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/date.h"
#include "mail/mailboxes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_list(const struct mailboxes *list, struct str *text)
{
	for (size_t i = 0; i < list->all.len; i++) {
		if (i > 0)
			str_add_z(text, ", ");
		mailboxes_add_written(text, &list->all.at[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct mailboxes list = MAILBOXES_INIT, again = MAILBOXES_INIT;
	struct str text = STR_INIT;
	struct date date;

	if (date_parse(input, &date)) {
		must(date.offset > -100 * 3600 && date.offset < 100 * 3600);
		date_add(&text, &date);
		str_reset(&text);
	}
	must(mailboxes_parse(&list, input, SIZE_MAX));
	must(list.all.len <= size + 1);
	write_list(&list, &text);
	must(!span_has(str_span(&text), '\n'));
	must(!span_has(str_span(&text), '\r'));
	must(!span_has(str_span(&text), '\0'));
	must(mailboxes_parse(&again, str_span(&text), list.all.len));
	must(again.all.len == list.all.len);
	mailboxes_free(&again);
	if (list.all.len)
		must(!mailboxes_parse(&again, input, list.all.len - 1));
	str_free(&text);
	mailboxes_free(&list);
	mailboxes_free(&again);
	return 0;
}
