/*
 * authd_clients.c - who is connected, and what they asked.
 * Input: from a peer of ours; addresses, names and passwords are hostile
 */
#include <errno.h>

#include "authd.h"
#include "base/secret.h"
#include "queue/logintry.h"
#include "queue/sendcount.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/logline.h"
#include "sys/spawn.h"

#define MS 1000

/* ---- the log ---- */

/* "authd refused pid=31 client="192.0.2.1" user="ann" service="smtp" ..." */
static void
log_event(const char *event, const struct logincheck *login, const char *reason)
{
	struct str line = STR_INIT;

	logline_begin(&line, event, login->address);
	logline_quoted(&line, " user", login->name);
	logline_quoted(&line, " service", login->service);
	if (reason)
		logline_quoted(&line, " reason", span_of(reason));
	logline_write(&line);
}

static void
log_answer(const struct logincheck *login, enum logincheck_answer answer,
    const char *reason)
{
	switch (answer) {
	case LOGINCHECK_RIGHT:
		log_event("authd accepted", login, NULL);
		break;
	case LOGINCHECK_WRONG:
		log_event("authd refused", login, "wrong name or password");
		break;
	case LOGINCHECK_TOO_OFTEN:
		log_event("authd refused", login, reason);
		break;
	case LOGINCHECK_LATER:
		log_event("authd failed", login, reason);
		break;
	}
}

/* ---- clients ---- */

/* The client has left, or has its answer. */
static void
hang_up(struct client *client)
{
	fd_close(client->fd);
	client->fd = -1;
}

static bool
has_asked(const struct client *client)
{
	return client->asked != 0;
}

/* All that is ever said; who has left does not hear it. */
static void
send_letter(struct client *client, int letter)
{
	const char record[2] = { (char)letter, '\0' };

	if (client->fd != -1)
		(void)!fdpass_send(client->fd, span_make(record, 2), -1);
	hang_up(client);
}

/* Answers, and forgets what was asked but for the name. */
static void
answer(struct client *client, enum logincheck_answer found, const char *reason)
{
	log_answer(&client->login, found, reason);
	send_letter(client, found);
}

static void
wipe_password(struct client *client)
{
	secret_wipe(
	    client->record + (client->login.password.s - client->record),
	    client->login.password.len);
}

/* It comes to an end without a check. */
static void
send_away(
    struct client *client, enum logincheck_answer found, const char *reason)
{
	wipe_password(client);
	answer(client, found, reason);
}

/* A place where nobody is, and no check runs; NULL: there is none. */
static struct client *
find_place(struct clients *clients)
{
	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++)
		if (clients->all[i].fd == -1 && !clients->all[i].pid)
			return &clients->all[i];
	return NULL;
}

void
clients_init(struct clients *clients, char **argv, uid_t peer)
{
	clients->argv = argv;
	clients->peer = peer;
	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++)
		clients->all[i].fd = -1;
}

bool
clients_have_room(struct clients *clients)
{
	return find_place(clients) != NULL;
}

int
clients_let_in(struct clients *clients, int door)
{
	struct client *client;

	while ((client = find_place(clients)) != NULL) {
		int fd = door_accept(door);
		uid_t uid;

		if (fd < 0)
			return errno == EAGAIN ? 0 : -1;
		if (door_peer(fd, &uid) < 0 ||
		    (uid != 0 && uid != clients->peer)) {
			fd_close(fd);
			continue;
		}
		*client = (struct client){ .fd = fd,
			.is_root = uid == 0,
			.until = clock_monotonic() + AUTHD_RECORD_MS };
	}
	return 0;
}

void
clients_watch(
    const struct clients *clients, struct pollfd *fds, int64_t *deadline)
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++) {
		const struct client *client = &clients->all[i];
		int64_t wanted = client->until;

		/* Who waits for his turn, and not for a free place. */
		if (has_asked(client) && !client->pid && client->begins > now)
			wanted = client->begins;
		fds[i] = (struct pollfd){ .fd = client->fd,
			.events = has_asked(client) ? 0 : POLLIN };
		if ((client->fd != -1 || client->pid) &&
		    (!*deadline || wanted < *deadline))
			*deadline = wanted;
	}
}

/* Answers how much mail somebody may send.  Returns false if that was not the
 * question. */
