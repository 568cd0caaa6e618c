/*
 * inject_header.c - reads a header and rewrites its addresses.
 * Input: hostile
 *
 * Addresses count from the right: the last address of a field is the first
 * of its recipients, as with qmail.
 */
#include "inject_parts.h"

#include <errno.h>

#include "base/ascii.h"
#include "inject_fail.h"
#include "mail/addresslist.h"
#include "mail/salvage.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* in UTF-8 */

enum action {
	ACTION_KEEP,
	ACTION_DELETE,
	ACTION_REWRITE, /* addresses, none of them a recipient */
	ACTION_RECIPIENTS,
	ACTION_SENDER /* Return-Path */
};

struct handling {
	enum action action;
	bool is_resent;	  /* makes the message a resent one */
	bool is_hidden;	  /* never shown to anyone */
	bool is_followed; /* counts for Mail-Followup-To */
};

static const struct handling handlings[HEADER_FIELDS] = {
	[HEADER_APPARENTLY_TO] = { .action = ACTION_RECIPIENTS },
	[HEADER_BCC] = { .action = ACTION_RECIPIENTS, .is_hidden = true },
	[HEADER_CC] = { .action = ACTION_RECIPIENTS, .is_followed = true },
	[HEADER_CONTENT_LENGTH] = { .action = ACTION_DELETE },
	[HEADER_ERRORS_TO] = { .action = ACTION_REWRITE },
	[HEADER_FROM] = { .action = ACTION_REWRITE },
	[HEADER_REPLY_TO] = { .action = ACTION_REWRITE },
	[HEADER_RESENT_BCC] = { .action = ACTION_RECIPIENTS,
	    .is_resent = true,
	    .is_hidden = true },
	[HEADER_RESENT_CC] = { .action = ACTION_RECIPIENTS, .is_resent = true },
	[HEADER_RESENT_DATE] = { .is_resent = true },
	[HEADER_RESENT_FROM] = { .action = ACTION_REWRITE, .is_resent = true },
	[HEADER_RESENT_MESSAGE_ID] = { .is_resent = true },
	[HEADER_RESENT_REPLY_TO] = { .action = ACTION_REWRITE,
	    .is_resent = true },
	[HEADER_RESENT_SENDER] = { .action = ACTION_REWRITE,
	    .is_resent = true },
	[HEADER_RESENT_TO] = { .action = ACTION_RECIPIENTS, .is_resent = true },
	[HEADER_RETURN_PATH] = { .action = ACTION_SENDER, .is_hidden = true },
	[HEADER_RETURN_RECEIPT_TO] = { .action = ACTION_REWRITE },
	[HEADER_SENDER] = { .action = ACTION_REWRITE },
	[HEADER_TO] = { .action = ACTION_RECIPIENTS, .is_followed = true },
};

/* Appends addresses, each ending in NUL, the last one first. */
static void
add_reversed(struct str *to, struct span addresses)
{
	while (addresses.len > 0) {
		struct span front = span_upto(addresses, addresses.len - 1);
		size_t nul = span_find_last(front, '\0');
		size_t start = nul < front.len ? nul + 1 : 0;

		str_add(to, span_from(addresses, start));
		addresses = span_upto(addresses, start);
	}
}

static void
reverse(struct str *addresses)
{
	struct str reversed = STR_INIT;

	add_reversed(&reversed, str_span(addresses));
	str_free(addresses);
	*addresses = reversed;
}

/* addresslist_call: completes the address; it is kept in letter->found. */
static void
collect_address(void *context, struct token822_list *address)
{
	struct inject_letter *letter = context;

	inject_address_complete(&letter->hosts, address);
	token822_list_add_plain(&letter->found, address);
	str_add_byte(&letter->found, '\0');
	letter->has_found = true;
}

/* Goes through the addresses of a field; they are then in letter->found. */
static enum addresslist_result
rewrite_addresses(struct inject_letter *letter, struct span name,
    struct span body, struct str *written)
{
	enum addresslist_result result;

	str_reset(&letter->found);
	letter->has_found = false;
	result = addresslist_rewrite(name, body, collect_address, letter,
	    INJECT_HEADER_MAX - letter->header.len, written);
	if (result == ADDRESSLIST_TOO_LARGE)
		inject_fail(FAULT_HEADER_SIZE, SPAN(""));
	return result;
}

