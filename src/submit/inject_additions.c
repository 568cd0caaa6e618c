/*
 * inject_additions.c - the header fields that a message lacks.
 * Input: environment of the caller, cleaned by inject_config.c.
 */
#include "inject_parts.h"

#include <unistd.h>

#include "mail/date.h"
#include "mail/quote.h"

static void
add_date(const struct inject_letter *letter, struct str *text)
{
	str_add_z(text, "Date: ");
	date_add_utc(text, (int64_t)(letter->now / 1000000));
	str_add_byte(text, '\n');
}

/* Unique: time to the microsecond, process, host. */
static void
add_message_id(const struct inject_letter *letter, struct str *text)
{
	str_add_z(text, "Message-ID: <");
	str_add_u64(text, letter->now);
	str_add_byte(text, '.');
	str_add_u64(text, (uint64_t)getpid());
	str_add_z(text, ".inject@");
	str_add(text, str_span(&letter->hosts.id_host));
	str_add_z(text, ">\n");
}

static void
add_from(const struct inject_letter *letter, struct str *text)
{
	const struct inject_origin *origin = &letter->origin;
	struct token822 name = token822_plain(
	    letter->wishes.name_in_comment ? TOKEN822_COMMENT : TOKEN822_QUOTED,
	    str_span(&origin->name));
	struct token822_list address = TOKEN822_LIST_INIT;
	struct token822_list all = TOKEN822_LIST_INIT;
	enum token822_type before = TOKEN822_NONE;

	inject_address_origin(&letter->hosts, str_span(&origin->user),
	    origin->has_host ? &origin->host : NULL, &address);
	if (origin->has_name && name.type == TOKEN822_QUOTED) {
		token822_list_add(&all, name);
		token822_list_add(
		    &all, token822_plain(TOKEN822_LEFT, SPAN("")));
	}
	token822_list_add_list(&all, &address);
	if (origin->has_name)
		token822_list_add(&all,
		    name.type == TOKEN822_COMMENT
			? name
			: token822_plain(TOKEN822_RIGHT, SPAN("")));
	str_add_z(text, "From: ");
	for (size_t i = 0; i < all.tokens.len; i++) {
		token822_add_written(text, before, &all.tokens.at[i]);
		before = all.tokens.at[i].type;
	}
	str_add_byte(text, '\n');
	vec_free(&address.tokens);
	vec_free(&all.tokens);
}

static void
add_hidden_recipients(const struct inject_letter *letter, struct str *text)
{
	(void)letter;
	str_add_z(text, "Cc: recipient list not shown: ;\n");
}

/* For replies to a list: everybody in To and Cc, but not the author. */
static void
add_followup(const struct inject_letter *letter, struct str *text)
{
	struct span rest = str_span(&letter->followup), address;
	const char *between = "Mail-Followup-To: ";

	while (span_cut_next(&rest, '\0', &address)) {
		struct str quoted = STR_INIT;

		str_add_z(text, between);
		quote_add_address(&quoted, address);
		str_add(text, str_span(&quoted));
		str_free(&quoted);
		between = ",\n  ";
	}
	str_add_byte(text, '\n');
}

/* A field that is added if neither of two is there. */
struct addition {
	enum header_field unless, or_unless;
	void (*add)(const struct inject_letter *letter, struct str *text);
};

static const struct addition additions[] = {
	{ HEADER_DATE, HEADER_DATE, add_date },
	{ HEADER_MESSAGE_ID, HEADER_MESSAGE_ID, add_message_id },
	{ HEADER_FROM, HEADER_FROM, add_from },
	{ HEADER_TO, HEADER_CC, add_hidden_recipients },
};

static const struct addition resent_additions[] = {
	{ HEADER_RESENT_DATE, HEADER_RESENT_DATE, add_date },
	{ HEADER_RESENT_MESSAGE_ID, HEADER_RESENT_MESSAGE_ID, add_message_id },
	{ HEADER_RESENT_FROM, HEADER_RESENT_FROM, add_from },
	{ HEADER_RESENT_TO, HEADER_RESENT_CC, add_hidden_recipients },
};

void
inject_header_additions(const struct inject_letter *letter, struct str *text)
{
	bool is_resent = inject_header_is_resent(letter);
	const struct addition *all = is_resent ? resent_additions : additions;

	for (size_t i = 0; i < sizeof(additions) / sizeof(*additions); i++) {
		if (letter->is_seen[all[i].unless] ||
		    letter->is_seen[all[i].or_unless])
			continue;
		if (is_resent)
			str_add_z(text, "Resent-");
		all[i].add(letter, text);
	}
	if (letter->names_followup_list && !is_resent &&
	    !letter->is_seen[HEADER_MAIL_FOLLOWUP_TO])
		add_followup(letter, text);
}