static bool
answer_count(struct clients *clients, struct client *client, struct span record)
{
	struct span name;
	uint64_t recipients;
	bool may;

	if (!sendcount_parse(record, &name, &recipients))
		return false;
	may = sends_count(&clients->sends, name, recipients, clock_seconds());
	if (!may)
		log_event("authd limited",
		    &(struct logincheck){ .name = name,
			.address = SPAN(""),
			.service = SPAN("") },
		    "too much mail in an hour");
	send_letter(client, may ? SENDCOUNT_TAKEN : SENDCOUNT_TOO_MANY);
	return true;
}

/* Notes what came of a try that the client has checked, or that one is to begin;
 * that goes on like any question.  Returns false if neither was said, or not by
 * root: who hears strangers could take back what he has guessed. */
static bool
hear_of_try(struct clients *clients, struct client *client, struct span record)
{
	enum logintry_event event;

	if (!client->is_root || !logintry_parse(record, &client->login, &event))
		return false;
	client->is_try = true;
	if (event == LOGINTRY_BEGINS)
		return true;
	client->lines = tries_lines(
	    &clients->tries, client->login.address, client->login.name);
	tries_end(&clients->tries, &client->lines, false,
	    event == LOGINTRY_WAS_RIGHT ? TRIES_RIGHT : TRIES_UNKNOWN,
	    clock_monotonic());
	send_letter(client, LOGINCHECK_RIGHT);
	return true;
}

/* Takes the question that came.  What is none ends the connection. */
static void
hear(struct clients *clients, struct client *client)
{
	int64_t now = clock_monotonic();
	ssize_t got = fdpass_receive(
	    client->fd, client->record, sizeof(client->record), NULL);
	struct span record =
	    span_make(client->record, got > 0 ? (size_t)got : 0);

	if (got < 0 && errno == EAGAIN)
		return;
	if (answer_count(clients, client, record))
		return;
	if (!hear_of_try(clients, client, record) &&
	    !logincheck_parse(record, &client->login)) {
		secret_wipe(client->record, sizeof(client->record));
		hang_up(client);
		return;
	}
	if (client->fd == -1)
		return; /* it has said what came of its try */
	client->asked = client->begins = now;
	client->order = clients->questions++;
	client->until = now + AUTHD_QUEUE_MS;
}

/* ---- turns ---- */

static bool
is_before_check(const struct client *client)
{
	return client->fd != -1 && has_asked(client) && !client->pid;
}

/* Who comes from where somebody has failed lately stands behind those who do not;
 * else who came first is first. */
static bool
is_ahead(const struct client *one, const struct client *other)
{
	if (one->has_failed != other->has_failed)
		return other->has_failed;
	return one->order < other->order;
}

/* Who wait for their turn in a line of this client's, ahead of it. */
static size_t
count_ahead(const struct clients *clients, const struct client *client,
    bool is_name, int64_t now)
{
	const struct tries_lines *mine = &client->lines;
	size_t found = 0;

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++) {
		const struct client *other = &clients->all[i];
		const struct tries_lines *its = &other->lines;
		bool is_same = is_name
		    ? its->name == mine->name && its->is_own == mine->is_own &&
			(!its->is_own || its->both == mine->both)
		    : its->address == mine->address && !its->is_own;

		found += is_before_check(other) && is_same &&
		    is_ahead(other, client) && other->begins > now;
	}
	return found;
}

/* Whether so many were wrong in a line that its turn never comes. */
static bool
is_hopeless(const struct client *client, struct tries_turn turn, size_t ahead)
{
	return turn.is_guessed &&
	    (turn.at_best > client->asked + TRIES_WAIT_MAX ||
		ahead >= TRIES_LINE_MAX);
}

/* Finds when its turn is, as things are; who has no hope of one is sent away.  While
 * checks run that may turn out right, that is nobody who came early enough. */
static void
find_turn(struct clients *clients, struct client *client, int64_t now)
{
	int64_t last = client->asked + TRIES_WAIT_MAX;
	struct tries_turn address, name;
	size_t ahead;

	client->lines = tries_lines(
	    &clients->tries, client->login.address, client->login.name);
	client->has_failed =
	    tries_has_failed(&clients->tries, &client->lines, now);
	address = tries_turn_of_address(&clients->tries, &client->lines, now);
	name = tries_turn_of_name(&clients->tries, &client->lines, now);
	client->begins = address.at > name.at ? address.at : name.at;
	if (client->begins <= now)
		return;
	/* Who comes to a name that others guess is not to blame. */
	ahead = count_ahead(clients, client, true, now);
	if (is_hopeless(client, name, ahead)) {
		send_away(client, LOGINCHECK_TOO_OFTEN,
		    "too many tries of this name");
		return;
	}
	if (ahead < AUTHD_WAITING_MAX)
		ahead = count_ahead(clients, client, false, now);
	if (address.is_told && is_hopeless(client, address, ahead)) {
		send_away(client, LOGINCHECK_TOO_OFTEN, "too many tries");
		return;
	}
	/* Where nobody was told to be wrong, all may have been right. */
	if (now >= last || ahead >= AUTHD_WAITING_MAX ||
	    is_hopeless(client, address, ahead)) {
		send_away(client, LOGINCHECK_LATER, "too many tries at once");
		return;
	}
	if (client->begins > last)
		client->begins = last;
	client->until = client->begins + AUTHD_QUEUE_MS;
}

