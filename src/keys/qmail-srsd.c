/*
 * qmail-srsd.c - rewrites the reverse-paths of mail that is passed on.
 * Runs as   root, to open its door and become qmailk; then a process for each who
 *           asks.  Started by a supervisor.  In a private instance as the caller.
 * Reads     control/srs_domain, srs_secrets and others, for each who asks; records at
 *           HOME/srs/door, from anybody on this machine: hostile.
 * Writes    addresses, to those who asked.
 * Source    qmail-srsd(8); net/srsdoor.h, mail/srs.h.
 */
#include <poll.h>
#include <unistd.h>

#include "config/control.h"
#include "config/homeservice.h"
#include "config/hosts.h"
#include "config/routing.h"
#include "mail/address.h"
#include "net/srsdoor.h"
#include "srs.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define NAME	 "qmail-srsd"
#define SESSIONS 200  /* at once */
#define ASK_MS	 5000 /* for the record */

static int
answer(int sock, enum srsdoor_letter letter, struct span what)
{
	struct str record = STR_INIT;
	int result;

	str_add_byte(&record, (char)letter);
	str_add_field(&record, what);
	result = fdpass_send(sock, str_span(&record), -1) < 0 ? 1 : 0;
	str_free(&record);
	return result;
}

/* Whether mail of a domain may be sent from here as it is: then it stays.  Returns
 * 1, 0, -1: that cannot be told. */
static int
is_own(struct span address)
{
	struct span domain = address_domain(address);
	struct wordset locals = WORDSET_INIT;
	struct hosts hosts = HOSTS_INIT;
	struct str me = STR_INIT;
	int found;

	if (domain.len == 0 || domain.s[0] == '[')
		return 1;
	found = control_read_set("control/locals", '\0', &locals);
	if (found == 0) /* then it is control/me */
		found = control_read_line("control/me", &me) < 0 ? -1 : 0;
	if (found >= 0 &&
	    (wordset_has_exactly(&locals, domain) ||
		span_equal_nocase(domain, str_span(&me))))
		return 1;
	if (found < 0 ||
	    hosts_read(
		&hosts, "control/rcpthosts", "control/morercpthosts.cdb") < 0)
		return -1;
	return hosts.accept_all ? 0 : hosts_accept(&hosts, address);
}

/* Whether a message for these fields stays on this host.  Returns 1, 0, -1: that cannot be
 * told. */
static int
are_here(struct span recipients)
{
	struct routing routing = ROUTING_INIT;
	struct str address = STR_INIT;
	const char *culprit;
	struct span recipient;
	bool is_here = recipients.len > 0;

	if (routing_read(&routing, &culprit) < 0)
		return -1;
	while (is_here && span_cut_next(&recipients, '\0', &recipient))
		is_here = routing_apply(&routing, recipient, &address);
	routing_free(&routing);
	str_free(&address);
	return is_here ? 1 : 0;
}

/* Whether the sender of a message that is passed on stays, likewise. */
static int
is_kept(struct span recipients)
{
	if (access("control/srs_forwards", F_OK) < 0)
		return 1;
	return are_here(recipients);
}

static int
forward(int sock, const struct srs_settings *settings, struct span address)
{
	struct str result = STR_INIT;
	enum srs_result done;

	switch (is_own(address)) {
	case 1:
		return answer(sock, SRSDOOR_DONE, address);
	case 0:
		break;
	default:
		return answer(sock, SRSDOOR_TROUBLE,
		    SPAN("qmail-srsd cannot read control/locals or rcpthosts"));
	}
	done = srs_forward(&settings->srs, address, &result);
	if (done != SRS_DONE)
		return answer(sock, SRSDOOR_REFUSED, span_of(srs_words(done)));
	return answer(sock, SRSDOOR_DONE, str_span(&result));
}

static int
reverse(int sock, const struct srs_settings *settings, struct span address)
{
	struct str result = STR_INIT;
	enum srs_result done;

	if (!span_equal_nocase(address_domain(address), settings->srs.domain))
		return answer(sock, SRSDOOR_REFUSED,
		    SPAN("its domain is not control/srs_domain"));
	done = srs_reverse(&settings->srs, address, &result);
	if (done != SRS_DONE)
		return answer(sock, SRSDOOR_REFUSED, span_of(srs_words(done)));
	return answer(sock, SRSDOOR_DONE, str_span(&result));
}

static int
session(void *context, int sock)
{
	char record[SRSDOOR_RECORD_MAX];
	struct srs_settings settings;
	const char *wrong;
	struct span rest, address;
	ssize_t got;

	(void)context;
	if (fd_wait(sock, POLLIN, 0, clock_monotonic() + ASK_MS, false) < 0)
		return 1;
	got = fdpass_receive(sock, record, sizeof(record), NULL);
	if (got < 3 || record[got - 1] != '\0')
		return 1;
	rest = span_make(record + 1, (size_t)got - 1);
	if (!span_cut_next(&rest, '\0', &address) || address.len == 0 ||
	    address.len > ADDRESS_MAX ||
	    (rest.len && record[0] != SRSDOOR_PASS_ON))
		return 1;
	srs_settings_init(&settings, clock_seconds());
	if (record[0] == SRSDOOR_PASS_ON) {
		switch (is_kept(rest)) {
		case 1:
			return answer(sock, SRSDOOR_DONE, address);
		case 0:
			break;
		default:
			return answer(sock, SRSDOOR_TROUBLE,
			    SPAN("qmail-srsd cannot read control/locals or"
				 " virtualdomains"));
		}
		record[0] = SRSDOOR_FORWARD;
	}
	wrong = srs_settings_read(&settings);
	if (wrong)
		return answer(sock, SRSDOOR_TROUBLE, span_of(wrong));
	if (record[0] == SRSDOOR_FORWARD)
		return forward(sock, &settings, address);
	return record[0] == SRSDOOR_REVERSE ? reverse(sock, &settings, address)
					    : 1;
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = SRSDOOR_PATH,
		.is_public = true,
		.sessions = SESSIONS,
		.session = session };

	homeservice_run(&server, HOME_QMAILK, HOME_GROUP_NOFILES, HOME_USERS);
}
