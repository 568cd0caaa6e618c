/* logevent_fuzz.c - any bytes as a line of a log; its parts stay inside. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/logevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_inside(struct span part, struct span all)
{
	must(part.len == 0 ||
	    (part.s >= all.s && part.s + part.len <= all.s + all.len));
}

static void
check_word(struct span word, struct span all)
{
	check_inside(word, all);
	must(!span_has(word, ' ') && !span_has(word, '\t'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size), line = all;
	struct logstamp stamp = { 0, 0 }, again = { 0, 0 };
	struct logevent event;
	struct str text = STR_INIT;

	if (logstamp_cut(&line, &stamp)) {
		must(stamp.seconds >= 0 &&
		    stamp.seconds <= LOGSTAMP_SECONDS_MAX &&
		    stamp.nanoseconds < 1000000000);
		must(line.len < all.len);
		line = all;
		logstamp_add_decimal(&text, logevent_cut_word(&line));
		must(logstamp_parse(str_span(&text), &again) &&
		    again.seconds == stamp.seconds &&
		    again.nanoseconds == stamp.nanoseconds);
	}
	logevent_parse(line, &event);
	check_inside(event.words, all);
	check_word(event.sender, all);
	check_word(event.channel, all);
	check_word(event.recipient, all);
	check_inside(event.reason, all);
	if (event.kind == LOGEVENT_DELIVERY && event.result != LOGEVENT_MANGLED)
		check_word(event.reason, all);
	str_free(&text);
	return 0;
}
