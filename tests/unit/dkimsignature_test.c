/* dkimsignature_test.c - the field DKIM-Signature, and the records of keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/dkimkey.h"
#include "mail/dkimsignature.h"

/* 32 bytes, and four. */
#define BH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define B  "b=AQIDBA=="
#define REST "h=from; bh=" BH "; " B

static const struct {
	const char *tags;
	const char *reason; /* it begins so; NULL: it is right */
} fields[] = {
	{ "v=1; a=rsa-sha256; d=d.example; s=s; " REST, NULL },
	{ "s=s; d=d.example; a=ed25519-sha256; v=1; " REST, NULL },
	{ "v=2; a=rsa-sha256; d=d.example; s=s; " REST, "its version" },
	{ "a=rsa-sha256; d=d.example; s=s; " REST, "its version" },
	{ "v=1; d=d.example; s=s; " REST, "unknown algorithm" },
	{ "v=1; a=RSA-SHA256; d=d.example; s=s; " REST, "unknown algorithm" },
	{ "v=1; a=rsa-sha512; d=d.example; s=s; " REST, "unknown algorithm" },
	{ "v=1; a=rsa-sha1; d=d.example; s=s; " REST, NULL },
	{ "v=1; a=rsa-sha256; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d..example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d.example.; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=.d.example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d*.example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d .example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=\xc3\xa9.example; s=s; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=\xc3.example; s=s; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d.example; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d.example; s=a/b; " REST, "no domain" },
	{ "v=1; a=rsa-sha256; d=d.example; s=a_1.b; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; c=relaxed; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; c=nofws; " REST,
	    "unknown canonical" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; c=simple/; " REST,
	    "unknown canonical" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; c=; " REST,
	    "unknown canonical" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=to; bh=" BH "; " B,
	    "the field From" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=to:FROM; bh=" BH "; " B,
	    NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=; bh=" BH "; " B,
	    "no list of fields" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; bh=" BH "; " B,
	    "no list of fields" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; q=dns/txt; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; q=x : dns/txt; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; q=dns; " REST, "its key" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=@d.example; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a@D.Example; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a@m.d.example; " REST,
	    NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a@xd.example; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a@example; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=d.example; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=; " REST, "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a@d.example@x.example; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a=3Bb=40@d.example; " REST,
	    NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=a=3@d.example; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; i=@d.example=; " REST,
	    "the identity" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; l=0; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; l=; " REST, "its length" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; l=-1; " REST, "its length" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; l=1x; " REST, "its length" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; t=1; x=2; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; t=2; x=2; " REST,
	    "no times" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; t=3; x=2; " REST,
	    "no times" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; t=tomorrow; " REST,
	    "no times" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; x=1.5; " REST, "no times" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; t=1; " REST, NULL },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=from; " B, "no hash" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=from; bh=AAAA; " B,
	    "no hash" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=from; bh=" BH,
	    "no signature" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=from; bh=" BH "; b=",
	    "no signature" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; h=from; bh=" BH "; b=A*BC",
	    "no signature" },
	{ "v=1; a=rsa-sha256; d=d.example; s=s; v=1; " REST, "no list" },
	{ "", "no list" },
};

static const char *
parse(struct dkimsignature *signature, struct str *field, const char *tags)
{
	*signature = (struct dkimsignature)DKIMSIGNATURE_INIT;
	str_reset(field);
	str_add_z(field, "DKIM-Signature: ");
	str_add_z(field, tags);
	str_add_z(field, "\n");
	return dkimsignature_parse(str_span(field), signature);
}

static void
test_fields(void **state)
{
	struct dkimsignature signature;
	struct str field = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *wanted = fields[i].reason;
		const char *got = parse(&signature, &field, fields[i].tags);

		if (wanted && got)
			assert_true(
			    span_starts(span_of(got), span_of(wanted)));
		else
			assert_ptr_equal(got, wanted);
		dkimsignature_free(&signature);
	}
	assert_non_null(
	    dkimsignature_parse(SPAN("no field\n"), &signature));
	dkimsignature_free(&signature);
	str_free(&field);
}

