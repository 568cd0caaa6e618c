/* spfmacro.c - macros of SPF records.  Input: hostile. */
#include "net/spfmacro.h"

#include "base/ascii.h"
#include "base/must.h"
#include "base/scan.h"
#include "base/utf8.h"

#define LETTERS		    "slodiphv"
#define EXPLANATION_LETTERS LETTERS "crt"
#define DELIMITERS	    ".-+,/_="

/* A macro, or a run of bytes that stand for themselves. */
struct element {
	struct span literal;	/* empty: a macro */
	struct span delimiters; /* between the parts of its value */
	uint64_t parts;		/* how many of them, from the right; 0: all */
	char letter;		/* small */
	bool is_reversed;	/* parts: the last first */
	bool is_escaped;	/* as in a URL */
	bool is_macro;		/* also one that stands for a single byte */
};

/* ---- syntax ---- */

/* What is between "%{" and "}". */
static bool
parse_macro(struct span text, struct element *element)
{
	size_t digits;

	if (text.len == 0)
		return false;
	element->letter = ascii_lower(text.s[0]);
	element->is_escaped = element->letter != text.s[0];
	if (!span_has(SPAN(EXPLANATION_LETTERS), element->letter))
		return false;
	text = span_from(text, 1);
	digits = scan_u64_prefix(text, SPFMACRO_MAX, &element->parts);
	if (digits > 0 && element->parts == 0)
		return false;
	text = span_from(text, digits);
	if (text.len && ascii_lower(text.s[0]) == 'r') {
		element->is_reversed = true;
		text = span_from(text, 1);
	}
	for (size_t i = 0; i < text.len; i++)
		if (!span_has(SPAN(DELIMITERS), text.s[i]))
			return false;
	element->delimiters = text.len ? text : SPAN(".");
	return true;
}

/* What begins with "%". */
static bool
cut_macro(struct span *rest, struct element *element)
{
	size_t end;

	element->is_macro = true;
	if (rest->len < 2)
		return false;
	switch (rest->s[1]) {
	case '%':
		element->literal = SPAN("%");
		break;
	case '_':
		element->literal = SPAN(" ");
		break;
	case '-':
		element->literal = SPAN("%20");
		break;
	case '{':
		end = span_find(*rest, '}');
		if (end == rest->len ||
		    !parse_macro(span_from(span_upto(*rest, end), 2), element))
			return false;
		*rest = span_from(*rest, end + 1);
		return true;
	default:
		return false;
	}
	*rest = span_from(*rest, 2);
	return true;
}

/* Takes the next element off a text that is not empty.  False: it is wrong. */
static bool
cut_element(struct span *rest, struct element *element)
{
	size_t len = 0;

	*element = (struct element){ .literal = SPAN("") };
	if (rest->s[0] == '%')
		return cut_macro(rest, element);
	while (len < rest->len && ascii_is_printable(rest->s[len]) &&
	    rest->s[len] != '%')
		len++;
	element->literal = span_upto(*rest, len);
	*rest = span_from(*rest, len);
	return len > 0;
}

/* Whether all elements are right.  *tail receives the bytes behind the last
 * macro. */
static bool
is_sound(struct span text, struct span letters, struct span *tail)
{
	struct element element;

	*tail = text;
	while (text.len) {
		if (!cut_element(&text, &element) ||
		    (element.letter && !span_has(letters, element.letter)))
			return false;
		if (element.is_macro)
			*tail = text;
	}
	return true;
}

/* Whether it ends as domains do: a dot, a label that is not only digits, and
 * perhaps one more dot. */
static bool
has_top_label(struct span text)
{
	bool has_other = false;
	struct span label;
	size_t dot;

	if (span_ends(text, SPAN(".")))
		text = span_upto(text, text.len - 1);
	dot = span_find_last(text, '.');
	label = span_from(text, dot + 1);
	if (dot == text.len || label.len == 0 || label.s[0] == '-' ||
	    label.s[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_alnum(label.s[i]) && label.s[i] != '-')
			return false;
		has_other = has_other || !ascii_is_digit(label.s[i]);
	}
	return has_other;
}

bool
spfmacro_is_domain(struct span text)
{
	struct span tail;

	return text.len && !span_has(text, ' ') &&
	    is_sound(text, SPAN(LETTERS), &tail) &&
	    (tail.len == 0 || has_top_label(tail));
}

