/*
 * srsreverse.c - passes a message that came to an address of SRS on to the address of
 * which that was made.
 * Runs as   the owner of a .qmail-default that has all mail of control/srs_domain.
 * Reads     the message on fd 0; DEFAULT, HOST, NEWSENDER, DTLINE; DSNENVELOPE,
 *           DSNRECIPIENTS; the address as qmail-srsd knows it.
 * Writes    the message, with a Delivered-To line on top, to qmail-queue.
 * Source    srsreverse(1), qmail-command(8).
 */
#include "base/str.h"
#include "config/home.h"
#include "filter.h"
#include "net/srsdoor.h"

int
main(int argc, char **argv)
{
	struct str given = STR_INIT, address = STR_INIT;
	const char *sender, *top;
	char *recipient;

	(void)argv;
	filter_begin("srsreverse");
	if (argc != 1)
		filter_fail(FILTER_PERMANENT, "usage: srsreverse");
	str_add_z(&given, filter_setting("DEFAULT"));
	str_add_byte(&given, '@');
	str_add_z(&given, filter_setting("HOST"));
	sender = filter_setting("NEWSENDER");
	top = filter_setting("DTLINE");
	switch (srsdoor_ask(
	    home_dir, SRSDOOR_REVERSE, str_span(&given), SPAN(""), &address)) {
	case SRSDOOR_DONE:
		break;
	case SRSDOOR_REFUSED:
		filter_fail(FILTER_PERMANENT, str_z(&address));
	case 0:
		filter_fail(FILTER_TEMPORARY, "qmail-srsd does not run here");
	default:
		filter_fail(FILTER_TEMPORARY, str_z(&address));
	}
	filter_check_address(str_span(&address));
	str_free(&given);
	(void)str_z(&address);
	recipient = address.s;
	filter_start_over();
	filter_forward(
	    span_of(sender), span_of(top), &recipient, 1, FILTER_DONE);
}
