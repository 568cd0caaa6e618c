/* clients_test.c - who is connected to qmail-rcptd: limits, and what ends a
 * connection. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/users/rcptd_clients.c"
#include "scratch.h"

#define DOOR "door"

static bool is_looked_up; /* qmail-getpw has answered */
static int door;
static struct clients clients;

bool
known_find(
    struct known *known, struct span address, enum rcptcheck_answer *answer)
{
	(void)known;
	(void)address;
	*answer = RCPTCHECK_UNKNOWN;
	return is_looked_up;
}

/* One turn, in which only the client of this place has something to say, or
 * is said to have. */
static void
turn(size_t place)
{
	static struct pollfd fds[RCPTD_CLIENTS_MAX];
	int64_t deadline = 0;
	size_t count = clients_watch(&clients, fds, &deadline);

	for (size_t i = 0; i < count; i++)
		fds[i].revents = i == place ? POLLIN : 0;
	clients_serve(&clients, fds, NULL);
}

static int
connect_one(void)
{
	int fd = door_connect(DOOR);

	assert_true(fd >= 0);
	assert_int_equal(clients_let_in(&clients, door), 0);
	return fd;
}

static void
say(int fd, struct span words)
{
	assert_int_equal(fdpass_send(fd, words, -1), 0);
}

static void
check_answer(int fd)
{
	char answer[3];

	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), 2);
	assert_int_equal(answer[0], RCPTCHECK_UNKNOWN);
}

static void
check_silence(int fd)
{
	char answer[3];

	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
check_end(int fd)
{
	char answer[3];

	assert_true(recv(fd, answer, sizeof(answer), MSG_DONTWAIT) == 0 ||
	    errno == ECONNRESET);
	fd_close(fd);
	assert_int_equal(clients.all.len, 0);
}

static int
begin(void **state)
{
	(void)state;
	is_looked_up = true;
	clients = (struct clients){ VEC_INIT };
	door = door_open(DOOR, 10);
	return door < 0 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	clients_free(&clients);
	fd_close(door);
	return 0;
}

static void
test_questions(void **state)
{
	int fd = connect_one();

	(void)state;
	turn(0); /* for nothing */
	check_silence(fd);
	for (int i = 0; i < 2; i++) {
		say(fd, SPAN("Rann\0"));
		turn(0);
		check_answer(fd);
	}
	is_looked_up = false;
	say(fd, SPAN("Rann\0"));
	turn(0);
	check_silence(fd);
	is_looked_up = true;
	turn(1);
	check_answer(fd);
	turn(1);
	check_silence(fd);
	fd_close(fd);
	turn(0);
	assert_int_equal(clients.all.len, 0);
}

static void
test_what_ends_it(void **state)
{
	const struct span words[] = { SPAN("R"), SPAN("Rann"), SPAN("Xann\0"),
		SPAN("Ra\0Rb\0"), SPAN("\0") };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int fd = connect_one();

		say(fd, words[i]);
		turn(0);
		check_end(fd);
	}
}

/* The second question before the answer. */
static void
test_two_at_once(void **state)
{
	int fd = connect_one();

	(void)state;
	is_looked_up = false;
	say(fd, SPAN("Rann\0"));
	turn(0);
	say(fd, SPAN("Rbob\0"));
	turn(0);
	check_end(fd);
}

static void
test_gone_before_the_answer(void **state)
{
	int fd = connect_one();

	(void)state;
	say(fd, SPAN("Rann\0"));
	fd_close(fd);
	turn(0);
	assert_int_equal(clients.all.len, 0);
}

static void
test_idle(void **state)
{
	struct pollfd fds[2];
	int64_t deadline = 0, first;
	int fd = connect_one(), other = connect_one();

	(void)state;
	clients.all.at[0].until -= 2;
	first = clients.all.at[0].until;
	assert_int_equal(clients_watch(&clients, fds, &deadline), 2);
	assert_int_equal(deadline, first);
	deadline = first - 1; /* somebody else's */
	assert_int_equal(clients_watch(&clients, fds, &deadline), 2);
	assert_int_equal(deadline, first - 1);
	/* A question counts. */
	say(fd, SPAN("Rann\0"));
	clients.all.at[0].until = first = clock_monotonic() + 60000;
	turn(0);
	check_answer(fd);
	assert_true(clients.all.at[0].until > first);
	clients.all.at[0].until = clock_monotonic() - 1;
	turn(2);
	assert_int_equal(clients.all.len, 1);
	fd_close(other);
	turn(0);
	check_end(fd);
}

/* As many as there is room for; none of them has a connection. */
static void
fill(bool has_asked)
{
	struct client other = { .fd = -1,
		.until = clock_monotonic() + RCPTD_IDLE_MS,
		.has_asked = has_asked,
		.address = STR_INIT };

	while (clients.all.len < RCPTD_CLIENTS_MAX)
		vec_push(&clients.all, other);
}

/* Who is idle longest goes, and never who waits for an answer. */
static void
test_too_many(void **state)
{
	int waiting = connect_one(), idle = connect_one(), last;

	(void)state;
	clients.all.at[0].has_asked = true;
	clients.all.at[0].until -= 20;
	clients.all.at[1].until -= 10;
	fill(false);
	last = connect_one();
	assert_int_equal(clients.all.len, RCPTD_CLIENTS_MAX);
	check_silence(waiting);
	check_silence(last);
	assert_int_equal(recv(idle, (char[3]){ 0 }, 3, MSG_DONTWAIT), 0);
	fd_close(idle);
	for (size_t i = 0; i < clients.all.len; i++)
		clients.all.at[i].has_asked = true;
	fd_close(connect_one()); /* it finds nobody who could go */
	check_silence(waiting);
	check_silence(last);
	assert_int_equal(clients.all.len, RCPTD_CLIENTS_MAX);
	fd_close(waiting);
	fd_close(last);
}

/* That is not "nobody waits": the door must be left alone for a while. */
static void
test_no_descriptors(void **state)
{
	int fd = door_connect(DOOR), next = dup(door);
	struct rlimit limit, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)next;
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(clients_let_in(&clients, door), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(clients_let_in(&clients, door), 0);
	assert_int_equal(clients.all.len, 1);
	fd_close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_questions, begin, end),
		cmocka_unit_test_setup_teardown(test_what_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(test_two_at_once, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_gone_before_the_answer, begin, end),
		cmocka_unit_test_setup_teardown(test_idle, begin, end),
		cmocka_unit_test_setup_teardown(test_too_many, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_no_descriptors, begin, end),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