/* ---- checks ---- */

/* Checks that run for an address.  One may have half of the places. */
static size_t
checks_of(const struct clients *clients, uint64_t address)
{
	size_t found = 0;

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++)
		found += clients->all[i].pid &&
		    tries_of_address(&clients->tries,
			clients->all[i].login.address) == address;
	return found;
}

/* Those who check themselves need no place among the checks. */
static bool
has_place(const struct clients *clients, const struct client *client)
{
	uint64_t address;

	if (client->is_try)
		return true;
	address = tries_of_address(&clients->tries, client->login.address);
	return clients->checks < clients->limits.checks &&
	    checks_of(clients, address) < (clients->limits.checks + 1) / 2;
}

/* Whose turn it is; NULL: nobody's. */
static struct client *
find_next(struct clients *clients)
{
	struct client *next = NULL;
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++) {
		struct client *client = &clients->all[i];

		if (is_before_check(client))
			find_turn(clients, client, now);
		if (is_before_check(client) && client->begins <= now &&
		    (!next || is_ahead(client, next)) &&
		    has_place(clients, client))
			next = client;
	}
	return next;
}

static void
begin(struct clients *clients, struct client *client)
{
	int64_t now = clock_monotonic();

	tries_begin(&clients->tries, &client->lines, !client->is_try, now);
	if (client->is_try) {
		send_letter(client, LOGINCHECK_RIGHT);
		return;
	}
	client->pid = check_start(clients->argv, &client->login);
	if (client->pid < 0) {
		int cause = errno;

		client->pid = 0;
		tries_end(
		    &clients->tries, &client->lines, true, TRIES_UNKNOWN, now);
		send_away(client, LOGINCHECK_LATER, error_text(cause));
		return;
	}
	wipe_password(client);
	client->until = now + (int64_t)clients->limits.seconds * MS;
	clients->checks++;
}

void
clients_check_ended(struct clients *clients, pid_t pid, int status)
{
	static const enum tries_outcome outcomes[] = {
		[LOGINCHECK_RIGHT] = TRIES_RIGHT,
		[LOGINCHECK_WRONG] = TRIES_WRONG,
		[LOGINCHECK_LATER] = TRIES_UNKNOWN,
	};

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++) {
		struct client *client = &clients->all[i];
		enum logincheck_answer found = check_outcome(status);

		if (client->pid != pid)
			continue;
		client->pid = 0;
		clients->checks--;
		tries_end(&clients->tries, &client->lines, true,
		    outcomes[found], clock_monotonic());
		answer(client, found,
		    client->is_too_slow ? "the program is too slow"
					: "the program has failed");
	}
}

/* It, or its check, has had its time. */
static void
end_late(struct client *client)
{
	if (client->pid) {
		client->is_too_slow = true;
		spawn_end(client->pid, true);
		client->until += AUTHD_QUEUE_MS; /* it has only to be reaped */
	} else if (has_asked(client)) {
		send_away(client, LOGINCHECK_LATER, "too many checks at once");
	} else {
		hang_up(client);
	}
}

/* Who has left waits for nothing; what his check finds counts. */
static void
leave(struct client *client)
{
	if (is_before_check(client))
		wipe_password(client);
	hang_up(client);
}

void
clients_serve(struct clients *clients, const struct pollfd *fds)
{
	int64_t now = clock_monotonic();
	struct client *next;

	for (size_t i = 0; i < AUTHD_CLIENTS_MAX; i++) {
		struct client *client = &clients->all[i];

		if (client->fd != -1 && fds[i].revents) {
			if (has_asked(client))
				leave(client);
			else
				hear(clients, client);
		}
		if ((client->fd != -1 || client->pid) && now >= client->until)
			end_late(client);
	}
	while ((next = find_next(clients)) != NULL)
		begin(clients, next);
}
