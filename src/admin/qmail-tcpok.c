/*
 * qmail-tcpok.c - forgets which hosts were in trouble.
 * Runs as   root, by hand.
 * Reads     nothing but its arguments: addresses.
 * Writes    queue/lock/tcpto, without these hosts or any from now on; touches
 *           queue/lock/tcpok, which qmail-send watches.
 * Source    qmail-tcpok(8); format in net/tcpto.h.
 */
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "net/tcpto.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define EXIT_USAGE  100
#define EXIT_FAILED 111
#define MARK	    "queue/lock/tcpok"

static bool
parse_address(const char *word, struct ip_address *address)
{
	return ip_parse(span_of(word), address) ||
	    ip_parse_literal(span_of(word), address);
}

/* Nothing is forgotten if one of them is no address. */
static void
check_addresses(char **words)
{
	struct ip_address address;

	for (; *words; words++) {
		if (parse_address(*words, &address))
			continue;
		(void)!fd_write_all(
		    2, SPAN("usage: qmail-tcpok [address ...]\n"));
		_exit(EXIT_USAGE);
	}
}

static int
forget(char **words)
{
	struct ip_address address;

	if (!*words)
		return tcpto_clear_all();
	for (; *words; words++)
		if (parse_address(*words, &address) &&
		    tcpto_clear_address(&address) < 0)
			return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	char **words = argv + (argc > 0);
	struct home_ids ids;

	must_hooks(EXIT_FAILED, NULL);
	check_addresses(words);
	if (chdir(home_dir) < 0 || home_ids_read(&ids) < 0)
		error_exit("qmail-tcpok", "cannot use the home folder");
	if (forget(words) < 0)
		error_exit("qmail-tcpok", "cannot change " TCPTO_FILE);
	if (file_touch(MARK, 0600, ids.uid[HOME_QMAILS],
		ids.gid[HOME_GROUP_QMAIL]) < 0)
		error_exit("qmail-tcpok", "cannot touch " MARK);
	return 0;
}
