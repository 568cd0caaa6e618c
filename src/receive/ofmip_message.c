/*
 * ofmip_message.c - the message: its header put in order.
 * Input: hostile
 */
#include "ofmip.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "config/home.h"
#include "mail/hops.h"
#include "mail/tidylines.h"
#include "queue/inject.h"
#include "sys/clock.h"
#include "sys/random.h"

/* A message that comes in. */
struct passage {
	struct ofmip *ofmip;
	struct inject inject;
	bool is_open, is_body;
	struct tidylines lines; /* the header */
	struct tidylines_wishes wishes;
	struct hops hops; /* fields that tell of a loop */
	bool has_cr;	  /* the piece of a line before ended in one */
};

static struct span
environment(const char *name)
{
	return span_of(getenv(name));
}

/* Words of a stranger, fit for a field. */
static void
add_clean(struct str *text, struct span words)
{
	words = span_upto(words, 255);
	for (size_t i = 0; i < words.len; i++)
		str_add_byte(text,
		    ascii_is_alnum(words.s[i]) ||
			    span_has(SPAN(".@%+/=:-[]"), words.s[i])
			? words.s[i]
			: '?');
}

static void
add_received(struct str *text)
{
	struct span ip = environment("TCPREMOTEIP");
	struct span user = environment("TCPREMOTEINFO");

	str_add_z(text, "Received: (ofmipd ");
	if (user.len) {
		add_clean(text, user);
		str_add_byte(text, '@');
	}
	add_clean(text, ip.len ? ip : SPAN("unknown"));
	str_add_z(text, "); ");
	date_add_utc(text, clock_seconds());
	str_add_byte(text, '\n');
}

/* ---- the header ---- */

/* The From of the database, or the sender where there is none. */
static void
add_from(struct passage *passage)
{
	struct ofmip *ofmip = passage->ofmip;
	struct span sender = str_span(&ofmip->sender);
	size_t at = span_find_last(sender, '@');
	struct mailbox mailbox = MAILBOX_INIT;

	if (!ofmip->has_name && tidyhead_has(&passage->lines.head, HEADER_FROM))
		return;
	if (ofmip->has_name)
		str_set(&mailbox.name, str_span(&ofmip->name));
	str_set(&mailbox.local_part, span_upto(sender, at));
	str_set(&mailbox.host, span_from(sender, at + 1));
	tidyhead_add(&passage->lines.head, HEADER_FROM, &mailbox);
	mailboxes_free_one(&mailbox);
}

static void
end_header(struct passage *passage)
{
	struct str text = STR_INIT;

	tidylines_end(&passage->lines, &passage->wishes);
	add_from(passage);
	add_received(&text);
	tidyhead_write(&passage->lines.head, &text, clock_seconds(),
	    str_span(&passage->ofmip->names.id_host), random_u64());
	if (passage->is_open)
		inject_message(&passage->inject, str_span(&text));
	passage->is_body = true;
	str_free(&text);
}

/* A line of the header, with its LF, or the first behind it. */
static void
take_header_line(struct passage *passage, struct span line)
{
	hops_add(&passage->hops, line);
	switch (tidylines_take(&passage->lines, &passage->wishes, line)) {
	case TIDYLINES_TAKEN:
		return;
	case TIDYLINES_TOO_LARGE:
		passage->is_body = true;
		return;
	case TIDYLINES_BODY:
		break;
	}
	end_header(passage);
	if (line.len > 1 && passage->is_open)
		inject_message(&passage->inject, SPAN("\n"));
	if (passage->is_open)
		inject_message(&passage->inject, line);
}

/* ---- the text ---- */

/* Nothing is queued. */
static void
drop(struct passage *passage)
{
	if (!passage->is_open)
		return;
	inject_break(&passage->inject);
	(void)inject_close(&passage->inject);
}

/* Reads up to a line end into *line, or as much as it may hold.  Returns
 * whether the end is there. */
