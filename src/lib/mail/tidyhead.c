/*
 * tidyhead.c - a message header put in order.
 * Input: hostile
 */
#include "mail/tidyhead.h"

#include "base/fmt.h"
#include "mail/hostrules.h"

/* The address fields, in the order in which they are written. */
static const struct {
	enum header_field field;
	const char *name;
} lists[] = {
	{ HEADER_FROM, "From" },
	{ HEADER_SENDER, "Sender" },
	{ HEADER_REPLY_TO, "Reply-To" },
	{ HEADER_MAIL_REPLY_TO, "Mail-Reply-To" },
	{ HEADER_MAIL_FOLLOWUP_TO, "Mail-Followup-To" },
	{ HEADER_TO, "To" },
	{ HEADER_CC, "Cc" },
	{ HEADER_NOTICE_REQUESTED, "Notice-Requested-Upon-Delivery-To" },
};

#define LISTS (sizeof(lists) / sizeof(*lists))

void
tidyhead_begin(struct tidyhead *head, size_t max)
{
	*head = (struct tidyhead){ .room = max };
}

void
tidyhead_free(struct tidyhead *head)
{
	str_free(&head->way);
	str_free(&head->message_ids);
	str_free(&head->others);
	for (int i = 0; i < HEADER_FIELDS; i++)
		str_free(&head->lists[i]);
}

static const char *
list_name(enum header_field field)
{
	for (size_t i = 0; i < LISTS; i++)
		if (lists[i].field == field)
			return lists[i].name;
	return NULL;
}

/* Appends a mailbox behind those that are there, on a new line if it would
 * pass the limit together with the comma behind it. */
void
tidyhead_add(struct tidyhead *head, enum header_field field,
    const struct mailbox *mailbox)
{
	struct str *list = &head->lists[field], item = STR_INIT;
	size_t *column = &head->columns[field];

	mailboxes_add_written(&item, mailbox);
	if (list->len == 0) {
		*column = span_of(list_name(field)).len + 2;
	} else {
		str_add_byte(list, ',');
		if (*column + 2 + item.len + 1 > TIDYHEAD_LINE_MAX) {
			str_add_z(list, "\n  ");
			*column = 2;
		} else {
			str_add_byte(list, ' ');
			*column += 2;
		}
	}
	str_add(list, str_span(&item));
	*column += item.len;
	str_free(&item);
}

bool
tidyhead_has(const struct tidyhead *head, enum header_field field)
{
	return head->lists[field].len > 0;
}

static void
take_mailboxes(struct tidyhead *head, enum header_field field,
    struct span rules, struct span body, struct mailboxes *found)
{
	struct mailboxes list = MAILBOXES_INIT;
	bool is_written = list_name(field) != NULL;

	if (!mailboxes_parse(&list, body, head->room))
		head->has_too_many = true;
	head->room -= list.all.len;
	for (size_t i = 0; i < list.all.len; i++) {
		struct mailbox *mailbox = &list.all.at[i];

		if (mailbox->local_part.len || mailbox->host.len)
			hostrules_apply(rules, &mailbox->host);
		if (is_written)
			tidyhead_add(head, field, mailbox);
	}
	if (found) {
		for (size_t i = 0; i < list.all.len; i++)
			vec_push(&found->all, list.all.at[i]);
		list.all.len = 0;
	}
	mailboxes_free(&list);
}

void
tidyhead_field(struct tidyhead *head, struct span rules, struct span field,
    struct mailboxes *found)
{
	size_t colon;
	struct span name = header_name(field, &colon), body;
	enum header_field which = header_identify(name);
	struct date date;

	body = span_from(field, colon + 1);
	switch (which) {
	case HEADER_RESENT_FROM:
	case HEADER_RESENT_SENDER:
		if (found)
			take_mailboxes(head, which, rules, body, found);
		str_add(&head->way, field);
		break;
	case HEADER_RECEIVED:
	case HEADER_DELIVERED_TO:
	case HEADER_ERRORS_TO:
	case HEADER_RETURN_RECEIPT_TO:
	case HEADER_RESENT_BCC:
	case HEADER_RESENT_CC:
	case HEADER_RESENT_DATE:
	case HEADER_RESENT_MESSAGE_ID:
	case HEADER_RESENT_REPLY_TO:
	case HEADER_RESENT_TO:
		str_add(&head->way, field);
		break;
	case HEADER_DATE:
		if (date_parse(body, &date)) {
			head->date = date;
			head->has_date = true;
		}
		break;
	case HEADER_MESSAGE_ID:
		str_add(&head->message_ids, field);
		break;
	case HEADER_CONTENT_LENGTH:
	case HEADER_RETURN_PATH:
		break;
	case HEADER_BCC:
	case HEADER_APPARENTLY_TO:
		if (found)
			take_mailboxes(head, which, rules, body, found);
		break;
	default:
		if (list_name(which))
			take_mailboxes(head, which, rules, body, found);
		else
			str_add(&head->others, field);
	}
}

/* YYYYMMDDhhmmss.UNIQUE.qmail */
static void
add_message_id(
    struct str *text, int64_t now, struct span id_host, uint64_t unique)
{
	str_add_z(text, "Message-ID: <");
	date_add_digits(text, now);
	str_add_byte(text, '.');
	str_add_u64(text, unique);
	str_add_z(text, ".qmail@");
	str_add(text, id_host);
	str_add_z(text, ">\n");
}

void
tidyhead_write(const struct tidyhead *head, struct str *text, int64_t now,
    struct span id_host, uint64_t unique)
{
	struct date today = { .seconds = now, .has_zone = false };

	str_add(text, str_span(&head->way));
	str_add_z(text, "Date: ");
	date_add(text, head->has_date ? &head->date : &today);
	str_add_byte(text, '\n');
	if (head->message_ids.len)
		str_add(text, str_span(&head->message_ids));
	else
		add_message_id(text, now, id_host, unique);
	for (size_t i = 0; i < LISTS; i++) {
		const struct str *list = &head->lists[lists[i].field];

		if (list->len) {
			str_add_z(text, lists[i].name);
			str_add_z(text, ": ");
			str_add(text, str_span(list));
			str_add_byte(text, '\n');
		} else if (lists[i].field == HEADER_CC &&
		    !tidyhead_has(head, HEADER_TO)) {
			str_add_z(text, "Cc: recipient list not shown: ;\n");
		}
	}
	str_add(text, str_span(&head->others));
}