bool
spfmacro_is_value(struct span text)
{
	struct span tail;

	return !span_has(text, ' ') &&
	    is_sound(text, SPAN(EXPLANATION_LETTERS), &tail);
}

bool
spfmacro_is_explanation(struct span text)
{
	struct span tail;

	return is_sound(text, SPAN(EXPLANATION_LETTERS), &tail);
}

bool
spfmacro_has(struct span text, char letter)
{
	struct element element;

	while (text.len && cut_element(&text, &element))
		if (element.letter == letter)
			return true;
	return false;
}

/* ---- values ---- */

static void
add_value(struct str *out, char letter, const struct spfmacro_values *values)
{
	switch (letter) {
	case 's':
		str_add(out, values->sender);
		return;
	case 'l':
		str_add(out, values->local_part);
		return;
	case 'o':
		str_add(out, values->sender_domain);
		return;
	case 'd':
		str_add(out, values->domain);
		return;
	case 'h':
		str_add(out, values->helo);
		return;
	case 'p':
		str_add(out, values->validated_name);
		return;
	case 'r':
		str_add(out, values->receiver);
		return;
	case 'i':
		ip_add_labels(out, &values->client, false);
		return;
	case 'c':
		ip_format(out, &values->client);
		return;
	case 'v':
		str_add_z(out, values->client.family == 4 ? "in-addr" : "ip6");
		return;
	default:
		str_add_u64(out, values->now > 0 ? (uint64_t)values->now : 0);
	}
}

static void
add_escaped(struct str *out, struct span part)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.s[i];

		if (ascii_is_alnum(part.s[i]) ||
		    span_has(SPAN("-._~"), part.s[i])) {
			str_add_byte(out, part.s[i]);
			continue;
		}
		str_add_byte(out, '%');
		str_add_byte(out, digits[c >> 4]);
		str_add_byte(out, digits[c & 15]);
	}
}

/* Where the last part begins. */
static size_t
last_part(struct span value, struct span delimiters)
{
	size_t at = value.len;

	while (at > 0 && !span_has(delimiters, value.s[at - 1]))
		at--;
	return at;
}

/* The part of the value that counts: its last parts, or, where they are
 * reversed, its first ones. */
static struct span
chosen_parts(struct span value, const struct element *element)
{
	uint64_t parts = element->parts;
	size_t at = value.len;

	if (parts == 0)
		return value;
	if (element->is_reversed) {
		for (at = 0; at < value.len; at++)
			if (span_has(element->delimiters, value.s[at]) &&
			    --parts == 0)
				break;
		return span_upto(value, at);
	}
	for (;;) {
		at = last_part(span_upto(value, at), element->delimiters);
		if (at == 0 || --parts == 0)
			return span_from(value, at);
		at--;
	}
}

/* The parts with dots between them. */
static void
add_parts(struct str *out, struct span value, const struct element *element)
{
	bool is_first = true;

	for (;;) {
		size_t at = 0, end = value.len;
		struct span part, rest;

		if (element->is_reversed) {
			at = last_part(value, element->delimiters);
			rest = span_upto(value, at ? at - 1 : 0);
		} else {
			for (end = 0; end < value.len; end++)
				if (span_has(element->delimiters, value.s[end]))
					break;
			rest = span_from(value, end + 1);
		}
		part = span_upto(span_from(value, at), end - at);
		if (!is_first)
			str_add_byte(out, '.');
		is_first = false;
		if (element->is_escaped)
			add_escaped(out, part);
		else
			str_add(out, part);
		if (element->is_reversed ? at == 0 : end == value.len)
			return;
		value = rest;
	}
}

/* Returns false if the value cannot be used. */
static bool
add_macro(struct str *out, const struct element *element,
    const struct spfmacro_values *values)
{
	struct str value = STR_INIT;
	struct span whole;
	bool is_usable;

	add_value(&value, element->letter, values);
	whole = str_span(&value);
	is_usable = whole.len <= SPFMACRO_MAX && utf8_is_ascii(whole);
	if (is_usable)
		add_parts(out, chosen_parts(whole, element), element);
	str_free(&value);
	return is_usable;
}

bool
spfmacro_expand(
    struct str *out, struct span text, const struct spfmacro_values *values)
{
	size_t before = out->len;
	struct element element;

	while (text.len) {
		must(cut_element(&text, &element));
		if (element.letter) {
			if (!add_macro(out, &element, values))
				return false;
		} else {
			str_add(out, element.literal);
		}
		if (out->len - before > SPFMACRO_MAX)
			return false;
	}
	return true;
}
