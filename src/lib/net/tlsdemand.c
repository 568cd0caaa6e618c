/*
 * tlsdemand.c - what TLS with another server must be like, as fields.
 * Input: from a program of ours that has talked to strangers
 */
#include "net/tlsdemand.h"

#include "base/ascii.h"
#include "base/scan.h"

static bool
is_hexadecimal(struct span digits)
{
	for (size_t i = 0; i < digits.len; i++)
		if (ascii_hex_value(digits.s[i]) < 0)
			return false;
	return digits.len % 2 == 0;
}

static void
add_field(struct str *text, char letter, struct span value)
{
	str_add_byte(text, letter);
	str_add_field(text, value);
}

static void
add_record(struct str *text, const struct tlsdemand_tlsa *record)
{
	str_add_byte(text, 'T');
	str_add_u64(text, record->usage);
	str_add_byte(text, ' ');
	str_add_u64(text, record->selector);
	str_add_byte(text, ' ');
	str_add_u64(text, record->matching);
	str_add_byte(text, ' ');
	str_add_field(text, record->data);
}

static bool
is_name(struct span name)
{
	return name.len > 0 && name.len <= TLSDEMAND_NAME_MAX;
}

static bool
is_record(const struct tlsdemand_tlsa *record)
{
	return record->data.len > 0 &&
	    record->data.len <= 2 * TLSDEMAND_TLSA_MAX &&
	    is_hexadecimal(record->data);
}

/* The shortest of the records that have not had their turn; of equal ones the
 * first.  NULL: there is none. */
static const struct tlsdemand_tlsa *
next_record(const struct tlsdemand *demand, bool had[TLSDEMAND_NAMES_MAX])
{
	const struct tlsdemand_tlsa *at = demand->records.at, *found = NULL;

	for (size_t i = 0; i < demand->records.len && i < TLSDEMAND_NAMES_MAX;
	     i++)
		if (!had[i] && (!found || at[i].data.len < found->data.len))
			found = &at[i];
	if (found)
		had[found - at] = true;
	return found;
}

/* As many as a field may be, and as there is room for: a stranger's DNS says how
 * many there are, and how long. */
static void
add_records(struct str *text, const struct tlsdemand *demand, size_t limit)
{
	bool had[TLSDEMAND_NAMES_MAX] = { false };
	const struct tlsdemand_tlsa *record;

	while ((record = next_record(demand, had)) != NULL) {
		size_t before = text->len;

		if (!is_record(record))
			continue;
		add_record(text, record);
		if (text->len > limit) {
			str_cut(text, before);
			return;
		}
	}
}

void
tlsdemand_add(struct str *text, const struct tlsdemand *demand)
{
	char level = (char)demand->level;
	size_t limit = text->len + TLSDEMAND_SIZE_MAX;

	add_field(text, 'P', span_make(&level, 1));
	if (is_name(demand->server))
		add_field(text, 'S', demand->server);
	for (size_t i = 0; i < demand->names.len && i < TLSDEMAND_NAMES_MAX;
	     i++)
		if (is_name(demand->names.at[i]))
			add_field(text, 'N', demand->names.at[i]);
	for (size_t i = 0;
	     i < demand->fingerprints.len && i < TLSDEMAND_NAMES_MAX; i++)
		add_field(text, 'F', demand->fingerprints.at[i]);
	add_records(text, demand, limit);
}

static bool
parse_level(struct span value, enum tlsdemand_level *level)
{
	if (value.len != 1)
		return false;
	*level = (enum tlsdemand_level)value.s[0];
	return *level == TLSDEMAND_ENCRYPT || *level == TLSDEMAND_OBSERVE ||
	    *level == TLSDEMAND_VERIFY || *level == TLSDEMAND_FINGERPRINT ||
	    *level == TLSDEMAND_DANE;
}

static bool
parse_octet(struct span *rest, uint8_t *number)
{
	struct span digits;
	uint64_t value;

	if (!span_cut_next(rest, ' ', &digits) ||
	    !scan_u64(digits, UINT8_MAX, &value))
		return false;
	*number = (uint8_t)value;
	return true;
}

static bool
parse_record(struct span value, struct tlsdemand *demand)
{
	struct tlsdemand_tlsa record;

	if (demand->records.len == TLSDEMAND_NAMES_MAX ||
	    !parse_octet(&value, &record.usage) ||
	    !parse_octet(&value, &record.selector) ||
	    !parse_octet(&value, &record.matching))
		return false;
	record.data = value;
	if (!is_record(&record))
		return false;
	vec_push(&demand->records, record);
	return true;
}

static bool
parse_field(char letter, struct span value, struct tlsdemand *demand)
{
	switch (letter) {
	case 'P':
		return parse_level(value, &demand->level);
	case 'S':
		demand->server = value;
		return is_name(value);
	case 'N':
		if (demand->names.len == TLSDEMAND_NAMES_MAX || !is_name(value))
			return false;
		vec_push(&demand->names, value);
		return true;
	case 'F':
		if (demand->fingerprints.len == TLSDEMAND_NAMES_MAX ||
		    value.len != 2 * (size_t)TLSDEMAND_DIGEST ||
		    !is_hexadecimal(value))
			return false;
		vec_push(&demand->fingerprints, value);
		return true;
	case 'T':
		return parse_record(value, demand);
	default:
		return false;
	}
}

bool
tlsdemand_parse(struct span text, struct tlsdemand *demand)
{
	struct span field;

	if (text.len && !span_ends(text, SPAN("\0")))
		return false;
	while (span_cut_next(&text, '\0', &field))
		if (field.len == 0 ||
		    !parse_field(field.s[0], span_from(field, 1), demand))
			return false;
	return true;
}

void
tlsdemand_free(struct tlsdemand *demand)
{
	vec_free(&demand->names);
	vec_free(&demand->fingerprints);
	vec_free(&demand->records);
}
