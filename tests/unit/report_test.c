/* report_test.c - the text of a delivery status notification. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/report.h"

static void
test_whole(void **state)
{
	static const char expected[] =
	    "Date: 14 Nov 2023 22:13:20 -0000\n"
	    "From: MAILER-DAEMON@me.example\n"
	    "To: s@x\n"
	    "Subject: success notice\n"
	    "Message-ID: <edge@me.example>\n"
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"edge\"\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n--edge\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "This is the qmail-send program at me.example.\n"
	    "You asked to be told what becomes of your message.\n"
	    "\n"
	    "<a_b@c>: handed to another mail system, which tells no more.\n"
	    "it said\nwhat?\n"
	    "\n"
	    "\n--edge\n"
	    "Content-Type: message/delivery-status\n"
	    "Content-Transfer-Encoding: 7bit\n"
	    "\n"
	    "Reporting-MTA: dns; me.example\n"
	    "Original-Envelope-Id: 1+1\n"
	    "Arrival-Date: 14 Nov 2023 22:13:20 -0000\n"
	    "\n"
	    "Original-Recipient: rfc822; a?b\n"
	    "Final-Recipient: rfc822; \"a\\_b\"@c\n"
	    "Action: relayed\n"
	    "Status: 2.0.0\n"
	    "\n--edge\n"
	    "Content-Type: text/rfc822-headers\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "\n--edge--\n";
	struct report report = { .head = { .now = 1700000000,
				     .from = SPAN("MAILER-DAEMON@me.example"),
				     .to = SPAN("s@x"),
				     .id = SPAN("edge") },
		.arrival = 1700000000,
		.mta = SPAN("me.example"),
		.parameters = SPAN("ENVID=1+2B1") };
	struct report_status status = { .action = REPORT_RELAYED,
		.address = SPAN("a\nb@c"),
		.parameters = SPAN("ORCPT=rfc822;a+0Ab"),
		.words = SPAN("it said\nwhat\xff") };
	struct str text = STR_INIT;

	(void)state;
	report_add_head(&text, &report);
	report_add_words(&text, &status);
	report_add_fields(&text, &report);
	report_add_status(&text, &report, &status);
	report_add_original(&text, &report, false);
	report_add_end(&text, &report);
	assert_string_equal(str_z(&text), expected);
	str_free(&text);
}

static void
test_beyond_ascii(void **state)
{
	struct report report = { .head.id = SPAN("edge"),
		.is_beyond_ascii = true };
	struct report_status status = { .action = REPORT_DELIVERED,
		.address = SPAN("\xc3\xa4@c") };
	struct str text = STR_INIT;

	(void)state;
	report_add_status(&text, &report, &status);
	assert_string_equal(str_z(&text),
	    "\nFinal-Recipient: utf-8; \xc3\xa4@c\nAction: delivered\n"
	    "Status: 2.0.0\n");
	/* What is no UTF-8 must not stand where that is promised. */
	str_reset(&text);
	status.address = SPAN("\xc3@c");
	report_add_status(&text, &report, &status);
	assert_string_equal(str_z(&text),
	    "\nFinal-Recipient: utf-8; \"_\"@c\nAction: delivered\n"
	    "Status: 2.0.0\n");
	str_reset(&text);
	report_add_fields(&text, &report);
	assert_true(span_starts(str_span(&text),
	    SPAN("\n--edge\nContent-Type: message/global-delivery-status\n"
		 "Content-Transfer-Encoding: 8bit\n\n")));
	str_reset(&text);
	report_add_original(&text, &report, false);
	assert_string_equal(str_z(&text),
	    "\n--edge\nContent-Type: message/global-headers\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
	str_reset(&text);
	report_add_original(&text, &report, true);
	assert_string_equal(str_z(&text),
	    "\n--edge\nContent-Type: message/global\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
	/* In the copy of a bounce nobody shall look for fields. */
	str_reset(&text);
	report.is_double = true;
	report_add_original(&text, &report, true);
	assert_string_equal(str_z(&text),
	    "\n--edge\nContent-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
	str_free(&text);
}

static void
test_statuses(void **state)
{
	static const struct {
		enum report_action action;
		const char *words, *fields;
	} cases[] = {
		{ REPORT_FAILED, "gone.\nfor good (#5.1.6)\n",
		    "failed\nStatus: 5.1.6\n"
		    "Diagnostic-Code: x-qmail; gone. for good (#5.1.6)\n" },
		{ REPORT_FAILED, "", "failed\nStatus: 5.0.0\n" },
		{ REPORT_FAILED, "too long (#4.4.7)",
		    "failed\nStatus: 4.4.7\n"
		    "Diagnostic-Code: x-qmail; too long (#4.4.7)\n" },
		{ REPORT_FAILED, "::1 no.\nRemote host said: 550 \xff\n",
		    "failed\nStatus: 5.0.0\nRemote-MTA: dns; [IPv6:::1]\n"
		    "Diagnostic-Code: smtp; 550 ?\n" },
		{ REPORT_FAILED, "192.0.2.1 no.\nRemote host said: 550 no\n",
		    "failed\nStatus: 5.0.0\nRemote-MTA: dns; [192.0.2.1]\n"
		    "Diagnostic-Code: smtp; 550 no\n" },
		{ REPORT_FAILED, "a.1 no.\nRemote host said: 550 no\n",
		    "failed\nStatus: 5.0.0\nRemote-MTA: dns; a.1\n"
		    "Diagnostic-Code: smtp; 550 no\n" },
		{ REPORT_FAILED, "::1 no.\nRemote host said: 450 later\n",
		    "failed\nStatus: 4.0.0\nRemote-MTA: dns; [IPv6:::1]\n"
		    "Diagnostic-Code: smtp; 450 later\n" },
		{ REPORT_DELAYED, "::1 no.\nRemote host said: 450 4.2.1 x\n",
		    "delayed\nStatus: 4.2.1\nRemote-MTA: dns; [IPv6:::1]\n"
		    "Diagnostic-Code: smtp; 450 4.2.1 x\n"
		    "Will-Retry-Until: 15 Nov 2023 22:13:20 -0000\n" },
		/* A class that fits. */
		{ REPORT_DELAYED, "no (#5.3.0)",
		    "delayed\nStatus: 4.3.0\n"
		    "Diagnostic-Code: x-qmail; no (#5.3.0)\n"
		    "Will-Retry-Until: 15 Nov 2023 22:13:20 -0000\n" },
		{ REPORT_DELIVERED, "no (#5.3.0)",
		    "delivered\nStatus: 2.0.0\n" },
	};
	struct report report = { .retry_until = 1700086400 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report_status status = { .action = cases[i].action,
			.address = SPAN("a@b"),
			.words = span_of(cases[i].words) };
		struct str text = STR_INIT, expected = STR_INIT;

		str_add_z(
		    &expected, "\nFinal-Recipient: rfc822; a@b\nAction: ");
		str_add_z(&expected, cases[i].fields);
		report_add_status(&text, &report, &status);
		assert_string_equal(str_z(&text), str_z(&expected));
		str_free(&text);
		str_free(&expected);
	}
}

static void
test_delay(void **state)
{
	struct report report = { .kind = REPORT_OF_DELAY };
	struct report_status status = { .action = REPORT_DELAYED,
		.address = SPAN("a@b"),
		.words = SPAN("busy\n") };
	struct str text = STR_INIT;

	(void)state;
	report_add_head(&text, &report);
	report_add_words(&text, &status);
	assert_non_null(strstr(str_z(&text), "\nSubject: delay notice\n"));
	assert_non_null(strstr(
	    str_z(&text), "need not send it once more.\n\n<a@b>:\nbusy\n\n"));
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_beyond_ascii),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
