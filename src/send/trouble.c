/* trouble.c - when to try again what the system did not allow. */
#include "trouble.h"

#include "sys/filesystem.h"

#define QUIET_FACTOR 4 /* pauses without trouble, after which it is a new one */

void
trouble_note(struct trouble *trouble, int64_t now)
{
	if (trouble->is_on)
		return;
	trouble->is_on = true;
	trouble->is_full = !filesystem_has_room(".");
	if (trouble->pause == 0 ||
	    now - trouble->since > trouble->pause * QUIET_FACTOR)
		trouble->pause = TROUBLE_FIRST;
	else
		trouble->pause *= 2;
	if (trouble->pause > TROUBLE_LAST)
		trouble->pause = TROUBLE_LAST;
	trouble->since = now;
	trouble->next = now + trouble->pause;
	trouble->next_look = now + TROUBLE_LOOK;
}

bool
trouble_is_over(struct trouble *trouble, int64_t now)
{
	if (!trouble->is_on)
		return false;
	if (trouble->is_full && now >= trouble->next_look) {
		trouble->next_look = now + TROUBLE_LOOK;
		if (filesystem_has_room(".")) {
			trouble->pause = 0;
			trouble->next = now;
		}
	}
	if (now < trouble->next)
		return false;
	trouble->is_on = false;
	return true;
}

void
trouble_hurry(struct trouble *trouble, int64_t now)
{
	trouble->next = now;
	trouble->pause = 0;
}

int64_t
trouble_next(const struct trouble *trouble)
{
	if (!trouble->is_on)
		return INT64_MAX;
	return trouble->is_full && trouble->next_look < trouble->next
	    ? trouble->next_look
	    : trouble->next;
}
