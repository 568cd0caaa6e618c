/*
 * qmail-tcpto.c - shows which hosts did not answer.
 * Runs as   the administrator, by hand; root or a user who may read the queue.
 * Reads     queue/lock/tcpto, which qmail-remote writes: NOT trusted.
 * Writes    one line per host on fd 1.
 * Source    qmail-tcpto(8); format in net/tcpto.h.
 */
#include <unistd.h>

#include "base/must.h"
#include "config/home.h"
#include "net/tcpto.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"

#define EXIT_FAILED 111

/* "192.0.2.1 timed out 70 seconds ago; # recent timeouts: 2" */
static void
add_line(struct str *text, const struct tcpto_record *record, uint32_t now)
{
	uint32_t age = now - record->when;

	ip_format(text, &record->address);
	str_add_z(text, " timed out ");
	str_add_u64(text, age < UINT32_C(1) << 31 ? age : 0);
	str_add_z(text, " seconds ago; # recent timeouts: ");
	str_add_u64(text, record->count);
	str_add_byte(text, '\n');
}

int
main(void)
{
	struct tcpto tcpto = TCPTO_INIT;
	struct tcpto_record record;
	struct str text = STR_INIT;
	uint32_t now = (uint32_t)clock_seconds();
	size_t place = 0;

	must_hooks(EXIT_FAILED, NULL);
	if (chdir(home_dir) < 0)
		error_exit("qmail-tcpto", "cannot enter the home folder");
	if (tcpto_read(&tcpto) < 0)
		error_exit("qmail-tcpto", "cannot read " TCPTO_FILE);
	while (tcpto_next(&tcpto, &place, &record))
		add_line(&text, &record, now);
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit("qmail-tcpto", "cannot write");
	str_free(&text);
	tcpto_free(&tcpto);
	return 0;
}
