/* tlsdemand_test.c - what TLS with another server must be like, as fields. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/tlsdemand.h"

#define DIGEST \
	"0123456789abcdefABCDEF01234567890123456789abcdefABCDEF0123456789"

static bool
parses(struct span text)
{
	struct tlsdemand demand = TLSDEMAND_INIT;
	bool result = tlsdemand_parse(text, &demand);

	tlsdemand_free(&demand);
	return result;
}

static void
test_there_and_back(void **state)
{
	struct tlsdemand demand = TLSDEMAND_INIT, back = TLSDEMAND_INIT;
	struct str text = STR_INIT;

	(void)state;
	demand.level = TLSDEMAND_DANE;
	demand.server = SPAN("mx.example");
	vec_push(&demand.names, SPAN("mx.example"));
	vec_push(&demand.names, SPAN(".example"));
	vec_push(&demand.fingerprints, SPAN(DIGEST));
	vec_push(&demand.records,
	    ((struct tlsdemand_tlsa){ 3, 1, 255, SPAN("00ff") }));
	tlsdemand_add(&text, &demand);
	assert_true(tlsdemand_parse(str_span(&text), &back));
	assert_int_equal(back.level, TLSDEMAND_DANE);
	assert_true(span_equal(back.server, SPAN("mx.example")));
	assert_int_equal(back.server.s[back.server.len], 0);
	assert_int_equal(back.names.len, 2);
	assert_true(span_equal(back.names.at[1], SPAN(".example")));
	assert_int_equal(back.names.at[0].s[back.names.at[0].len], 0);
	assert_int_equal(back.fingerprints.len, 1);
	assert_true(span_equal(back.fingerprints.at[0], SPAN(DIGEST)));
	assert_int_equal(back.records.len, 1);
	assert_int_equal(back.records.at[0].usage, 3);
	assert_int_equal(back.records.at[0].selector, 1);
	assert_int_equal(back.records.at[0].matching, 255);
	assert_true(span_equal(back.records.at[0].data, SPAN("00ff")));
	tlsdemand_free(&demand);
	tlsdemand_free(&back);
	str_free(&text);
}

static void
test_bad_fields(void **state)
{
	static const struct span bad[] = { { "P", 1 }, { "Pe", 2 },
		{ "P\0", 2 }, { "Px\0", 3 }, { "Pee\0", 4 }, { "\0", 1 },
		{ "X1\0", 3 }, { "S\0", 2 }, { "N\0", 2 }, { "F12\0", 4 },
		{ "F" DIGEST "00\0", 68 },
		{ "Fx123456789abcdefABCDEF01234567890123456789abcdefABCDEF012345"
		  "6789\0",
		    66 },
		{ "T3 1 1\0", 7 }, { "T3 1 1 \0", 8 }, { "T3 1 1 0\0", 9 },
		{ "T3 1 1 0g\0", 10 }, { "T256 1 1 00\0", 12 },
		{ "T3 1 -1 00\0", 11 } };

	(void)state;
	assert_true(parses(SPAN("")));
	assert_true(parses(SPAN("Pv\0Na.example\0")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(parses(bad[i]));
}

/* So many of them are taken, and one more is not. */
static void
check_limit(const char *field, size_t count, bool wanted)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < count; i++)
		str_add_field(&text, span_of(field));
	assert_int_equal(parses(str_span(&text)), wanted);
	str_free(&text);
}

static void
test_limits(void **state)
{
	static const char *const fields[] = { "Na", "F" DIGEST, "T3 1 1 00" };
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		check_limit(fields[i], TLSDEMAND_NAMES_MAX, true);
		check_limit(fields[i], TLSDEMAND_NAMES_MAX + 1, false);
	}
	str_add_byte(&text, 'N');
	while (text.len < 1 + TLSDEMAND_NAME_MAX)
		str_add_byte(&text, 'n');
	check_limit(str_z(&text), 1, true);
	str_add_byte(&text, 'n');
	check_limit(str_z(&text), 1, false);
	str_set(&text, SPAN("T3 1 0 "));
	while (text.len < 7 + 2 * TLSDEMAND_TLSA_MAX)
		str_add_byte(&text, '0');
	check_limit(str_z(&text), 1, true);
	str_add_z(&text, "00");
	check_limit(str_z(&text), 1, false);
	str_free(&text);
}