static bool
read_line(struct passage *passage, struct str *line)
{
	struct ofmip *ofmip = passage->ofmip;
	int got;

	str_reset(line);
	if (passage->has_cr)
		str_add_byte(line, '\r');
	passage->has_cr = false;
	got = in_read_until(&ofmip->in, '\n', line,
	    passage->is_body ? OFMIP_IN_BUFFER : TIDYLINES_MAX);
	if (got > 0)
		return true;
	if (got < 0 && errno == EMSGSIZE)
		return false;
	drop(passage);
	ofmip_end(
	    ofmip, got < 0 && errno == ETIMEDOUT ? OFMIP_TIMEOUT : OFMIP_GONE);
}

/* A line, or a part of one; is_start: it begins here.  CR LF becomes LF, and a
 * dot in front goes. */
static void
take_line(
    struct passage *passage, struct str *line, bool is_start, bool is_whole)
{
	struct span text;

	if (is_whole && span_ends(str_span(line), SPAN("\r\n"))) {
		str_cut(line, line->len - 2);
		str_add_byte(line, '\n');
	}
	/* The LF that belongs to it may come with the next piece. */
	if (!is_whole && span_ends(str_span(line), SPAN("\r"))) {
		str_cut(line, line->len - 1);
		passage->has_cr = true;
	}
	text = str_span(line);
	if (is_start && text.len && text.s[0] == '.')
		text = span_from(text, 1);
	if (text.len == 0)
		return;
	if (!passage->is_body)
		take_header_line(passage, text);
	else if (passage->is_open && !tidylines_find_fault(&passage->lines))
		inject_message(&passage->inject, text);
}

static bool
is_end(struct span line)
{
	return span_equal(line, SPAN(".\n")) || span_equal(line, SPAN(".\r\n"));
}

static void
read_text(struct passage *passage)
{
	struct str line = STR_INIT;
	bool is_start = true;

	for (;;) {
		bool is_whole = read_line(passage, &line);

		if (is_start && is_whole && is_end(str_span(&line)))
			break;
		take_line(passage, &line, is_start, is_whole);
		is_start = is_whole;
	}
	if (!passage->is_body)
		end_header(passage);
	str_free(&line);
}

/* ---- the end ---- */

/* What is wrong with the message itself, as a reply; NULL: nothing. */
static const char *
find_fault(const struct passage *passage)
{
	if (!passage->is_open)
		return "451 4.3.0 cannot run the queue program";
	if (passage->hops.count >= HOPS_MAX)
		return "554 5.4.6 passed on too often; a loop?";
	return tidylines_find_fault(&passage->lines);
}

/* Without any memory: if that were out now, the message would come again. */
static void
reply_verdict(struct ofmip *ofmip, const struct verdict *verdict)
{
	struct out *out = &ofmip->out;

	(void)out_add_z(out,
	    verdict->letter == VERDICT_ACCEPTED	       ? "250 "
		: verdict->letter == VERDICT_TEMPORARY ? "451 "
						       : "554 ");
	(void)out_add_z(out, verdict->status);
	(void)out_add_z(out, " ");
	for (size_t i = 0; i < verdict->text.len; i++) {
		char c = verdict->text.s[i];

		(void)out_add(
		    out, ascii_is_control(c) ? SPAN("?") : span_make(&c, 1));
	}
	(void)out_add_z(out, "\r\n");
}

void
ofmip_receive(struct ofmip *ofmip)
{
	static struct passage passage;
	struct span rest = str_span(&ofmip->recipients), recipient;
	struct verdict verdict;
	const char *fault;

	passage = (struct passage){ .ofmip = ofmip,
		.wishes = { .rules = str_span(&ofmip->names.rules),
		    .is_without_from = ofmip->has_name } };
	tidylines_begin(&passage.lines);
	ofmip_reply(ofmip, "354 go ahead");
	passage.is_open = inject_open(&passage.inject, home_dir,
			      INJECT_SUBMITTED | INJECT_FILTERED) == 0;
	read_text(&passage);
	fault = find_fault(&passage);
	if (fault) {
		drop(&passage);
		ofmip_reply(ofmip, fault);
	} else {
		inject_sender(&passage.inject, str_span(&ofmip->sender));
		while (span_cut_next(&rest, '\0', &recipient))
			inject_recipient(&passage.inject, recipient);
		verdict = inject_close(&passage.inject);
		reply_verdict(ofmip, &verdict);
	}
	tidylines_free(&passage.lines);
}
