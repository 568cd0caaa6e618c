/* dnspacket.c - DNS messages as bytes.  Input: hostile. */
#include "net/dnspacket.h"

#include <string.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/punycode.h"
#include "base/utf8.h"

#define HEADER	    12
#define LABEL_MAX   63
#define CLASS_IN    1
#define TYPE_OPT    41
#define TLSA_HEAD   3 /* bytes before its data, RFC 6698 2.1 */
#define FLAG_ANSWER 0x8000u
#define FLAG_OPCODE 0x7800u
#define FLAG_OWN    0x0400u /* the server has authority for the name */
#define FLAG_CUT    0x0200u
#define FLAG_ASK    0x0100u /* recursion desired */
#define FLAG_ASKS   0x0080u /* recursion available: it asks others */
#define FLAG_SECURE 0x0020u /* AD */
#define RCODE	    0x000fu

enum rcode {
	NO_ERROR = 0,
	FORMAT_ERROR = 1,
	NAME_ERROR = 3,
	NOT_KNOWN = 4
};

static unsigned
byte_at(struct span packet, size_t at)
{
	return (unsigned char)packet.s[at];
}

/* Two bytes; the caller knows that they are there. */
static unsigned
number_at(struct span packet, size_t at)
{
	return byte_at(packet, at) << 8 | byte_at(packet, at + 1);
}

static bool
has_odd_byte(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.s[i] == ' ' || ascii_is_control(text.s[i]))
			return true;
	return false;
}

/* Appends a label as it is.  Returns false if it is empty or too long. */
static bool
add_bytes_label(struct dnsname *name, struct span label)
{
	if (label.len == 0 || label.len > LABEL_MAX ||
	    name->len + label.len + 2 > DNSNAME_MAX)
		return false;
	name->bytes[name->len] = (unsigned char)label.len;
	memcpy(name->bytes + name->len + 1, label.s, label.len);
	name->len = (unsigned char)(name->len + label.len + 1);
	return true;
}

/* Appends a label; one in UTF-8 as its A-label (RFC 6531 3.2). */
static bool
add_label(struct dnsname *name, struct span label)
{
	struct str ascii = STR_INIT;
	bool is_label;

	if (utf8_is_ascii(label))
		return add_bytes_label(name, label);
	is_label = punycode_add_label(&ascii, label) &&
	    add_bytes_label(name, str_span(&ascii));
	str_free(&ascii);
	return is_label;
}

/* The name of labels with dots between, each added in its way. */
static bool
parse_labels(struct span text, struct dnsname *name,
    bool (*add)(struct dnsname *, struct span))
{
	struct span label;

	name->len = 0;
	if (text.len == 0)
		return false;
	while (span_cut_next(&text, '.', &label))
		if (!add(name, label))
			return false;
	name->bytes[name->len++] = 0;
	return true;
}

bool
dnsname_parse(struct span text, struct dnsname *name)
{
	return !has_odd_byte(text) && parse_labels(text, name, add_label);
}

bool
dnsname_parse_bytes(struct span text, struct dnsname *name)
{
	return parse_labels(text, name, add_bytes_label);
}

void
dnsname_format(struct str *text, const struct dnsname *name)
{
	for (size_t i = 0; name->bytes[i]; i += name->bytes[i] + 1u) {
		if (i > 0)
			str_add_byte(text, '.');
		str_add(text,
		    span_make(
			(const char *)name->bytes + i + 1, name->bytes[i]));
	}
	if (dnsname_is_root(name))
		str_add_byte(text, '.');
}

bool
dnsname_is_root(const struct dnsname *name)
{
	return name->len <= 1;
}

bool
dnsname_equal(const struct dnsname *a, const struct dnsname *b)
{
	/* Lengths of labels are below 64 and so no letters. */
	return span_equal_nocase(span_make((const char *)a->bytes, a->len),
	    span_make((const char *)b->bytes, b->len));
}

struct dnsname
dnsname_parent(const struct dnsname *name)
{
	struct dnsname parent = *name;
	size_t skipped = name->bytes[0] ? name->bytes[0] + 1u : 0;

	parent.len = (unsigned char)(name->len - skipped);
	memcpy(parent.bytes, name->bytes + skipped, parent.len);
	return parent;
}

unsigned
dnsname_labels(const struct dnsname *name)
{
	unsigned labels = 0;

	for (size_t at = 0; name->bytes[at]; at += name->bytes[at] + 1u)
		labels++;
	return labels;
}

bool
dnsname_is_within(const struct dnsname *name, const struct dnsname *domain)
{
	struct dnsname upper = *name;
	unsigned above = dnsname_labels(name), labels = dnsname_labels(domain);

	for (; above > labels; above--)
		upper = dnsname_parent(&upper);
	return dnsname_equal(&upper, domain);
}

void
dnsname_lower(struct dnsname *name)
{
	for (size_t i = 0; i < name->len; i++)
		name->bytes[i] =
		    (unsigned char)ascii_lower((char)name->bytes[i]);
}

