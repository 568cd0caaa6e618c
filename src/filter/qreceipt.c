/*
 * qreceipt.c - answers a request for a receipt.
 * Runs as   the recipient, from a .qmail file.
 * Reads     the header of the message on fd 0, hostile; SENDER.
 * Writes    a message to the sender, by qmail-queue, if a field
 *           Notice-Requested-Upon-Delivery-To has the address of the argument.
 * Source    qreceipt(1), qmail-command(8).
 */
#include <errno.h>

#include "config/home.h"
#include "filter.h"
#include "mail/addresslist.h"
#include "mail/bounce.h"
#include "mail/header.h"
#include "mail/quote.h"
#include "queue/headerin.h"

#define HEADER_MAX  (1u << 20) /* bytes that are looked at */
#define WRITTEN_MAX (4 * HEADER_MAX)

struct request {
	struct span wanted; /* the address of the argument */
	bool is_made;
	struct str message_id; /* the field, blanks and newlines as they are */
};

/* addresslist_call */
static void
compare(void *context, struct token822_list *address)
{
	struct request *request = context;
	struct str plain = STR_INIT;

	token822_list_add_plain(&plain, address);
	if (span_equal_nocase(str_span(&plain), request->wanted))
		request->is_made = true;
	str_free(&plain);
}

static void
look_at(struct request *request, struct span field)
{
	struct str written = STR_INIT;
	size_t colon = 0;
	struct span name = header_name(field, &colon);
	struct span body = span_from(field, colon + 1);

	switch (header_identify(name)) {
	case HEADER_NOTICE_REQUESTED:
		/* Of a field that is malformed the addresses before count. */
		(void)!addresslist_rewrite(
		    name, body, compare, request, WRITTEN_MAX, &written);
		break;
	case HEADER_MESSAGE_ID:
		str_set(&request->message_id, body);
		break;
	default:
		break;
	}
	str_free(&written);
}

static void
read_header(struct request *request)
{
	struct str header = STR_INIT, line = STR_INIT;
	struct span rest, field;
	char buffer[8192];
	struct in in;

	in_init(&in, 0, buffer, sizeof(buffer));
	if (headerin_read(&in, HEADER_MAX, &header, &line) < 0 &&
	    errno != EMSGSIZE)
		filter_fail_errno("cannot read the message");
	rest = str_span(&header);
	while (headerin_next(&rest, &field))
		look_at(request, field);
	str_free(&header);
	str_free(&line);
}

static void
add_mailbox(struct str *text, const char *before, struct span mailbox)
{
	str_add_z(text, before);
	str_add_byte(text, '<');
	quote_add_address(text, mailbox);
	str_add_z(text, ">\n");
}

static void
add_receipt(struct str *text, const struct request *request, struct span sender)
{
	add_mailbox(text, "From: DELIVERY NOTICE SYSTEM ", sender);
	add_mailbox(text, "To: ", sender);
	str_add_z(text,
	    "Subject: success notice\n\n"
	    "Hi! This is the qreceipt program.  Your message was delivered to\n"
	    "the address that you asked about:\n");
	quote_add_address(text, request->wanted);
	str_add_byte(text, '\n');
	if (request->message_id.len) {
		str_add_z(text, "Its Message-ID is");
		str_add(text, str_span(&request->message_id));
	}
}

int
main(int argc, char **argv)
{
	struct request request = { .is_made = false };
	struct str text = STR_INIT;
	struct inject inject;
	struct span sender;

	filter_begin("qreceipt");
	if (argc != 2)
		filter_fail(FILTER_PERMANENT, "usage: qreceipt address");
	sender = span_of(filter_setting("SENDER"));
	request.wanted = span_of(argv[1]);
	filter_start_over();
	read_header(&request);
	filter_give_back();
	if (!request.is_made || bounce_kind_of(sender) != BOUNCE_SINGLE)
		return FILTER_DONE;
	sender = bounce_recipient(sender);
	add_receipt(&text, &request, sender);
	if (inject_open(&inject, home_dir, INJECT_SUBMITTED) < 0)
		filter_fail_errno("cannot run the queue program");
	inject_message(&inject, str_span(&text));
	inject_sender(&inject, SPAN(""));
	inject_recipient(&inject, sender);
	filter_close(&inject, FILTER_DONE);
}
