/* senders_test.c - which addresses are whose. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/cdbmake.h"
#include "config/senders.h"
#include "scratch.h"

static void
put(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text));
}

static void
forget(struct senders *senders)
{
	wordset_free(&senders->listed);
	cdb_close(&senders->database);
	routing_free(&senders->routing);
	wordset_free(&senders->hosts.names);
}

static const struct {
	const char *name, *address;
	int may;
} cases[] = {
	{ "ann", "ann@here.example", 1 },
	{ "Ann", "ANN@Here.Example", 1 },
	{ "ann", "bob@here.example", 0 },
	{ "ann", "ann-list@here.example", 0 },
	{ "ann", "an@here.example", 0 },
	{ "ann", "anna@here.example", 0 },
	{ "ann", "ann@other.example", 0 },
	{ "ann", "ann", 0 },
	{ "ann", "ann@", 0 },
	{ "ann", "@here.example", 0 },
	{ "ann", "", 1 },
	{ "", "@here.example", 0 },
	/* mail for it goes on to another host */
	{ "ann", "ann@behind.example", 1 },
	{ "ann", "bob@behind.example", 0 },
	/* a virtual domain is that of one user, and of nobody else */
	{ "bob", "anybody@virtual.example", 1 },
	{ "bob", "bob@virtual.example", 1 },
	{ "ann", "ann@virtual.example", 0 },
	{ "bo", "b-ann@virtual.example", 0 },
	{ "ann@virtual.example", "ann@virtual.example", 1 },
	{ "ann@virtual.example", "bob@virtual.example", 0 },
	/* listed */
	{ "list", "a@x.example", 1 },
	{ "LIST", "A@X.example", 1 },
	{ "list", "b@x.example", 0 },
	{ "list", "b@y.example", 1 },
	{ "list", "b@sub.y.example", 0 },
	{ "list", "list@here.example", 1 },
	{ "boss", "anybody@anywhere.example", 1 },
	{ "boss", "nobody", 0 },
};

static void
test_senders(void **state)
{
	struct senders senders = SENDERS_INIT;

	(void)state;
	assert_int_equal(mkdir("control", 0700), 0);
	put("control/me", "here.example\n");
	put("control/locals", "here.example\n");
	put("control/rcpthosts",
	    "here.example\nbehind.example\nvirtual.example\n");
	put("control/virtualdomains", "virtual.example:bob\n");
	put("control/senders",
	    "# who may be whom\nlist: a@x.example  @y.example\nboss:*\n");
	assert_int_equal(senders_read(&senders), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int may = senders_may(&senders, span_of(cases[i].name),
		    span_of(cases[i].address));

		if (may != cases[i].may)
			print_message(
			    "%s as %s\n", cases[i].name, cases[i].address);
		assert_int_equal(may, cases[i].may);
	}
	forget(&senders);
}

/* Without rcpthosts only what is delivered here is anybody's. */
static void
test_without_lists(void **state)
{
	struct senders senders = SENDERS_INIT;

	(void)state;
	assert_int_equal(unlink("control/rcpthosts"), 0);
	assert_int_equal(unlink("control/senders"), 0);
	assert_int_equal(senders_read(&senders), 0);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("ann@here.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("ann@behind.example")), 0);
	forget(&senders);
}

/* Beside the list: who is in both has both. */
static void
test_database(void **state)
{
	struct senders senders = SENDERS_INIT;
	struct cdbmake make;
	int fd = open("control/moresenders.cdb", O_RDWR | O_CREAT, 0600);

	(void)state;
	put("control/senders", "ann:a@x.example\n");
	assert_int_equal(cdbmake_begin(&make, fd), 0);
	assert_int_equal(
	    cdbmake_add(&make, SPAN("ann"), SPAN(" b@x.example  @z.example")),
	    0);
	assert_int_equal(cdbmake_add(&make, SPAN("boss"), SPAN("*")), 0);
	assert_int_equal(cdbmake_end(&make), 0);
	cdbmake_free(&make);
	assert_int_equal(close(fd), 0);
	assert_int_equal(senders_read(&senders), 0);
	assert_int_equal(
	    senders_may(&senders, SPAN("Ann"), SPAN("A@x.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("Ann"), SPAN("B@x.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("c@Z.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("c@x.example")), 0);
	assert_int_equal(
	    senders_may(&senders, SPAN("boss"), SPAN("c@x.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("bob"), SPAN("b@x.example")), 0);
	forget(&senders);
}

/* Who may be whom cannot be told, so nobody is told that he may not. */
static void
test_damaged_database(void **state)
{
	struct senders senders = SENDERS_INIT;

	(void)state;
	put("control/moresenders.cdb", "damaged");
	assert_int_equal(senders_read(&senders), 0);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("a@x.example")), 1);
	assert_int_equal(
	    senders_may(&senders, SPAN("ann"), SPAN("b@x.example")), -1);
	forget(&senders);
	assert_int_equal(unlink("control/moresenders.cdb"), 0);
	assert_int_equal(
	    symlink("moresenders.cdb", "control/moresenders.cdb"), 0);
	assert_int_equal(senders_read(&senders), -1);
	assert_int_equal(unlink("control/moresenders.cdb"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_without_lists),
		cmocka_unit_test(test_database),
		cmocka_unit_test(test_damaged_database),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
