/* hosts_test.c - the domains for which mail is accepted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/cdbmake.h"
#include "config/hosts.h"
#include "sys/fd.h"

static char folder[] = "/tmp/hosts_test.XXXXXX";

static const struct {
	const char *address;
	int accepted;
} cases[] = {
	{ "u", 1 },
	{ "", 1 },
	{ "u@", 0 },
	{ "u@here.example", 1 },
	{ "u@HERE.example", 1 },
	{ "u@sub.here.example", 0 },
	{ "u@here.example.", 0 },
	{ "u@xhere.example", 0 },
	{ "u@wild.example", 0 },
	{ "u@a.wild.example", 1 },
	{ "u@a.b.WILD.example", 1 },
	{ "u@.wild.example", 1 },
	{ "u@awild.example", 0 },
	{ "a@here.example@there.example", 0 },
	{ "a@there.example@here.example", 1 },
	{ "u@more.example", 1 },
	{ "u@More.Example", 1 },
	{ "u@x.more.example", 0 },
	{ "u@x.deep.example", 1 },
	{ "u@..", 0 },
	{ "u@.", 0 },
};

static int
make_files(void **state)
{
	struct cdbmake make;
	int fd;

	(void)state;
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	fd = open("list", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 ||
	    fd_write_all(fd, SPAN("Here.Example\n#x\n.wild.example \n")) < 0)
		return -1;
	fd_close(fd);
	fd = open("more", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || cdbmake_begin(&make, fd) < 0 ||
	    cdbmake_add(&make, SPAN("more.example"), SPAN("")) < 0 ||
	    cdbmake_add(&make, SPAN(".deep.example"), SPAN("")) < 0 ||
	    cdbmake_end(&make) < 0)
		return -1;
	cdbmake_free(&make);
	fd_close(fd);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	return unlink("list") || unlink("more") || rmdir(folder);
}

static void
test_accept(void **state)
{
	struct hosts hosts = HOSTS_INIT;

	(void)state;
	assert_int_equal(hosts_read(&hosts, "list", "more"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    hosts_accept(&hosts, span_of(cases[i].address)),
		    cases[i].accepted);
	cdb_close(&hosts.database);
	wordset_free(&hosts.names);
}

static void
test_no_list(void **state)
{
	struct hosts hosts = HOSTS_INIT;

	(void)state;
	assert_int_equal(hosts_read(&hosts, "none", "more"), 0);
	assert_int_equal(hosts_accept(&hosts, SPAN("u@anywhere")), 1);
	wordset_free(&hosts.names);
}

static void
test_broken(void **state)
{
	struct hosts hosts = HOSTS_INIT;

	(void)state;
	assert_int_equal(hosts_read(&hosts, folder, "more"), -1);
	hosts = (struct hosts)HOSTS_INIT;
	assert_int_equal(hosts_read(&hosts, "list", "list"), 0);
	assert_int_equal(hosts_accept(&hosts, SPAN("u@here.example")), 1);
	assert_int_equal(hosts_accept(&hosts, SPAN("u@other.example")), -1);
	cdb_close(&hosts.database);
	wordset_free(&hosts.names);
	hosts = (struct hosts)HOSTS_INIT;
	/* That it cannot be opened does not mean that there is none. */
	assert_int_equal(symlink("circle", "circle"), 0);
	assert_int_equal(hosts_read(&hosts, "list", "circle"), 0);
	assert_int_equal(hosts_accept(&hosts, SPAN("u@other.example")), -1);
	assert_int_equal(unlink("circle"), 0);
	cdb_close(&hosts.database);
	wordset_free(&hosts.names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
