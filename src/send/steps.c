/* steps.c - how the clock was set. */
#include "steps.h"

/* The two oldest become one. */
static void
make_room(struct steps *steps)
{
	steps->list[1].by += steps->list[0].by;
	for (size_t i = 1; i < steps->count; i++)
		steps->list[i - 1] = steps->list[i];
	steps->count--;
}

/* Takes from the last ones what was set back. */
static void
go_back(struct steps *steps, int64_t seconds, int64_t now)
{
	while (seconds > 0 && steps->count > 0) {
		struct step *last = &steps->list[steps->count - 1];

		if (last->by > seconds) {
			last->by -= seconds;
			break;
		}
		seconds -= last->by;
		steps->count--;
	}
	for (size_t i = 0; i < steps->count; i++)
		if (steps->list[i].at > now)
			steps->list[i].at = now;
}

void
steps_note(struct steps *steps, int64_t by, int64_t now)
{
	if (by < 0) {
		steps->went_back = true;
		go_back(steps, -by, now);
		return;
	}
	if (steps->count == STEPS_KEPT)
		make_room(steps);
	steps->list[steps->count++] = (struct step){ now, by };
}

int64_t
steps_birth(const struct steps *steps, int64_t birth, int64_t now)
{
	int64_t moved = birth;

	for (size_t i = 0; i < steps->count; i++)
		if (moved < steps->list[i].at)
			moved += steps->list[i].by;
	if (moved == birth && !steps->went_back)
		return birth;
	return moved < now ? moved : now;
}
