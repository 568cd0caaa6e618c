/* report_test.c - the text of a delivery status notification. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/report.h"

static void
test_whole(void **state)
{
	static const char expected[] =
	    "Date: 14 Nov 2023 22:13:20 -0000\n"
	    "From: MAILER-DAEMON@me.example\n"
	    "To: s@x\n"
	    "Subject: success notice\n"
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"edge\"\n"
	    "\n--edge\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "\n"
	    "Hi. This is the mail system at me.example.\n"
	    "You asked to be told what becomes of your message.\n"
	    "\n"
	    "<a_b@c>: handed to another mail system, which tells no more.\n"
	    "it said\nwhat?\n"
	    "\n"
	    "\n--edge\n"
	    "Content-Type: message/delivery-status\n"
	    "\n"
	    "Reporting-MTA: dns; me.example\n"
	    "Original-Envelope-Id: 1+1\n"
	    "Arrival-Date: 14 Nov 2023 22:13:20 -0000\n"
	    "\n"
	    "Original-Recipient: rfc822; a?b\n"
	    "Final-Recipient: rfc822; a_b@c\n"
	    "Action: relayed\n"
	    "Status: 2.0.0\n"
	    "\n--edge\n"
	    "Content-Type: text/rfc822-headers\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "\n--edge--\n";
	struct report report = { .now = 1700000000,
		.arrival = 1700000000,
		.from = SPAN("MAILER-DAEMON@me.example"),
		.to = SPAN("s@x"),
		.mta = SPAN("me.example"),
		.parameters = SPAN("ENVID=1+2B1"),
		.boundary = SPAN("edge") };
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
	report_add_original(&text, &report);
	report_add_end(&text, &report);
	assert_string_equal(str_z(&text), expected);
	str_free(&text);
}

static void
test_beyond_ascii(void **state)
{
	struct report report = { .boundary = SPAN("edge"),
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
	    "\nFinal-Recipient: utf-8; _@c\nAction: delivered\n"
	    "Status: 2.0.0\n");
	str_reset(&text);
	report_add_original(&text, &report);
	assert_string_equal(str_z(&text),
	    "\n--edge\nContent-Type: message/global-headers\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_beyond_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