static void
test_parts(void **state)
{
	struct dkimsignature signature;
	struct str field = STR_INIT;

	(void)state;
	assert_null(parse(&signature, &field,
	    "v=1; a=rsa-sha256; d=d.example; s=s; c=relaxed/simple; l=12;"
	    " x=5; i=a=40@m.d.example; h=from; bh=" BH ";\n b= AQ\n ID BA=="));
	assert_true(span_equal(signature.domain, SPAN("d.example")));
	assert_true(span_equal(signature.selector, SPAN("s")));
	assert_true(span_equal(signature.algorithm_word, SPAN("rsa-sha256")));
	assert_string_equal(str_z(&signature.identity), "a@@m.d.example");
	assert_true(signature.is_subdomain);
	assert_int_equal(signature.header_canon, DKIM_RELAXED);
	assert_int_equal(signature.body_canon, DKIM_SIMPLE);
	assert_int_equal(signature.limit, 12);
	assert_int_equal(signature.expiry, 5);
	assert_string_equal(str_z(&signature.bytes), "\1\2\3\4");
	assert_string_equal(signature.start, "AQIDBA==");
	dkimsignature_free(&signature);
	/* What is not said. */
	assert_null(parse(&signature, &field,
	    "v=1; a=ed25519-sha256; d=d.example; s=s; " REST "\n ;"));
	assert_int_equal(signature.algorithm, DKIM_ED25519_SHA256);
	assert_int_equal(signature.header_canon, DKIM_SIMPLE);
	assert_int_equal(signature.body_canon, DKIM_SIMPLE);
	assert_true(signature.limit == DKIMCANON_NO_LIMIT);
	assert_true(signature.expiry == UINT64_MAX);
	assert_false(signature.is_subdomain);
	assert_string_equal(str_z(&signature.identity), "@d.example");
	dkimsignature_free(&signature);
	/* As many digits as RFC 6376 3.5 allows, and more. */
	assert_null(parse(&signature, &field,
	    "v=1; a=rsa-sha256; d=d.example; s=s; t=9999999999999999999999;"
	    " l=99999999999999999999999999999999999999999999999999999999"
	    "99999999999999999999; " REST));
	assert_true(signature.limit == DKIMCANON_NO_LIMIT);
	dkimsignature_free(&signature);
	/* Whose it is can be told of one that is not right. */
	assert_non_null(parse(&signature, &field,
	    "d=d.example; x; s=s; b=QUJDREVGR0hJ; a=b; s=t"));
	assert_true(span_equal(signature.domain, SPAN("d.example")));
	assert_true(span_equal(signature.selector, SPAN("s")));
	assert_string_equal(signature.start, "QUJDREVG");
	dkimsignature_free(&signature);
	str_free(&field);
}

/* A signature as long as may be, and longer. */
static void
test_length(void **state)
{
	(void)state;
	for (size_t groups = DKIMSIGNATURE_MAX / 3; groups < 343; groups++) {
		struct dkimsignature signature;
		struct str tags = STR_INIT, field = STR_INIT;

		str_add_z(&tags,
		    "v=1; a=rsa-sha256; d=d.example; s=s; h=from; bh=" BH
		    "; b=");
		for (size_t i = 0; i < groups; i++)
			str_add_z(&tags, "AAAA");
		assert_int_equal(
		    parse(&signature, &field, str_z(&tags)) == NULL,
		    groups * 3 <= DKIMSIGNATURE_MAX);
		dkimsignature_free(&signature);
		str_free(&tags);
		str_free(&field);
	}
}

/* Names as long as may be, and longer. */
static void
test_names(void **state)
{
	(void)state;
	for (size_t len = DKIMSIGNATURE_DOMAIN; len <= DKIMSIGNATURE_DOMAIN + 1;
	     len++) {
		struct dkimsignature signature;
		struct str tags = STR_INIT, field = STR_INIT;

		str_add_z(&tags, "v=1; a=rsa-sha256; s=s; " REST "; d=a.");
		for (size_t i = 2; i < len; i++)
			str_add_byte(&tags, 'x');
		assert_int_equal(
		    parse(&signature, &field, str_z(&tags)) == NULL,
		    len == DKIMSIGNATURE_DOMAIN);
		dkimsignature_free(&signature);
		str_free(&tags);
		str_free(&field);
	}
}

static const struct {
	const char *field, *simple, *relaxed;
} own[] = {
	{ "DKIM-Signature: a=1;\n b= x y\n z ; c=2\n",
	    "DKIM-Signature: a=1;\r\n b=; c=2",
	    "dkim-signature:a=1; b=; c=2" },
	{ "DKIM-Signature : b = x;\n", "DKIM-Signature : b =;",
	    "dkim-signature:b =;" },
	{ "dkim-signature:\n\ta=b=;\n\tb=x\n y\n",
	    "dkim-signature:\r\n\ta=b=;\r\n\tb=",
	    "dkim-signature:a=b=; b=" },
	/* A signer's, before there is anything. */
	{ "DKIM-Signature: b=", "DKIM-Signature: b=", "dkim-signature:b=" },
};

