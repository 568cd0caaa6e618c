/* dnspacket_test.c - DNS messages: questions, answers, damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/dnspacket.h"

/* The question all packets here answer: id 1, example.org, MX. */
static struct dnsquestion
question(void)
{
	struct dnsquestion question = { .id = 1, .type = DNS_MX };

	assert_true(dnsname_parse(SPAN("example.org"), &question.name));
	return question;
}

static void
test_names(void **state)
{
	static const struct {
		const char *text, *back;
	} cases[] = {
		{ "example.org", "example.org" },
		{ "example.org.", "example.org" },
		{ "A_b-c", "A_b-c" },
		{ "", NULL },
		{ ".", NULL },
		{ "a..b", NULL },
		{ ".a", NULL },
		{ "a b", NULL },
		{ "a\tb", NULL },
		{ "\xc3\xa4.org", "xn--4ca.org" },
		{ "A.B\xc3\xbc"
		  "cher.example.",
		    "A.xn--bcher-kva.example" },
		{ "\xc3.org", NULL },
		{ "a.\xe4", NULL },
	};
	struct dnsname name;
	char label[65];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = STR_INIT;
		bool is = dnsname_parse(span_of(cases[i].text), &name);

		assert_int_equal(is, cases[i].back != NULL);
		if (is) {
			dnsname_format(&text, &name);
			assert_string_equal(str_z(&text), cases[i].back);
		}
		str_free(&text);
	}
	memset(label, 'x', sizeof(label));
	assert_true(dnsname_parse(span_make(label, 63), &name));
	assert_false(dnsname_parse(span_make(label, 64), &name));
}

/* Names that are only asked for. */
static void
test_bytes(void **state)
{
	struct dnsname name;
	char label[65];

	(void)state;
	assert_true(dnsname_parse_bytes(SPAN("a b\t\0%\xc3.org."), &name));
	assert_int_equal(name.len, 13);
	assert_memory_equal(name.bytes, "\7a b\t\0%\xc3\3org", 13);
	assert_false(dnsname_parse_bytes(SPAN(""), &name));
	assert_false(dnsname_parse_bytes(SPAN("a..b"), &name));
	memset(label, '.', sizeof(label));
	memset(label, ' ', sizeof(label) - 1);
	assert_true(dnsname_parse_bytes(span_make(label, 63), &name));
	assert_false(dnsname_parse_bytes(span_make(label, 65), &name));
}

static void
test_relations(void **state)
{
	static const struct {
		const char *name, *domain;
		unsigned labels;
		bool is_within;
	} cases[] = {
		{ "a.example.org", "example.org", 3, true },
		{ "A.Example.org", "eXample.ORG", 3, true },
		{ "example.org", "example.org", 2, true },
		{ "badexample.org", "example.org", 2, false },
		{ "example.org", "a.example.org", 2, false },
		{ "org", "example.org", 1, false },
		{ "example.org.net", "example.org", 3, false },
	};
	struct dnsname name, domain;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(dnsname_parse(span_of(cases[i].name), &name));
		assert_true(dnsname_parse(span_of(cases[i].domain), &domain));
		assert_int_equal(dnsname_labels(&name), cases[i].labels);
		assert_int_equal(
		    dnsname_is_within(&name, &domain), cases[i].is_within);
	}
	assert_true(dnsname_parse(SPAN("a.b"), &name));
	name = dnsname_parent(&name);
	assert_true(dnsname_parse(SPAN("b"), &domain));
	assert_true(dnsname_equal(&name, &domain));
	name = dnsname_parent(&name);
	assert_true(dnsname_is_root(&name));
	assert_int_equal(dnsname_labels(&name), 0);
	assert_true(dnsname_is_within(&domain, &name));
	name = dnsname_parent(&name);
	assert_true(dnsname_is_root(&name));
}

static void
test_build(void **state)
{
	static const char want[] = "\0\1\1\0\0\1\0\0\0\0\0\1"
				   "\7example\3org\0\0\17\0\1"
				   "\0\0\51\4\320\0\0\0\0\0\0";
	struct dnsquestion asked = question();
	struct str packet = STR_INIT;

	(void)state;
	dnspacket_build(&packet, &asked, true);
	assert_int_equal(packet.len, sizeof(want) - 1);
	assert_memory_equal(packet.s, want, packet.len);
	dnspacket_build(&packet, &asked, false);
	assert_int_equal(packet.len, sizeof(want) - 1 - 11);
	assert_int_equal(packet.s[11], 0);
	asked.asks_secure = true;
	dnspacket_build(&packet, &asked, false);
	assert_memory_equal(packet.s, "\0\1\1\40", 4);
	str_free(&packet);
}