void
dnsname_mix_case(struct dnsname *name, uint64_t bits)
{
	for (size_t i = 0; i < name->len && bits; i++) {
		unsigned char c = name->bytes[i];

		if (!ascii_is_alpha((char)c))
			continue;
		if (bits & 1)
			name->bytes[i] = c & 0xdfu;
		bits >>= 1;
	}
}

static void
add_number(struct str *packet, unsigned number)
{
	str_add_byte(packet, (char)(unsigned char)(number >> 8));
	str_add_byte(packet, (char)(unsigned char)number);
}

void
dnspacket_build(
    struct str *packet, const struct dnsquestion *question, bool is_edns)
{
	const struct dnsname *name = &question->name;

	str_reset(packet);
	str_reserve(packet, HEADER + DNSNAME_MAX + 15);
	add_number(packet, question->id);
	add_number(
	    packet, FLAG_ASK | (question->asks_secure ? FLAG_SECURE : 0));
	add_number(packet, 1); /* questions, answers, authority, additional */
	add_number(packet, 0);
	add_number(packet, 0);
	add_number(packet, is_edns);
	str_add(packet, span_make((const char *)name->bytes, name->len));
	add_number(packet, question->type);
	add_number(packet, CLASS_IN);
	if (!is_edns)
		return;
	str_add_byte(packet, 0); /* the root owns it */
	add_number(packet, TYPE_OPT);
	add_number(packet, DNSPACKET_UDP);
	add_number(packet, 0); /* rcode, version */
	add_number(packet, 0); /* flags */
	add_number(packet, 0); /* length of data */
}

/*
 * Reads a name that may be compressed.  Each pointer must lead further to the
 * front than all before it, so that this ends; and there are not many, so that
 * thousands of names that share a chain of them end soon.
 * Returns the place behind the name, 0 if it is damaged.
 */
static size_t
read_name(struct span packet, size_t at, struct dnsname *name)
{
	size_t behind = 0, limit = at;
	int pointers = 0;

	name->len = 0;
	for (;;) {
		size_t len;

		if (at >= packet.len)
			return 0;
		len = byte_at(packet, at);
		if (len >= 0xc0) {
			if (at + 2 > packet.len ||
			    ++pointers > DNSNAME_POINTERS)
				return 0;
			if (behind == 0)
				behind = at + 2;
			at = number_at(packet, at) & 0x3fffu;
			if (at >= limit)
				return 0;
			limit = at;
			continue;
		}
		if (len > LABEL_MAX || at + 1 + len > packet.len ||
		    name->len + len + 1 > DNSNAME_MAX)
			return 0;
		memcpy(name->bytes + name->len, packet.s + at, len + 1);
		name->len = (unsigned char)(name->len + len + 1);
		at += len + 1;
		if (len == 0)
			return behind ? behind : at;
	}
}

/* Whether the packet holds this question, and only it; the case of its letters
 * does not count. */
static bool
repeats_question(struct span packet, const struct dnsquestion *question)
{
	const struct dnsname *name = &question->name;
	struct span asked = span_make((const char *)name->bytes, name->len);
	struct span given = span_from(packet, HEADER);

	if (packet.len < HEADER + asked.len + 4 || number_at(packet, 4) != 1)
		return false;
	return span_equal_nocase(span_upto(given, asked.len), asked) &&
	    number_at(packet, HEADER + asked.len) == question->type &&
	    number_at(packet, HEADER + asked.len + 2) == CLASS_IN;
}

static bool
repeats_case(struct span packet, const struct dnsname *name)
{
	struct span asked = span_make((const char *)name->bytes, name->len);

	return span_starts(span_from(packet, HEADER), asked);
}

/*
 * Whether the server can know that there is nothing.  One that neither has
 * authority nor asks others refers us to them in an answer without records,
 * which is no answer to us.
 */
static bool
may_deny(unsigned flags)
{
	return flags & (FLAG_OWN | FLAG_ASKS);
}

enum dnspacket_kind
dnspacket_judge(struct span packet, const struct dnsquestion *question)
{
	unsigned flags;

	if (packet.len < HEADER || number_at(packet, 0) != question->id)
		return DNSPACKET_FOREIGN;
	flags = number_at(packet, 2);
	if (!(flags & FLAG_ANSWER) || flags & FLAG_OPCODE)
		return DNSPACKET_FOREIGN;
	/* A server that does not understand a question need not repeat it. */
	if ((flags & RCODE) == FORMAT_ERROR && number_at(packet, 4) == 0)
		return DNSPACKET_NO_EDNS;
	if (packet.len == HEADER && flags & FLAG_CUT)
		return DNSPACKET_CUT; /* cut so much that all is gone */
	if (!repeats_question(packet, question))
		return DNSPACKET_FOREIGN;
	if (question->is_exact_case && !repeats_case(packet, &question->name))
		return DNSPACKET_CASE;
	if (flags & FLAG_CUT)
		return DNSPACKET_CUT;
	switch (flags & RCODE) {
	case NO_ERROR:
		return number_at(packet, 6) || may_deny(flags)
		    ? DNSPACKET_ANSWER
		    : DNSPACKET_REFUSED;
	case NAME_ERROR:
		return may_deny(flags) ? DNSPACKET_NO_NAME : DNSPACKET_REFUSED;
	case FORMAT_ERROR:
	case NOT_KNOWN:
		return DNSPACKET_NO_EDNS;
	default:
		return DNSPACKET_REFUSED;
	}
}

