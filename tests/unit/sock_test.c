/* sock_test.c - connections on loopback: made, refused, too slow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp.h"
#include "scratch.h"
#include "sys/clock.h"

/* Calls that a signal interrupts: so many, and how long that took. */
static int interrupts;
static int64_t passed;
static int last_wait;

static int
interrupted_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	last_wait = timeout;
	if (interrupts == 0)
		return poll(fds, count, timeout);
	interrupts--;
	passed += 400;
	errno = EINTR;
	return -1;
}

static int
interrupted_connect(int fd, const struct sockaddr *name, socklen_t size)
{
	int result = connect(fd, name, size);

	if (result < 0 && errno == EINPROGRESS && interrupts > 0)
		errno = EINTR;
	return result;
}

#define poll		  interrupted_poll
#define connect		  interrupted_connect
#define clock_monotonic() (clock_monotonic() + passed)
#include "../../src/lib/sys/sock.c"
#undef poll
#undef connect

/* Listens on loopback.  Returns the descriptor; *port receives the port. */
static int
listen_on(const char *text, int backlog, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	int is_six = inet_pton(AF_INET6, text, &six.sin6_addr);
	struct sockaddr *name = is_six ? (void *)&six : (void *)&four;
	socklen_t size = is_six ? sizeof(six) : sizeof(four);
	int fd = socket(name->sa_family, SOCK_STREAM, 0);

	if (!is_six)
		(void)inet_pton(AF_INET, text, &four.sin_addr);
	if (fd < 0 || bind(fd, name, size) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, name, &size), 0);
	*port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return fd;
}

static void
check_connection(const char *text)
{
	struct ip_address address;
	uint16_t port;
	int server = listen_on(text, 5, &port), client, peer;
	char byte;

	if (server < 0)
		skip(); /* no IPv6 here */
	assert_true(ip_parse(span_of(text), &address));
	client = tcp_connect(&address, port, 5);
	assert_true(client >= 0);
	assert_int_equal(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	peer = accept(server, NULL, NULL);
	sock_send_at_once(client);
	assert_false(sock_has_input(client));
	assert_int_equal(sock_wait_input(client, 10), 0);
	assert_int_equal(write(peer, "x", 1), 1);
	assert_int_equal(sock_wait_input(client, 1000), 1);
	assert_true(sock_has_input(client));
	assert_int_equal(read(client, &byte, 1), 1);
	close(peer);
	assert_int_equal(sock_wait_input(client, 1000), 1);
	assert_true(sock_has_input(client)); /* the end counts */
	close(client);
	close(server);
}

static void
test_four(void **state)
{
	(void)state;
	check_connection("127.0.0.1");
}

static void
test_six(void **state)
{
	(void)state;
	check_connection("::1");
}

static void
test_refused(void **state)
{
	struct ip_address address;
	uint16_t port;
	int server = listen_on("127.0.0.1", 5, &port);
	int open = scratch_descriptors();

	(void)state;
	close(server);
	assert_true(ip_parse(SPAN("127.0.0.1"), &address));
	assert_int_equal(tcp_connect(&address, port, 5), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* No socket may send there; whatever the cause, nothing stays open. */
	assert_true(ip_parse(SPAN("255.255.255.255"), &address));
	assert_int_equal(
	    sock_datagram((struct sock_peer){ 4, address.bytes, 53, 0 }), -1);
	assert_int_equal(scratch_descriptors(), open - 1);
}

/* Signals neither end a wait nor make it longer. */
static void
test_interrupted(void **state)
{
	struct ip_address address;
	uint16_t port;
	int server = listen_on("127.0.0.1", 5, &port), fd;

	(void)state;
	interrupts = 2;
	assert_int_equal(sock_wait_input(server, 1000), 0);
	assert_in_range(last_wait, 0, 200);
	interrupts = 3;
	assert_int_equal(sock_wait_input(server, 1000), 0);
	assert_int_equal(last_wait, 0); /* it is over already */
	assert_true(ip_parse(SPAN("127.0.0.1"), &address));
	interrupts = 1;
	fd = tcp_connect(&address, port, 10000);
	interrupts = 0;
	assert_true(fd >= 0);
	close(fd);
	close(server);
}

/* A listener that accepts nothing and whose queue is full. */
static void
test_timeout(void **state)
{
	struct ip_address address;
	uint16_t port;
	int server = listen_on("127.0.0.1", 0, &port), fillers[8];

	(void)state;
	assert_true(ip_parse(SPAN("127.0.0.1"), &address));
	for (int i = 0; i < 8; i++)
		fillers[i] = tcp_connect(&address, port, 0);
	errno = 0;
	assert_int_equal(tcp_connect(&address, port, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	for (int i = 0; i < 8; i++)
		close(fillers[i]);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four),
		cmocka_unit_test(test_six),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
