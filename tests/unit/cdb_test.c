/* cdb_test.c - constant databases: made, looked up, damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/cdb.h"
#include "config/cdbmake.h"

#define RECORDS 300

static char path[] = "/tmp/cdb_test.XXXXXX";

static void
add_key(struct str *key, unsigned i)
{
	str_set(key, SPAN("key-"));
	str_add_u64(key, i);
}

static int
make_file(void **state)
{
	struct cdbmake make;
	struct str key = STR_INIT;
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || cdbmake_begin(&make, fd) < 0)
		return -1;
	for (unsigned i = 0; i < RECORDS; i++) {
		add_key(&key, i);
		if (cdbmake_add(&make, str_span(&key), str_span(&key)) < 0)
			return -1;
	}
	if (cdbmake_add(&make, SPAN("key-7"), SPAN("later")) < 0 ||
	    cdbmake_add(&make, SPAN(""), SPAN("wild")) < 0 ||
	    cdbmake_add(&make, SPAN("empty"), SPAN("")) < 0 ||
	    cdbmake_end(&make) < 0)
		return -1;
	cdbmake_free(&make);
	str_free(&key);
	return close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
test_find(void **state)
{
	struct str key = STR_INIT, value = STR_INIT;
	struct cdb cdb = CDB_INIT;

	(void)state;
	assert_int_equal(cdb_open(&cdb, path), 0);
	for (unsigned i = 0; i < RECORDS; i++) {
		add_key(&key, i);
		assert_int_equal(cdb_find(&cdb, str_span(&key), &value), 1);
		assert_string_equal(str_z(&value), str_z(&key));
		add_key(&key, i + RECORDS);
		assert_int_equal(cdb_find(&cdb, str_span(&key), &value), 0);
	}
	assert_int_equal(cdb_find(&cdb, SPAN(""), &value), 1);
	assert_string_equal(str_z(&value), "wild");
	assert_int_equal(cdb_find(&cdb, SPAN("empty"), &value), 1);
	assert_int_equal(value.len, 0);
	assert_int_equal(cdb_find(&cdb, SPAN("empty"), NULL), 1);
	cdb_close(&cdb);
	str_free(&key);
	str_free(&value);
}

/* Cut at every 13th byte: found whole, not found, or damaged. */
static void
test_cut_short(void **state)
{
	struct str value = STR_INIT;
	struct cdb cdb = CDB_INIT;
	off_t size;

	(void)state;
	assert_int_equal(cdb_open(&cdb, path), 0);
	size = lseek(cdb.fd, 0, SEEK_END);
	for (; size >= 0; size -= 13) {
		int result;

		assert_int_equal(truncate(path, size), 0);
		result = cdb_find(&cdb, SPAN("key-250"), &value);
		if (result < 0)
			assert_int_equal(errno, EBADMSG);
		else if (result > 0)
			assert_string_equal(str_z(&value), "key-250");
		if (size < CDB_HEADER / 256)
			assert_int_equal(result, -1);
	}
	cdb_close(&cdb);
	str_free(&value);
}

/* Makes a database of its own with one record. */
static void
make_one(const char *name, struct span key, struct span value)
{
	struct cdbmake make;
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(cdbmake_begin(&make, fd), 0);
	assert_int_equal(cdbmake_add(&make, key, value), 0);
	assert_int_equal(cdbmake_end(&make), 0);
	cdbmake_free(&make);
	close(fd);
}

/* Two keys of one length with the same hash. */
static void
find_twins(char one[3], char other[3])
{
	for (one[0] = 'a'; one[0] < 'z'; one[0]++)
		for (one[1] = 'a'; one[1] <= 'z'; one[1]++) {
			other[0] = (char)(one[0] + 1);
			for (other[1] = ' '; other[1] < 127; other[1]++)
				if (cdb_hash(span_of(one)) ==
				    cdb_hash(span_of(other)))
					return;
		}
	fail();
}

static void
test_same_hash(void **state)
{
	char name[] = "/tmp/cdb_twins.XXXXXX", one[3] = "", other[3] = "";
	struct cdb cdb = CDB_INIT;
	int fd = mkstemp(name);

	(void)state;
	find_twins(one, other);
	make_one(name, span_of(one), SPAN("x"));
	assert_int_equal(cdb_open(&cdb, name), 0);
	assert_int_equal(cdb_find(&cdb, span_of(one), NULL), 1);
	assert_int_equal(cdb_find(&cdb, span_of(other), NULL), 0);
	cdb_close(&cdb);
	close(fd);
	unlink(name);
}

/* A length that is nonsense is not believed, even if the file is so long. */
static void
test_long_value(void **state)
{
	char name[] = "/tmp/cdb_long.XXXXXX";
	const unsigned char len[] = { 1, 0, 0, 4 }; /* CDB_VALUE_MAX + 1 */
	struct str value = STR_INIT;
	struct cdb cdb = CDB_INIT;
	int fd = mkstemp(name);

	(void)state;
	make_one(name, SPAN("key"), SPAN("x"));
	assert_int_equal(pwrite(fd, len, 4, CDB_HEADER + 4), 4);
	assert_int_equal(ftruncate(fd, 2 * CDB_VALUE_MAX), 0);
	assert_int_equal(cdb_open(&cdb, name), 0);
	errno = 0;
	assert_int_equal(cdb_find(&cdb, SPAN("key"), &value), -1);
	assert_int_equal(errno, EBADMSG);
	cdb_close(&cdb);
	str_free(&value);
	close(fd);
	unlink(name);
}

static void
test_missing(void **state)
{
	struct cdb cdb = CDB_INIT;

	(void)state;
	assert_int_equal(cdb_open(&cdb, "/nothing/here"), -1);
	assert_int_equal(errno, ENOENT);
	cdb_close(&cdb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_same_hash),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
