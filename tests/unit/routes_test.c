/* routes_test.c - control/smtproutes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "config/routes.h"
#include "scratch.h"

static const char lines[] = "dest.example:relay.example:2525\n"
			    "dest.example:last.example\n"
			    ".example:[127.0.0.3]:26\n"
			    "none.example:\n"
			    "[127.0.0.9]:lit.example\n"
			    "[2001:db8::9]:six.example:27\n"
			    "six.test:[2001:db8::1]:28\n"
			    "bare.test:2001:db8::1\n"
			    "bad.test:relay:smtp\n"
			    "zero.test:relay:0\n"
			    "big.test:relay:65536\n"
			    "tail.test:relay:2525 x\n"
			    "no colon here\n";

static const struct {
	const char *domain;
	int result;
	const char *relay;
	unsigned port;
} cases[] = {
	{ "dest.example", 1, "last.example", 25 },
	{ "DEST.Example", 1, "last.example", 25 },
	{ "a.dest.example", 1, "[127.0.0.3]", 26 },
	{ "example", 0, NULL, 0 },
	{ "none.example", 1, "", 25 },
	{ "[127.0.0.9]", 1, "lit.example", 25 },
	{ "[2001:db8::9]", 1, "six.example", 27 },
	{ "six.test", 1, "[2001:db8::1]", 28 },
	{ "bare.test", 1, "2001:db8::1", 25 },
	{ "bad.test", -1, NULL, 0 },
	{ "zero.test", -1, NULL, 0 },
	{ "big.test", -1, NULL, 0 },
	{ "tail.test", 1, "relay", 2525 },
	{ "no colon here", 0, NULL, 0 },
	{ "other.test", 0, NULL, 0 },
	{ "", 0, NULL, 0 },
};

/* 1 and the route; 0: there is none; -1: its port is none. */
static int
find(const struct routes *routes, struct span domain, struct route *route)
{
	struct span text;

	if (!routes_find_text(routes, domain, &text))
		return 0;
	return route_parse(text, ROUTES_PORT, route) == 0 ? 1 : -1;
}

static void
test_find(void **state)
{
	struct routes routes = ROUTES_INIT;

	(void)state;
	routes_parse(&routes, span_of(lines));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route route;

		assert_int_equal(
		    find(&routes, span_of(cases[i].domain), &route),
		    cases[i].result);
		if (cases[i].result != 1)
			continue;
		assert_true(span_equal(route.relay, span_of(cases[i].relay)));
		assert_int_equal(route.port, cases[i].port);
	}
	routes_free(&routes);
}

/* Whether a line is for no domain. */
static void
test_stray(void **state)
{
	static const struct {
		const char *line;
		bool is_stray;
	} strays[] = {
		{ "", false },
		{ "a.test:relay", false },
		{ ":relay", false },
		{ "[2001:db8::9]:relay", false },
		{ "a.test: relay", false },
		{ "a.test relay", true },
		{ "a.test", true },
		{ "[2001:db8::9]", true },
		{ "a.test :relay", true },
		{ "\ta.test:relay", true },
		{ "a.test relay\na.test:relay", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
		struct routes routes = ROUTES_INIT;

		routes_parse(&routes, span_of(strays[i].line));
		assert_int_equal(routes.has_stray_line, strays[i].is_stray);
		routes_free(&routes);
	}
}

static const struct {
	const char *text, *address, *name; /* NULL: it is none */
} binds[] = {
	{ "", "", "" },
	{ "192.0.2.1", "192.0.2.1", "" },
	{ "192.0.2.1:mx.test", "192.0.2.1", "mx.test" },
	{ ":mx.test", "", "mx.test" },
	{ "[2001:db8::1]:mx.test", "2001:db8::1", "mx.test" },
	{ "[2001:db8::1]", "2001:db8::1", "" },
	{ "[192.0.2.1]:", "192.0.2.1", "" },
	{ "[192.0.2.1", NULL, NULL },
	{ "[192.0.2.1]x:y", NULL, NULL },
	{ "[", NULL, NULL },
	{ "2001:db8::1", NULL, NULL },
	{ "192.0.2.1:mx.test:25", NULL, NULL },
	{ "192.0.2.1:mx test", NULL, NULL },
	{ "192.0.2.1:mx\ttest", NULL, NULL },
	{ "192.0.2.1:m\xc3\xa4.test", NULL, NULL },
};

static void
test_bind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(binds) / sizeof(binds[0]); i++) {
		struct bindroute route;
		int result = bindroute_parse(span_of(binds[i].text), &route);

		print_message("%s\n", binds[i].text);
		assert_int_equal(result, binds[i].name ? 0 : -1);
		if (result < 0)
			continue;
		assert_true(
		    span_equal(route.address, span_of(binds[i].address)));
		assert_true(span_equal(route.name, span_of(binds[i].name)));
	}
}