#define HEAD(flags, count) "\0\1" flags "\0\1\0" count "\0\0\0\0"
#define ASKED		   "\7example\3org\0\0\17\0\1"
#define MX(pref, name)	   "\300\14\0\17\0\1\0\0\0\74\0\4\0" pref name

static void
test_judge(void **state)
{
	static const struct {
		struct span packet;
		enum dnspacket_kind kind;
	} cases[] = {
		{ { "", 0 }, DNSPACKET_FOREIGN },
		{ { "\0", 1 }, DNSPACKET_FOREIGN },
		{ { HEAD("\201\200", "\0") ASKED, 29 }, DNSPACKET_ANSWER },
		{ { HEAD("\201\200", "\0") ASKED, 28 }, DNSPACKET_FOREIGN },
		{ { HEAD("\201\200", "\0") ASKED, 12 }, DNSPACKET_FOREIGN },
		{ { HEAD("\1\0", "\0") ASKED, 29 }, DNSPACKET_FOREIGN },
		{ { HEAD("\211\200", "\0") ASKED, 29 }, DNSPACKET_FOREIGN },
		{ { HEAD("\203\200", "\0") ASKED, 29 }, DNSPACKET_CUT },
		{ { HEAD("\203\200", "\0") ASKED, 12 }, DNSPACKET_CUT },
		{ { HEAD("\201\201", "\0") ASKED, 29 }, DNSPACKET_NO_EDNS },
		{ { HEAD("\201\202", "\0") ASKED, 29 }, DNSPACKET_REFUSED },
		{ { HEAD("\201\203", "\0") ASKED, 29 }, DNSPACKET_NO_NAME },
		{ { HEAD("\201\204", "\0") ASKED, 29 }, DNSPACKET_NO_EDNS },
		{ { HEAD("\201\205", "\0") ASKED, 29 }, DNSPACKET_REFUSED },
		/* Neither recursion nor authority, and nothing found. */
		{ { HEAD("\201\0", "\0") ASKED, 29 }, DNSPACKET_REFUSED },
		{ { HEAD("\201\3", "\0") ASKED, 29 }, DNSPACKET_REFUSED },
		{ { HEAD("\205\0", "\0") ASKED, 29 }, DNSPACKET_ANSWER },
		{ { HEAD("\205\3", "\0") ASKED, 29 }, DNSPACKET_NO_NAME },
		{ { HEAD("\201\0", "\1") ASKED, 29 }, DNSPACKET_ANSWER },
	};
	struct dnsquestion asked = question();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    dnspacket_judge(cases[i].packet, &asked), cases[i].kind);
	asked.id = 2;
	assert_int_equal(
	    dnspacket_judge(cases[2].packet, &asked), DNSPACKET_FOREIGN);
	asked.id = 1;
	asked.type = DNS_A;
	assert_int_equal(
	    dnspacket_judge(cases[2].packet, &asked), DNSPACKET_FOREIGN);
	asked.type = DNS_MX;
	dnsname_mix_case(&asked.name, 5);
	assert_int_equal(
	    dnspacket_judge(cases[2].packet, &asked), DNSPACKET_ANSWER);
	asked.is_exact_case = true;
	assert_int_equal(
	    dnspacket_judge(cases[2].packet, &asked), DNSPACKET_CASE);
}

static void
test_records(void **state)
{
	static const char good[] = HEAD("\201\200", "\2")
	    ASKED MX("\24", "\300\14") MX("\12", "\300\24");
	static const char loop[] =
	    HEAD("\201\200", "\1") ASKED MX("\12", "\300\53");
	static const char chain[] =
	    HEAD("\201\200", "\2") ASKED "\1m\0\0\17\0\1\0\0\0\74\0\5\0\1\1x\0"
					 "\300\14\0\5\0\1\0\0\0\74\0\3\1m\0";
	static const char other[] =
	    HEAD("\201\200", "\1") ASKED "\1m\0\0\17\0\1\0\0\0\74\0\5\0\1\1x\0";
	struct dnsquestion asked = question();
	struct dnsrecords records = DNSRECORDS_INIT;
	struct span packet = span_make(good, sizeof(good) - 1);
	struct dnsname name;

	(void)state;
	assert_true(dnspacket_records(packet, &asked, &records));
	assert_int_equal(records.list.len, 2);
	assert_int_equal(records.list.at[0].preference, 20);
	assert_int_equal(records.list.at[1].preference, 10);
	name = dnspacket_name(packet, records.list.at[1].at);
	assert_int_equal(name.len, 5); /* org */
	for (size_t len = 29; len < packet.len; len++)
		assert_false(dnspacket_records(
		    span_upto(packet, len), &asked, &records));
	packet = span_make(loop, sizeof(loop) - 1);
	assert_false(dnspacket_records(packet, &asked, &records));
	packet = span_make(chain, sizeof(chain) - 1);
	assert_true(dnspacket_records(packet, &asked, &records));
	assert_int_equal(records.list.len, 1);
	assert_true(dnsname_parse(SPAN("M"), &name));
	assert_true(dnsname_equal(&records.owner, &name));
	packet = span_make(other, sizeof(other) - 1);
	assert_true(dnspacket_records(packet, &asked, &records));
	assert_int_equal(records.list.len, 0);
	dnsrecords_free(&records);
}