static void
take_recipients(struct inject_letter *letter, const struct handling *handling)
{
	struct span rest = str_span(&letter->found), address;
	struct str present = STR_INIT; /* <> is nobody */

	while (span_cut_next(&rest, '\0', &address)) {
		if (address.len == 0)
			continue;
		str_add_field(&present, address);
		if (handling->is_followed &&
		    wordset_find(&letter->followup_lists, address, NULL))
			letter->names_followup_list = true;
	}
	add_reversed(&letter->listed[handling->is_resent], str_span(&present));
	if (handling->is_followed && !wordset_is_empty(&letter->followup_lists))
		add_reversed(&letter->followup, str_span(&present));
	str_free(&present);
}

/* Takes what can be told of a field that no list can be made of. */
static void
salvage(struct inject_letter *letter, struct span name, struct span body)
{
	if (!letter->is_lenient)
		return;
	inject_warn(FAULT_FIELD_SYNTAX, name);
	str_reset(&letter->found);
	letter->has_found = false;
	salvage_addresses(body, collect_address, letter);
}

static void
rewrite_recipients(struct inject_letter *letter, struct span field,
    struct span name, struct span body, const struct handling *handling)
{
	size_t start = letter->header.len;
	enum addresslist_result result =
	    rewrite_addresses(letter, name, body, &letter->header);

	if (result == ADDRESSLIST_MALFORMED) {
		str_set(&letter->malformed[handling->is_resent], name);
		salvage(letter, name, body);
	}
	if (result != ADDRESSLIST_MALFORMED || letter->is_lenient)
		take_recipients(letter, handling);
	if (handling->is_hidden || result != ADDRESSLIST_FINE)
		str_cut(&letter->header, start);
	if (!handling->is_hidden && result != ADDRESSLIST_FINE)
		str_add(&letter->header, field);
}

/* The first field tells; in it the last address. */
static void
take_sender(struct inject_letter *letter)
{
	struct span front, sender;
	size_t nul;

	if (letter->has_sender || !letter->has_found)
		return;
	front = span_upto(str_span(&letter->found), letter->found.len - 1);
	nul = span_find_last(front, '\0');
	sender = nul < front.len ? span_from(front, nul + 1) : front;
	str_set(&letter->sender, sender);
	letter->has_sender = true;
}

static void
rewrite_senders(struct inject_letter *letter, struct span field,
    struct span name, struct span body, const struct handling *handling)
{
	size_t start = letter->header.len;

	if (rewrite_addresses(letter, name, body, &letter->header) !=
	    ADDRESSLIST_FINE) {
		if (!letter->is_lenient)
			inject_fail(FAULT_FIELD_SYNTAX, name);
		str_cut(&letter->header, start);
		str_add(&letter->header, field);
		salvage(letter, name, body);
	}
	if (handling->action == ACTION_SENDER)
		take_sender(letter);
	if (handling->is_hidden)
		str_cut(&letter->header, start);
}

static bool
is_unwanted(const struct inject_wishes *wishes, enum header_field which)
{
	return (which == HEADER_FROM && wishes->delete_from) ||
	    (which == HEADER_MESSAGE_ID && wishes->delete_message_id) ||
	    (which == HEADER_RETURN_PATH && wishes->ignore_return_path);
}

/* Deals with a whole field, newline at its end. */
static void
take_field(struct inject_letter *letter, struct span field)
{
	size_t colon = 0;
	struct span name = header_name(field, &colon);
	struct span body = span_from(field, colon + 1);
	enum header_field which = header_identify(name);
	const struct handling *handling = &handlings[which];

	if (field.len == 0 || is_unwanted(&letter->wishes, which))
		return;
	letter->is_seen[which] = true;
	if (field.len > INJECT_HEADER_MAX - letter->header.len)
		inject_fail(FAULT_HEADER_SIZE, SPAN(""));
	switch (handling->action) {
	case ACTION_KEEP:
		str_add(&letter->header, field);
		break;
	case ACTION_DELETE:
		break;
	case ACTION_REWRITE:
	case ACTION_SENDER:
		rewrite_senders(letter, field, name, body, handling);
		break;
	case ACTION_RECIPIENTS:
		rewrite_recipients(letter, field, name, body, handling);
		break;
	}
}

static void
drop_cr(struct str *line)
{
	str_cut(line, line->len - 2);
	str_add_byte(line, '\n');
}