static void
test_for_all(void **state)
{
	struct routes routes = ROUTES_INIT;
	struct route route;

	(void)state;
	routes_parse(&routes, SPAN(":all.example\n.:root.example\n"));
	assert_int_equal(find(&routes, SPAN("a.b"), &route), 1);
	assert_true(span_equal(route.relay, SPAN("all.example")));
	assert_int_equal(find(&routes, SPAN(""), &route), 1);
	assert_true(span_equal(route.relay, SPAN("all.example")));
	assert_int_equal(find(&routes, SPAN("a.b."), &route), 1);
	assert_true(span_equal(route.relay, SPAN("root.example")));
	routes_free(&routes);
}

static void
check_relay(const struct routes *routes, const char *domain, const char *want)
{
	struct span text;

	assert_true(routes_find_text(routes, span_of(domain), &text));
	assert_true(span_equal(text, span_of(want)));
}

/* What is read stands until it is read again; each change is seen. */
static void
test_read(void **state)
{
	struct routes routes = ROUTES_INIT;
	struct span text;

	(void)state;
	assert_int_equal(mkdir("control", 0700), 0);
	assert_int_equal(routes_read(&routes), 0);
	assert_false(routes_has_changed(&routes));
	assert_false(routes_find_text(&routes, SPAN("a.test"), &text));
	scratch_write("control/smtproutes", "a.test:one:26\n", 14);
	assert_true(routes_has_changed(&routes));
	assert_int_equal(routes_read(&routes), 0);
	assert_false(routes_has_changed(&routes));
	check_relay(&routes, "a.test", "one:26");
	/* The same size and time, but another file. */
	scratch_write("new", "a.test:two:26\n", 14);
	assert_int_equal(utimensat(AT_FDCWD, "new",
			     (struct timespec[]){ { .tv_nsec = UTIME_OMIT },
				 { .tv_sec = routes.stamp.seconds,
				     .tv_nsec = routes.stamp.nanoseconds } },
			     0),
	    0);
	assert_int_equal(rename("new", "control/smtproutes"), 0);
	assert_true(routes_has_changed(&routes));
	check_relay(&routes, "a.test", "one:26");
	assert_int_equal(routes_read(&routes), 0);
	check_relay(&routes, "a.test", "two:26");
	/* Written to in place: only the time, to the nanosecond, tells. */
	assert_int_equal(
	    utimensat(AT_FDCWD, "control/smtproutes",
		(struct timespec[]){ { .tv_nsec = UTIME_OMIT },
		    { .tv_sec = routes.stamp.seconds,
			.tv_nsec = routes.stamp.nanoseconds ^ 1 } },
		0),
	    0);
	assert_true(routes_has_changed(&routes));
	assert_int_equal(unlink("control/smtproutes"), 0);
	assert_true(routes_has_changed(&routes));
	assert_int_equal(routes_read(&routes), 0);
	assert_false(routes_find_text(&routes, SPAN("a.test"), &text));
	/* It cannot be read: what was there before stays. */
	scratch_write("control/smtproutes", "a.test:one\n", 11);
	assert_int_equal(routes_read(&routes), 0);
	assert_int_equal(unlink("control/smtproutes"), 0);
	assert_int_equal(mkdir("control/smtproutes", 0700), 0);
	assert_int_equal(routes_read(&routes), -1);
	check_relay(&routes, "a.test", "one");
	routes_free(&routes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_for_all),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