#define RECORD(type, rest) "\300\14\0" type "\0\1\0\0\0\74" rest

/* What records of these types may hold. */
static void
test_data(void **state)
{
	static const struct {
		enum dns_type type;
		struct span packet;
		const char *text; /* NULL: damaged */
	} cases[] = {
		{ DNS_TXT,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\20", "\0\7\2ab\0\2cd")),
		    "abcd" },
		{ DNS_TXT,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD("\20", "\0\1\0")),
		    "" },
		{ DNS_TXT,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD("\20", "\0\0")),
		    "" },
		{ DNS_TXT,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\20", "\0\3\3ab")),
		    NULL },
		{ DNS_TXT,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\20", "\0\3\1ab")),
		    NULL },
		{ DNS_TLSA,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\64", "\0\4\3\1\1x")),
		    "\3\1\1x" },
		{ DNS_TLSA,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\64", "\0\3\3\1\1")),
		    "\3\1\1" },
		{ DNS_TLSA,
		    SPAN(HEAD("\201\200", "\1") ASKED RECORD(
			"\64", "\0\2\3\1")),
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dnsquestion asked = question();
		struct dnsrecords records = DNSRECORDS_INIT;
		struct str text = STR_INIT;
		bool is_sound;

		asked.type = cases[i].type;
		is_sound =
		    dnspacket_records(cases[i].packet, &asked, &records);
		if (is_sound != (cases[i].text != NULL))
			fail_msg("%zu", i);
		if (is_sound && asked.type == DNS_TXT)
			dnspacket_text(&text, cases[i].packet,
			    &records.list.at[0]);
		else if (is_sound)
			str_add(&text,
			    span_make(
				cases[i].packet.s + records.list.at[0].at,
				records.list.at[0].len));
		if (is_sound)
			assert_string_equal(str_z(&text), cases[i].text);
		str_free(&text);
		dnsrecords_free(&records);
	}
}

static void
test_secure(void **state)
{
	(void)state;
	assert_true(dnspacket_is_secure(SPAN(HEAD("\201\240", "\0"))));
	assert_false(dnspacket_is_secure(SPAN(HEAD("\377\337", "\0"))));
}

static void
add_number(struct str *packet, size_t number)
{
	str_add_byte(packet, (char)(unsigned char)(number >> 8));
	str_add_byte(packet, (char)(unsigned char)number);
}

/* Whether an answer is read in which one record has a chain of pointers, and
 * the last of them is the owner of another. */
static bool
is_chain_read(size_t pointers)
{
	static const char start[] =
	    HEAD("\201\200", "\2") ASKED "\300\14\0\143\0\1\0\0\0\74";
	struct dnsquestion asked = question();
	struct dnsrecords records = DNSRECORDS_INIT;
	struct str packet = STR_INIT;
	size_t to = 12; /* the name of the question */
	bool is_read;

	str_add(&packet, span_make(start, sizeof(start) - 1));
	add_number(&packet, (pointers - 1) * 2);
	for (size_t i = 1; i < pointers; i++) {
		size_t here = packet.len;

		add_number(&packet, 0xc000 | to);
		to = here;
	}
	add_number(&packet, 0xc000 | to);
	str_add(&packet, span_make("\0\143\0\1\0\0\0\74\0\0", 10));
	is_read = dnspacket_records(str_span(&packet), &asked, &records);
	dnsrecords_free(&records);
	str_free(&packet);
	return is_read;
}

/* A name has no use for more pointers than it has labels.  Each record could
 * make us follow thousands. */
static void
test_pointers(void **state)
{
	(void)state;
	assert_true(is_chain_read(1));
	assert_true(is_chain_read(DNSNAME_POINTERS));
	assert_false(is_chain_read(DNSNAME_POINTERS + 1));
	assert_false(is_chain_read(5000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_secure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