/* The text without empty lines at its top, if a field that is known follows
 * them; else they are the end of an empty header. */
static struct span
without_empty_lines(struct span text)
{
	struct span rest = text;

	while (rest.len && (rest.s[0] == '\n' || rest.s[0] == '\r'))
		rest = span_from(rest, 1);
	return header_identify(header_name(rest, NULL)) == HEADER_OTHER ? text
									: rest;
}

/*
 * Looks at the beginning of the message: how do lines end, and, if that is to
 * be overlooked, is there something before the header?
 */
static void
begin(struct inject_letter *letter, struct in *in)
{
	struct span bytes, rest;
	size_t end;
	int got = in_peek(in, &bytes);

	if (got < 0)
		inject_fail(FAULT_READ, SPAN(""));
	if (got == 0)
		return;
	end = span_find(bytes, '\n');
	letter->has_crlf =
	    end < bytes.len && span_ends(span_upto(bytes, end), SPAN("\r"));
	if (!letter->is_lenient)
		return;
	rest = bytes;
	if (span_starts(rest, SPAN(BYTE_ORDER_MARK)))
		rest = span_from(rest, sizeof(BYTE_ORDER_MARK) - 1);
	in_consume(in, bytes.len - without_empty_lines(rest).len);
}

/* Appends the next line, newline at its end.  Returns false at the end. */
static bool
read_line(const struct inject_letter *letter, struct in *in, struct str *line,
    size_t used)
{
	size_t start = line->len;
	int got = in_read_until(in, '\n', line, INJECT_HEADER_MAX - used);

	if (got < 0)
		inject_fail(errno == EMSGSIZE ? FAULT_HEADER_SIZE : FAULT_READ,
		    SPAN(""));
	if (got == 0 && line->len > start)
		str_add_byte(line, '\n');
	if (letter->has_crlf && span_ends(str_span(line), SPAN("\r\n")))
		drop_cr(line);
	return line->len > start;
}

/*
 * What the line is: more of the field in hand, the start of another field, or
 * the end of the header.
 */
static bool
is_continuation(struct span line, bool has_field)
{
	return has_field && ascii_is_blank(line.s[0]);
}

static bool
begins_field(const struct inject_letter *letter, struct str *line)
{
	struct str marked = STR_INIT;
	bool is_quoted =
	    letter->is_lenient && span_starts(str_span(line), SPAN(">From "));

	if (!is_quoted && !span_starts(str_span(line), SPAN("From ")))
		return header_name(str_span(line), NULL).len > 0;
	/* The separator of an mbox is kept, but as a field. */
	str_add_z(&marked, "MBOX-Line: ");
	str_add(&marked, str_span(line));
	str_free(line);
	*line = marked;
	return true;
}

void
inject_header_read(struct inject_letter *letter, struct in *in)
{
	struct str field = STR_INIT, line = STR_INIT;
	size_t used = 0;

	letter->is_at_end = true;
	begin(letter, in);
	while (read_line(letter, in, &line, used)) {
		used += line.len;
		if (!is_continuation(str_span(&line), field.len > 0)) {
			letter->is_at_end = false;
			take_field(letter, str_span(&field));
			str_reset(&field);
			letter->is_body_next =
			    span_equal(str_span(&line), SPAN("\n"));
			if (letter->is_body_next)
				break;
			if (!begins_field(letter, &line)) {
				str_set(&letter->body_start, str_span(&line));
				break;
			}
			letter->is_at_end = true;
		}
		str_add(&field, str_span(&line));
		str_reset(&line);
		if (used >= INJECT_HEADER_MAX)
			inject_fail(FAULT_HEADER_SIZE, SPAN(""));
	}
	if (letter->is_at_end)
		take_field(letter, str_span(&field));
	if (letter->takes_listed && !letter->is_lenient) {
		bool is_resent = inject_header_is_resent(letter);

		if (letter->malformed[is_resent].len > 0)
			inject_fail(FAULT_FIELD_SYNTAX,
			    str_span(&letter->malformed[is_resent]));
	}
	reverse(&letter->followup);
	str_free(&field);
	str_free(&line);
	str_free(&letter->found);
}

bool
inject_header_is_resent(const struct inject_letter *letter)
{
	for (size_t i = 0; i < HEADER_FIELDS; i++)
		if (letter->is_seen[i] && handlings[i].is_resent)
			return true;
	return false;
}
