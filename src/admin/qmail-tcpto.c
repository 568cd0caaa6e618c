/*
 * qmail-tcpto.c - shows which hosts were in trouble.
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

/* "192.0.2.1", or with another port than 25 "192.0.2.1:26", "[::1]:26" */
static void
add_host(struct str *text, const struct tcpto_host *host)
{
	bool has_port = host->port != 25 && host->port != TCPTO_TLS_PORT;
	bool has_brackets = has_port && host->address.family == 6;

	if (has_brackets)
		str_add_byte(text, '[');
	ip_format(text, &host->address);
	if (has_brackets)
		str_add_byte(text, ']');
	if (has_port) {
		str_add_byte(text, ':');
		str_add_u64(text, host->port);
	}
}

/* "192.0.2.1 timed out 70 seconds ago; # recent timeouts: 2" */
static void
add_line(struct str *text, const struct tcpto_record *record, uint32_t now)
{
	uint32_t age = now - record->when;

	add_host(text, &record->host);
	str_add_byte(text, ' ');
	str_add_z(text, tcpto_words(record->trouble));
	str_add_byte(text, ' ');
	str_add_u64(text, age < UINT32_C(1) << 31 ? age : 0);
	str_add_z(text,
	    record->trouble == TCPTO_TIMEOUT
		? " seconds ago; # recent timeouts: "
		: " seconds ago; # recent troubles: ");
	str_add_u64(text, record->count);
	str_add_byte(text, '\n');
}

int
main(void)
{
	struct tcpto tcpto = TCPTO_INIT;
	struct tcpto_list list = { .records = VEC_INIT };
	struct str text = STR_INIT;
	uint32_t now = (uint32_t)clock_seconds();

	must_hooks(EXIT_FAILED, NULL);
	if (chdir(home_dir) < 0)
		error_exit("qmail-tcpto", "cannot enter the home folder");
	if (tcpto_open(&tcpto) < 0 || tcpto_list(&tcpto, &list) < 0)
		error_exit("qmail-tcpto", "cannot read " TCPTO_FILE);
	for (size_t i = 0; i < list.records.len; i++)
		add_line(&text, &list.records.at[i], now);
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit("qmail-tcpto", "cannot write");
	str_free(&text);
	vec_free(&list.records);
	tcpto_close(&tcpto);
	return 0;
}
