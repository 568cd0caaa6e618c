/*
 * rcptd_clients.c - who is connected, and what they asked.
 * Input: hostile: any program of this machine may connect
 */
#include "rcptd.h"

#include <errno.h>

#include "queue/record.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

/*
 * The place of the client that is idle longest; NULL if all wait for answers.
 * A client whose connection has ended makes a new one when it has to ask.
 */
static struct client *
find_idle(struct clients *clients)
{
	struct client *idle = NULL;

	for (size_t i = 0; i < clients->all.len; i++) {
		struct client *at = &clients->all.at[i];

		if (!at->has_asked && (!idle || at->until < idle->until))
			idle = at;
	}
	return idle;
}

/* Lets one in where there is no room: another goes, or the new one. */
static void
let_in_instead(struct clients *clients, const struct client *fresh)
{
	struct client *idle = find_idle(clients);

	if (!idle) {
		fd_close(fresh->fd);
		return;
	}
	fd_close(idle->fd);
	str_free(&idle->address);
	*idle = *fresh;
}

int
clients_let_in(struct clients *clients, int door)
{
	int fd;

	while ((fd = door_accept(door)) >= 0) {
		struct client fresh = { .fd = fd,
			.until = clock_monotonic() + RCPTD_IDLE_MS,
			.address = STR_INIT };

		if (clients->all.len >= RCPTD_CLIENTS_MAX)
			let_in_instead(clients, &fresh);
		else
			vec_push(&clients->all, fresh);
	}
	return errno == EAGAIN ? 0 : -1;
}

size_t
clients_watch(struct clients *clients, struct pollfd *fds, int64_t *deadline)
{
	for (size_t i = 0; i < clients->all.len; i++) {
		const struct client *client = &clients->all.at[i];

		fds[i] = (struct pollfd){ .fd = client->fd, .events = POLLIN };
		if (!*deadline || client->until < *deadline)
			*deadline = client->until;
	}
	return clients->all.len;
}

static void
drop(struct client *client)
{
	fd_close(client->fd);
	client->fd = -1;
}

/* Takes the question that came.  What is none ends the connection. */
static void
hear(struct client *client)
{
	char record[RCPTCHECK_ADDRESS_MAX + 2];
	ssize_t got = fdpass_receive(client->fd, record, sizeof(record), NULL);
	struct span rest, address;

	if (got < 0 && errno == EAGAIN)
		return;
	rest = span_make(record, got > 0 ? (size_t)got : 0);
	/* One question at a time: more would only be kept for it. */
	if (client->has_asked ||
	    !record_next_is(&rest, RCPTCHECK_QUESTION, &address) || rest.len) {
		drop(client);
		return;
	}
	client->has_asked = true;
	client->until = clock_monotonic() + RCPTD_IDLE_MS;
	str_set(&client->address, address);
}

static void
answer(struct client *client, struct known *known)
{
	enum rcptcheck_answer found;
	char record[2];

	if (!known_find(known, str_span(&client->address), &found))
		return;
	client->has_asked = false;
	record[0] = (char)found;
	record[1] = '\0';
	if (fdpass_send(client->fd, span_make(record, 2), -1) < 0)
		drop(client);
}

/* Forgets those without a connection. */
static void
forget_gone(struct clients *clients)
{
	size_t kept = 0;

	for (size_t i = 0; i < clients->all.len; i++) {
		if (clients->all.at[i].fd != -1)
			clients->all.at[kept++] = clients->all.at[i];
		else
			str_free(&clients->all.at[i].address);
	}
	clients->all.len = kept;
}

void
clients_serve(
    struct clients *clients, const struct pollfd *fds, struct known *known)
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < clients->all.len; i++) {
		struct client *client = &clients->all.at[i];

		if (fds[i].revents)
			hear(client);
		if (client->fd != -1 && client->has_asked)
			answer(client, known);
		if (client->fd != -1 && now >= client->until)
			drop(client);
	}
	forget_gone(clients);
}

void
clients_free(struct clients *clients)
{
	for (size_t i = 0; i < clients->all.len; i++)
		drop(&clients->all.at[i]);
	forget_gone(clients);
	vec_free(&clients->all);
}