static void
test_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct dkimsignature signature = DKIMSIGNATURE_INIT;
		struct span field = span_of(own[i].field);
		struct str input = STR_INIT;

		/* They are not whole; b is found all the same. */
		assert_non_null(dkimsignature_parse(field, &signature));
		dkimsignature_add_own(
		    &input, DKIM_SIMPLE, field, signature.b);
		assert_string_equal(str_z(&input), own[i].simple);
		str_reset(&input);
		dkimsignature_add_own(
		    &input, DKIM_RELAXED, field, signature.b);
		assert_string_equal(str_z(&input), own[i].relaxed);
		str_free(&input);
		dkimsignature_free(&signature);
	}
}

static const struct {
	const char *record;
	const char *reason; /* it begins so; NULL: it is right */
	bool is_testing, is_exact;
} keys[] = {
	{ "v=DKIM1; k=rsa; p=YWJj", NULL, false, false },
	{ "p=YWJj", NULL, false, false },
	{ "v = DKIM1 ;\tp = YW Jj ;", NULL, false, false },
	{ "v=DKIM1; k=ed25519; p=YWJj", NULL, false, false },
	{ "v=DKIM2; p=YWJj", "what is published", false, false },
	{ "v=dkim1; p=YWJj", "what is published", false, false },
	{ "k=rsa; v=DKIM1; p=YWJj", "what is published", false, false },
	{ "v=DKIM1; k=rsa", "what is published", false, false },
	{ "hello", "what is published", false, false },
	{ "v=spf1 -all", "what is published", false, false },
	{ "", "what is published", false, false },
	{ "v=DKIM1; p=YWJj; p=YWJj", "what is published", false, false },
	{ "v=DKIM1; k=dsa; p=YWJj", "unknown type", false, false },
	{ "v=DKIM1; h=sha1; p=YWJj", "the key is not for SHA", false, false },
	{ "v=DKIM1; h=sha1 : sha256; p=YWJj", NULL, false, false },
	{ "v=DKIM1; s=tlsrpt; p=YWJj", "the key is not for mail", false,
	    false },
	{ "v=DKIM1; s=other:email; p=YWJj", NULL, false, false },
	{ "v=DKIM1; s=*; p=YWJj", NULL, false, false },
	{ "v=DKIM1; t=y; p=YWJj", NULL, true, false },
	{ "v=DKIM1; t=x : s; p=YWJj", NULL, false, true },
	{ "v=DKIM1; t=s:y; p=YWJj", NULL, true, true },
	{ "v=DKIM1; n=notes; z=1; p=YWJj", NULL, false, false },
	{ "v=DKIM1; p=", "the key was revoked", false, false },
	{ "v=DKIM1; t=y; p= ;", "the key was revoked", true, false },
	{ "v=DKIM1; p=this*is", "the key is no base64", false, false },
};

static void
test_keys(void **state)
{
	struct str record = STR_INIT;
	struct dkimkey key = DKIMKEY_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *wanted = keys[i].reason, *got;

		key = (struct dkimkey)DKIMKEY_INIT;
		got = dkimkey_parse(span_of(keys[i].record), &key);
		if (wanted && got)
			assert_true(
			    span_starts(span_of(got), span_of(wanted)));
		else
			assert_ptr_equal(got, wanted);
		if (!got)
			assert_string_equal(str_z(&key.bytes), "abc");
		assert_int_equal(key.is_testing, keys[i].is_testing);
		assert_int_equal(key.is_exact, keys[i].is_exact);
		dkimkey_free(&key);
	}
	key = (struct dkimkey)DKIMKEY_INIT;
	str_add_z(&record, "p=YWJj; n=");
	while (record.len < DKIMKEY_MAX)
		str_add_byte(&record, 'x');
	assert_null(dkimkey_parse(str_span(&record), &key));
	dkimkey_free(&key);
	str_add_byte(&record, 'x');
	assert_non_null(dkimkey_parse(str_span(&record), &key));
	dkimkey_free(&key);
	str_free(&record);
}

static void
test_fitting(void **state)
{
	struct dkimkey rsa = { DKIMKEY_RSA, STR_INIT, false, false };
	struct dkimkey ed = { DKIMKEY_ED25519, STR_INIT, false, false };
	struct dkimsignature signature = DKIMSIGNATURE_INIT;

	(void)state;
	signature.algorithm = DKIM_RSA_SHA256;
	assert_null(dkimkey_fits(&rsa, &signature));
	assert_non_null(dkimkey_fits(&ed, &signature));
	signature.algorithm = DKIM_ED25519_SHA256;
	assert_non_null(dkimkey_fits(&rsa, &signature));
	assert_null(dkimkey_fits(&ed, &signature));
	signature.is_subdomain = true;
	assert_null(dkimkey_fits(&ed, &signature));
	ed.is_exact = true;
	assert_non_null(dkimkey_fits(&ed, &signature));
	signature.is_subdomain = false;
	assert_null(dkimkey_fits(&ed, &signature));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_fitting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