/* What does not fit is left out, so that a record is always taken. */
static void
test_what_is_left_out(void **state)
{
	struct tlsdemand demand = TLSDEMAND_INIT, back = TLSDEMAND_INIT;
	struct str text = STR_INIT;

	(void)state;
	demand.level = TLSDEMAND_VERIFY;
	vec_push(&demand.names, SPAN(""));
	for (size_t i = 0; i < TLSDEMAND_NAMES_MAX + 5; i++)
		vec_push(&demand.names, SPAN("a"));
	tlsdemand_add(&text, &demand);
	assert_true(tlsdemand_parse(str_span(&text), &back));
	assert_int_equal(back.names.len, TLSDEMAND_NAMES_MAX - 1);
	tlsdemand_free(&demand);
	tlsdemand_free(&back);
	str_free(&text);
}

static void
add_record(struct tlsdemand *demand, struct span data)
{
	vec_push(&demand->records, ((struct tlsdemand_tlsa){ 3, 0, 0, data }));
}

/* A stranger's zone says how many records there are and how long: the shortest
 * are told, as far as there is room in a record for the door; for the longest there
 * is, whatever else is told. */
static void
test_more_than_fits(void **state)
{
	struct tlsdemand demand = TLSDEMAND_INIT, back = TLSDEMAND_INIT;
	struct str text = STR_INIT, digits = STR_INIT;
	struct span rest;

	(void)state;
	while (digits.len < 2 * TLSDEMAND_TLSA_MAX + 2)
		str_add_byte(&digits, '0');
	demand.level = TLSDEMAND_DANE;
	demand.server = span_upto(str_span(&digits), TLSDEMAND_NAME_MAX);
	for (size_t i = 0; i < TLSDEMAND_NAMES_MAX; i++) {
		vec_push(&demand.names, demand.server);
		vec_push(&demand.fingerprints, SPAN(DIGEST));
	}
	add_record(
	    &demand, span_upto(str_span(&digits), 2 * TLSDEMAND_TLSA_MAX));
	add_record(&demand, SPAN("01"));
	add_record(&demand, SPAN(""));
	add_record(&demand, str_span(&digits)); /* too long for any room */
	add_record(&demand, SPAN("02"));
	while (demand.records.len < TLSDEMAND_NAMES_MAX)
		add_record(&demand,
		    span_upto(str_span(&digits), 2 * TLSDEMAND_TLSA_MAX));
	add_record(&demand, SPAN("03")); /* one too many */
	str_add_byte(&text, 'V');
	tlsdemand_add(&text, &demand);
	assert_true(text.len <= 1 + TLSDEMAND_SIZE_MAX);
	assert_true(text.len > TLSDEMAND_SIZE_MAX - 2 * TLSDEMAND_TLSA_MAX);
	assert_true(text.len <= TLSDOOR_RECORD_MAX);
	rest = span_from(str_span(&text), 1);
	assert_true(tlsdemand_parse(rest, &back));
	assert_int_equal(back.names.len, TLSDEMAND_NAMES_MAX);
	assert_int_equal(back.records.len, 2 + 1);
	assert_true(span_equal(back.records.at[0].data, SPAN("01")));
	assert_true(span_equal(back.records.at[1].data, SPAN("02")));
	assert_int_equal(back.records.at[2].data.len, 2 * TLSDEMAND_TLSA_MAX);
	tlsdemand_free(&demand);
	tlsdemand_free(&back);
	str_free(&text);
	str_free(&digits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_bad_fields),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_more_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
