/* forwardtext_fuzz.c - instructions of setforward: what is written of them reads
 * the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/forwarddata.h"
#include "mail/forwardtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads all; appends the commands, and writes them anew. */
static enum forwardtext_event
read_all(struct span input, struct str *commands, struct str *written)
{
	struct forwardtext text = { .rest = input };
	enum forwardtext_event event;

	while ((event = forwardtext_next(&text)) != FORWARDTEXT_END &&
	    event != FORWARDTEXT_FAULT) {
		if (event == FORWARDTEXT_DONE)
			continue;
		str_add_field(commands, str_span(&text.target));
		str_add_field(commands, str_span(&text.word));
		forwardtext_add(written, str_span(&text.target));
		str_add_z(written, event == FORWARDTEXT_OWNER ? ":?" : ":");
		forwardtext_add(written, str_span(&text.word));
		str_add_z(written, ";");
	}
	forwardtext_free(&text);
	return event;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size), command;
	struct str commands = STR_INIT, again = STR_INIT;
	struct str written = STR_INIT, rewritten = STR_INIT;

	while (forwarddata_next(&input, &command) > 0)
		must(input.len < size);
	(void)read_all(
	    span_make((const char *)data, size), &commands, &written);
	must(read_all(str_span(&written), &again, &rewritten) ==
	    FORWARDTEXT_END);
	must(span_equal(str_span(&commands), str_span(&again)));
	must(span_equal(str_span(&written), str_span(&rewritten)));
	str_free(&commands);
	str_free(&again);
	str_free(&written);
	str_free(&rewritten);
	return 0;
}
