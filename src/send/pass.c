/*
 * pass.c - a pass over the recipients of a message in one channel.
 * Input: our own, perhaps damaged by a crash; addresses: hostile
 */
#include "pass.h"

#include <errno.h>

#include "base/must.h"

size_t
pass_room(const struct pass *pass)
{
	return pass->serves_others ? PASS_WIDE : PASS_WINDOW;
}

/* Whether the hop is one that the pass is for, or can be from here on. */
static bool
is_served(struct pass *pass, struct hop *hop, uint64_t start, struct hops *hops)
{
	struct backlog_entry entry;

	if (!pass->only || hop == pass->only || hop->server == pass)
		return true;
	if (!pass->serves_others || pass->others.len >= PASS_HOPS ||
	    hop->server || !hops_take(hops, hop, pass->number, start, &entry))
		return false;
	hop->server = pass;
	vec_push(&pass->others, hop);
	if (entry.last == BACKLOG_TO_END)
		pass->last = UINT64_MAX;
	else if (entry.last > pass->last)
		pass->last = entry.last;
	return true;
}

/* Puts a recipient that is to do into the window, or passes over it. */
static void
look_at(struct pass *pass, struct pass_recipient *recipient,
    const struct pass_router *router)
{
	recipient->hop = router ? router->hop_of(router->context,
				      str_span(&recipient->told.address))
				: NULL;
	if (!is_served(pass, recipient->hop, recipient->told.start,
		router ? router->hops : NULL)) {
		hops_release(router->hops, recipient->hop);
		return;
	}
	vec_push(&pass->window, *recipient);
	recipient->told = (struct channel_recipient)CHANNEL_RECIPIENT_INIT;
}

/*
 * What was read before the pass rested is read again: recipients in it that
 * were under way then, started by another pass, may be done by now.
 */
static int
read_on(struct pass *pass)
{
	if (!pass->is_lost)
		return channel_read_from(
		    &pass->reader, pass->reader.fd, pass->reader.position);
	errno = EIO;
	return -1;
}

int
pass_fill(struct pass *pass, const struct number_set *busy,
    const struct pass_router *router)
{
	struct pass_recipient next = { .told = CHANNEL_RECIPIENT_INIT };
	int got = 1;

	if (read_on(pass) < 0)
		return -1;
	for (int i = 0; i < PASS_READ && pass->window.len < pass_room(pass);
	     i++) {
		if (pass->reader.position <= pass->last)
			got = channel_next(&pass->reader, &next.told);
		else
			got = 0;
		if (got <= 0) {
			pass->is_at_end = true;
			break;
		}
		pass->total++;
		if (!next.told.is_done &&
		    !number_set_has(busy, next.told.position + 1))
			look_at(pass, &next, router);
	}
	channel_recipient_free(&next.told);
	return got < 0 ? -1 : 0;
}

/* One transaction takes an address once; who is listed twice gets two copies. */
static bool
has_address(const struct pass_group *group, struct span address)
{
	for (size_t i = 0; i < group->recipients.len; i++)
		if (span_equal(str_span(&group->recipients.at[i].told.address),
			address))
			return true;
	return false;
}

void
pass_take(struct pass *pass, size_t index, size_t most, size_t bytes,
    struct pass_group *group)
{
	struct hop *hop = pass->window.at[index].hop;
	size_t kept = index, size = 0;

	*group = (struct pass_group){ .hop = hop };
	for (size_t i = index; i < pass->window.len; i++) {
		struct pass_recipient recipient = pass->window.at[i];

		size_t own =
		    recipient.told.address.len + recipient.told.parameters.len;

		if (recipient.hop == hop && group->recipients.len < most &&
		    (size + own <= bytes || group->recipients.len == 0) &&
		    !has_address(group, str_span(&recipient.told.address))) {
			vec_push(&group->recipients, recipient);
			size += own;
		} else {
			pass->window.at[kept++] = recipient;
		}
	}
	pass->window.len = kept;
}

static void
free_recipients(struct hops *hops, struct pass_recipient *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		channel_recipient_free(&at[i].told);
		if (at[i].hop)
			hops_release(hops, at[i].hop);
	}
}

size_t
pass_skip(struct hops *hops, struct pass *pass)
{
	size_t count = pass->window.len;

	free_recipients(hops, pass->window.at, count);
	pass->window.len = 0;
	pass->is_at_end = pass->is_partial = true;
	return count;
}

void
pass_group_free(struct hops *hops, struct pass_group *group)
{
	free_recipients(hops, group->recipients.at, group->recipients.len);
	vec_free(&group->recipients);
}

void
pass_free(struct hops *hops, struct pass *pass)
{
	free_recipients(hops, pass->window.at, pass->window.len);
	vec_free(&pass->window);
	for (size_t i = 0; i < pass->others.len; i++) {
		pass->others.at[i]->server = NULL;
		hops_release(hops, pass->others.at[i]);
	}
	vec_free(&pass->others);
	if (pass->only)
		hops_release(hops, pass->only);
	must_free(pass);
}
