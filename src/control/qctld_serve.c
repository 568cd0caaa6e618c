/*
 * qctld_serve.c - the process of qmail-qctld for one client.
 * Input: requests: hostile
 */
#include <stdbool.h>
#include <unistd.h>

#include "config/home.h"
#include "qctld.h"
#include "queue/path.h"
#include "queue/record.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "verbs.h"

struct serving {
	int fd;
};

static void
say(void *context, char letter, struct span text)
{
	struct serving *serving = context;
	struct str datagram = STR_INIT;

	str_add_byte(&datagram, letter);
	str_add(&datagram, text);
	/* Who does not read is left alone. */
	if (fdpass_send(serving->fd, str_span(&datagram), -1) < 0)
		_exit(0);
	str_free(&datagram);
}

static int
answer(struct serving *serving, struct control *control)
{
	static char datagram[FDPASS_RECORD_MAX];
	ssize_t got =
	    fdpass_receive(serving->fd, datagram, sizeof(datagram), NULL);

	if (got <= 0)
		_exit(0);
	return control_run(control, span_make(datagram, (size_t)got));
}

void
qctld_serve(int fd, int orders)
{
	struct serving serving = { .fd = fd };
	struct control control = { .orders = orders,
		.changes = changes,
		.change_count = CHANGES,
		.say = say,
		.context = &serving };
	struct str code = STR_INIT;
	uid_t uid;

	if (fd_set_blocking(fd) < 0 ||
	    fdpass_set_timeout(fd, CONTROLDOOR_SECONDS) < 0 ||
	    fdpass_set_timeout(orders, CONTROLDOOR_SECONDS) < 0 ||
	    door_peer(fd, &uid) < 0 || chdir(home_queue_dir) < 0 ||
	    queue_split_read(&control.split) < 0)
		_exit(CONTROLDOOR_TROUBLE);
	control.uid = uid;
	str_add_u64(&code, (uint64_t)answer(&serving, &control));
	say(&serving, CONTROLDOOR_EXIT, str_span(&code));
	_exit(0);
}
