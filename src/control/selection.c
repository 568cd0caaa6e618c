/* selection.c - which messages an administrator means. */
#include "selection.h"

#include "base/scan.h"
#include "mail/address.h"
#include "queue/controldoor.h"

#define AGE_MAX 4000000000u /* seconds */

static bool
add_number(struct selection *selection, struct span value)
{
	uint64_t number;

	if (!scan_u64(value, INT64_MAX, &number) || number == 0 ||
	    selection->numbers.len >= SELECTION_NUMBERS_MAX)
		return false;
	vec_push(&selection->numbers, number);
	return true;
}

static bool
add_age(struct span value, int64_t *age)
{
	uint64_t seconds;

	if (!scan_u64(value, AGE_MAX, &seconds))
		return false;
	*age = (int64_t)seconds;
	return true;
}

static bool
add_stage(struct selection *selection, struct span value)
{
	for (int i = 0; i < STAGES; i++)
		if (span_equal(value, span_of(stage_name((enum stage)i)))) {
			selection->stage = (enum stage)i;
			selection->has_stage = true;
			return true;
		}
	return false;
}

static bool
add_channel(struct selection *selection, struct span value)
{
	for (int i = 0; i < CHANNELS; i++)
		if (span_equal(value,
			span_of(queue_folder_name(
			    channel_folder((enum channel_id)i))))) {
			selection->channel = (enum channel_id)i;
			return true;
		}
	return false;
}

static bool
add_text(struct str *text, bool *is_given, struct span value)
{
	str_set(text, value);
	*is_given = true;
	return true;
}

/* People copy the brackets along in which list shows a sender. */
static struct span
without_brackets(struct span address)
{
	return address.len >= 2 && address.s[0] == '<' &&
		address.s[address.len - 1] == '>'
	    ? span_make(address.s + 1, address.len - 2)
	    : address;
}

bool
selection_add(struct selection *selection, char letter, struct span value)
{
	switch ((enum controldoor_request)letter) {
	case CONTROLDOOR_NUMBER:
		return add_number(selection, value);
	case CONTROLDOOR_SENDER:
		return add_text(&selection->sender, &selection->has_sender,
		    without_brackets(value));
	case CONTROLDOOR_RECIPIENT:
		return add_text(&selection->recipient,
		    &selection->has_recipient, without_brackets(value));
	case CONTROLDOOR_DOMAIN:
		return add_text(
		    &selection->domain, &selection->has_domain, value);
	case CONTROLDOOR_OLDER:
		return add_age(value, &selection->older);
	case CONTROLDOOR_YOUNGER:
		return add_age(value, &selection->younger);
	case CONTROLDOOR_CHANNEL:
		return add_channel(selection, value);
	case CONTROLDOOR_STATE:
		return add_stage(selection, value);
	case CONTROLDOOR_ALL:
		selection->is_all = true;
		return true;
	default:
		return false;
	}
}

static bool
is_by_recipient(const struct selection *selection)
{
	return selection->has_recipient || selection->has_domain ||
	    selection->channel != CHANNELS;
}

bool
selection_is_empty(const struct selection *selection)
{
	return selection->numbers.len == 0 && !selection->has_sender &&
	    !is_by_recipient(selection) && !selection->has_stage &&
	    !selection->is_all && selection->older < 0 &&
	    selection->younger < 0;
}

bool
selection_needs_stage(const struct selection *selection)
{
	return selection->has_stage;
}

/* Addresses that wait in the channel local may have the name of their virtual
 * domain before them; the domain is the same. */
static bool
fits(const struct selection *selection, const struct message *message,
    const struct message_recipient *recipient)
{
	struct span address = message_address(message, recipient);

	if (recipient->is_done)
		return false;
	return (!selection->has_recipient ||
		   span_equal_nocase(
		       address, str_span(&selection->recipient))) &&
	    (!selection->has_domain ||
		span_equal_nocase(
		    address_domain(address), str_span(&selection->domain))) &&
	    (selection->channel == CHANNELS ||
		selection->channel == recipient->channel);
}

static bool
has_number(const struct selection *selection, uint64_t number)
{
	if (selection->numbers.len == 0)
		return true;
	for (size_t i = 0; i < selection->numbers.len; i++)
		if (selection->numbers.at[i] == number)
			return true;
	return false;
}

static bool
has_recipient(const struct selection *selection, const struct message *message)
{
	if (!is_by_recipient(selection))
		return true;
	for (size_t i = 0; i < message->recipients.len; i++)
		if (fits(selection, message, &message->recipients.at[i]))
			return true;
	return false;
}

bool
selection_has(const struct selection *selection, const struct message *message,
    enum stage stage, int64_t now)
{
	int64_t age = now - message->info.birth;

	return has_number(selection, message->number) &&
	    (!selection->has_stage || stage == selection->stage) &&
	    (selection->older < 0 || age >= selection->older) &&
	    (selection->younger < 0 || age < selection->younger) &&
	    (!selection->has_sender ||
		span_equal_nocase(str_span(&message->info.sender),
		    str_span(&selection->sender))) &&
	    has_recipient(selection, message);
}

bool
selection_has_others(
    const struct selection *selection, const struct message *message)
{
	if (!is_by_recipient(selection))
		return false;
	for (size_t i = 0; i < message->recipients.len; i++)
		if (!message->recipients.at[i].is_done &&
		    !fits(selection, message, &message->recipients.at[i]))
			return true;
	return false;
}

void
selection_free(struct selection *selection)
{
	vec_free(&selection->numbers);
	str_free(&selection->sender);
	str_free(&selection->recipient);
	str_free(&selection->domain);
}