bool
dnspacket_is_secure(struct span packet)
{
	return number_at(packet, 2) & FLAG_SECURE;
}

/* One record, taken apart. */
struct record {
	struct dnsname owner;
	unsigned type, class;
	size_t data, len;
};

/* Returns the place behind the record, 0 if it is damaged. */
static size_t
read_record(struct span packet, size_t at, struct record *record)
{
	at = read_name(packet, at, &record->owner);
	if (at == 0 || packet.len - at < 10)
		return 0;
	record->type = number_at(packet, at);
	record->class = number_at(packet, at + 2);
	record->len = number_at(packet, at + 8);
	record->data = at + 10;
	if (packet.len - record->data < record->len)
		return 0;
	return record->data + record->len;
}

/* Whether the data is strings, each behind its length.  Without any it is an empty
 * text: beside another record that must not cost the other. */
static bool
is_text(struct span data)
{
	while (data.len) {
		size_t len = byte_at(data, 0);

		if (len > data.len - 1)
			return false;
		data = span_from(data, len + 1);
	}
	return true;
}

/* Whether the data of the record is what its type must have. */
static bool
is_data_sound(struct span packet, const struct record *record)
{
	struct dnsname name;
	size_t end = record->data + record->len;

	switch (record->type) {
	case DNS_A:
		return record->len == 4;
	case DNS_AAAA:
		return record->len == 16;
	case DNS_CNAME:
	case DNS_PTR:
		return read_name(packet, record->data, &name) == end;
	case DNS_MX:
		return record->len > 2 &&
		    read_name(packet, record->data + 2, &name) == end;
	case DNS_TXT:
		return is_text(span_make(packet.s + record->data, record->len));
	case DNS_TLSA:
		return record->len >= TLSA_HEAD;
	default:
		return true;
	}
}

static bool
are_all_sound(struct span packet, size_t first)
{
	struct record record;
	size_t at = first;

	for (unsigned n = number_at(packet, 6); n > 0; n--) {
		at = read_record(packet, at, &record);
		if (at == 0)
			return false;
		if (record.class == CLASS_IN && !is_data_sound(packet, &record))
			return false;
	}
	return true;
}

/* Goes one alias further from *name.  Returns whether there was one. */
static bool
follow_alias(struct span packet, size_t first, struct dnsname *name)
{
	struct record record;
	size_t at = first;

	for (unsigned n = number_at(packet, 6); n > 0; n--) {
		at = read_record(packet, at, &record);
		if (record.type != DNS_CNAME || record.class != CLASS_IN ||
		    !dnsname_equal(&record.owner, name))
			continue;
		*name = dnspacket_name(packet, record.data);
		return true;
	}
	return false;
}

static void
collect(struct span packet, size_t first, const struct dnsname *owner,
    unsigned type, struct dnsrecords *records)
{
	struct record record;
	size_t at = first;

	for (unsigned n = number_at(packet, 6); n > 0; n--) {
		struct dnsrecord found = { 0 };

		at = read_record(packet, at, &record);
		if (record.type != type || record.class != CLASS_IN ||
		    !dnsname_equal(&record.owner, owner))
			continue;
		found.at = record.data;
		found.len = record.len;
		if (type == DNS_MX) {
			found.preference = number_at(packet, found.at);
			found.at += 2;
			found.len -= 2;
		}
		vec_push(&records->list, found);
	}
}

bool
dnspacket_records(struct span packet, const struct dnsquestion *question,
    struct dnsrecords *records)
{
	size_t first = HEADER + question->name.len + 4u;
	struct dnsname owner = question->name;

	records->list.len = 0;
	if (!are_all_sound(packet, first))
		return false;
	collect(packet, first, &owner, question->type, records);
	for (int i = 0; records->list.len == 0 && i < DNSPACKET_CHAIN; i++) {
		if (!follow_alias(packet, first, &owner))
			break;
		collect(packet, first, &owner, question->type, records);
	}
	records->owner = owner;
	return true;
}

struct dnsname
dnspacket_name(struct span packet, size_t at)
{
	struct dnsname name;

	must(read_name(packet, at, &name) > 0);
	return name;
}

void
dnspacket_text(
    struct str *text, struct span packet, const struct dnsrecord *record)
{
	struct span data = span_make(packet.s + record->at, record->len);

	must(is_text(data));
	while (data.len) {
		size_t len = byte_at(data, 0);

		str_add(text, span_make(data.s + 1, len));
		data = span_from(data, len + 1);
	}
}

void
dnsrecords_free(struct dnsrecords *records)
{
	vec_free(&records->list);
}
