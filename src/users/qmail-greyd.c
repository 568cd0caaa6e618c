/*
 * qmail-greyd.c - tells qmail-smtpd whether a client is to come again: greylisting, and
 * limits of recipients by client and by network.
 * Runs as   root, to open its door and become qmailv; then a process for each question.
 *           Started by a supervisor.  In a private instance as the caller.
 * Reads     records at HOME/grey/door, from qmaild; control/greydelay, greywindow,
 *           greylifetime.
 * Writes    HOME/grey/state/seen, rates and fresh; lines for the log on descriptor 2.
 * Source    qmail-greyd(8); net/greydoor.h.
 */
#include <errno.h>
#include <poll.h>

#include "config/control.h"
#include "config/homeservice.h"
#include "greytable.h"
#include "mail/address.h"
#include "net/greydoor.h"
#include "net/ip.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/logline.h"

#define NAME	      "qmail-greyd"
#define SESSIONS      200
#define ASK_MS	      5000
#define DELAY	      300	    /* seconds until one may come again */
#define WINDOW	      (2u * 86400)  /* until it is too late for that */
#define LIFETIME      (36u * 86400) /* so long is known who has come again */
#define LIFETIME_MAX  (3660u * 86400)
#define SEEN	      "grey/state/seen"
#define RATES	      "grey/state/rates"
#define FRESH	      "grey/state/fresh" /* how many new ones by network */
#define FRESH_MAX     1000 /* in so many seconds; more are not kept */
#define FRESH_SECONDS 3600

/* How many bits of an address count. */
struct widths {
	unsigned of_4, of_6;
};

static const struct widths client_width = { 32, 64 }, grey_width = { 24, 64 },
			   network_width = { 24, 48 };

/* The network of an address, as text: "192.0.2.0/24".  Its bytes would be taken for
 * letters, whose case does not count. */
static bool
add_network(struct str *text, struct span client, struct widths widths)
{
	struct ip_address address;
	unsigned bits;

	if (!ip_parse(client, &address))
		return false;
	address = ip_unmapped(&address);
	bits = address.family == 4 ? widths.of_4 : widths.of_6;
	for (unsigned i = bits / 8; i < sizeof(address.bytes); i++)
		address.bytes[i] = 0;
	ip_format(text, &address);
	str_add_byte(text, '/');
	str_add_u64(text, bits);
	return true;
}

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	uint64_t number = otherwise;

	if (control_read_number(name, LIFETIME_MAX, &number) < 0)
		error_warn(NAME, name);
	return number;
}

/* ---- limits ---- */

/*
 * Counts a recipient, unless it is too much.
 *   seconds   receives after how many it may come; 0: now
 */
static int
count(struct greytable *table, struct span client, struct widths widths,
    struct greydoor_limit limit, uint64_t now, uint64_t *seconds)
{
	struct str network = STR_INIT;
	struct greytable_entry entry;
	struct span word;
	int result = 0;

	if (limit.count == 0 || !add_network(&network, client, widths))
		goto done;
	word = str_span(&network);
	result = greytable_find(table, &word, 1, &entry);
	if (result < 0)
		goto done;
	if (now < entry.first || now - entry.first >= limit.seconds) {
		entry.first = (uint32_t)now;
		entry.count = 0;
	}
	entry.last = (uint32_t)now;
	if (entry.count >= limit.count)
		*seconds = entry.first + limit.seconds - now;
	else
		entry.count++;
	result = greytable_put(table, &entry);
done:
	str_free(&network);
	return result;
}

static int
ask_rates(const struct greydoor_question *question, uint64_t now,
    enum greydoor_answer *answer, uint64_t *seconds)
{
	struct greytable table;
	int result;

	if (question->of_client.count == 0 && question->of_network.count == 0)
		return 0;
	if (greytable_open(&table, RATES) < 0)
		return -1;
	result = count(&table, question->client, client_width,
	    question->of_client, now, seconds);
	if (*seconds) {
		*answer = GREYDOOR_CLIENT;
	} else if (result == 0) {
		result = count(&table, question->client, network_width,
		    question->of_network, now, seconds);
		if (*seconds)
			*answer = GREYDOOR_NETWORK;
	}
	greytable_close(&table);
	return result;
}

/* ---- greylisting ---- */

/* Seconds until this one may come again; 0: it has. */
static uint64_t
judge(struct greytable_entry *entry, uint64_t now)
{
	uint64_t delay = setting("control/greydelay", DELAY);
	uint64_t age = now - entry->first;
	uint64_t limit = entry->has_passed
	    ? setting("control/greylifetime", LIFETIME)
	    : setting("control/greywindow", WINDOW);

	/* New, or too old; what is of a time to come, as the clock was set back, counts
	 * as that, for the difference has no sign. */
	if (now - (entry->has_passed ? entry->last : entry->first) > limit) {
		entry->first = (uint32_t)now;
		entry->has_passed = 0;
		age = 0;
	}
	entry->last = (uint32_t)now;
	if (!entry->has_passed && age < delay)
		return delay - age;
	entry->has_passed = 1;
	return 0;
}

/* Whether one that is new may be kept: one network, which can make up senders and
 * recipients as it likes, shall not have the others forgotten. */
static int
may_be_kept(
    const struct greydoor_question *question, uint64_t now, bool *is_kept)
{
	const struct greydoor_limit limit = { FRESH_MAX, FRESH_SECONDS };
	struct greytable table;
	uint64_t seconds = 0;
	int result;

	if (greytable_open(&table, FRESH) < 0)
		return -1;
	result = count(
	    &table, question->client, network_width, limit, now, &seconds);
	greytable_close(&table);
	*is_kept = seconds == 0;
	return result;
}

/* Who comes again is known by its network, the sender's domain and the recipient:
 * large senders have many hosts, and many senders a letter. */
static int
ask_grey(
    const struct greydoor_question *question, uint64_t now, uint64_t *seconds)
{
	struct greytable table;
	struct greytable_entry entry;
	struct str network = STR_INIT;
	struct span words[3];
	bool is_kept = true;
	int result = 0;

	if (!add_network(&network, question->client, grey_width))
		goto done;
	words[0] = str_span(&network);
	words[1] = address_domain(question->sender);
	words[2] = question->recipient;
	result = greytable_open(&table, SEEN);
	if (result < 0)
		goto done;
	result = greytable_find(&table, words, 3, &entry);
	if (result == 0 && entry.first == 0)
		result = may_be_kept(question, now, &is_kept);
	if (result == 0) {
		*seconds = judge(&entry, now);
		if (is_kept)
			result = greytable_put(&table, &entry);
	}
	greytable_close(&table);
done:
	str_free(&network);
	return result;
}

/* ---- questions ---- */

static void
log_answer(const struct greydoor_question *question,
    enum greydoor_answer answer, uint64_t seconds)
{
	struct str line = STR_INIT;

	logline_begin(&line,
	    answer == GREYDOOR_GREY ? "greyd deferred" : "greyd limited",
	    question->client);
	logline_quoted(&line, " from", question->sender);
	logline_quoted(&line, " to", question->recipient);
	if (answer != GREYDOOR_GREY)
		logline_quoted(&line, " by",
		    answer == GREYDOOR_CLIENT ? SPAN("client")
					      : SPAN("network"));
	logline_number(&line, " seconds", seconds);
	logline_write(&line);
}

/* A state that cannot be read or written keeps no mail out. */
static enum greydoor_answer
decide(const struct greydoor_question *question, uint64_t *seconds)
{
	uint64_t now = (uint64_t)clock_seconds();
	enum greydoor_answer answer = GREYDOOR_GO;

	if (ask_rates(question, now, &answer, seconds) < 0)
		error_warn(NAME, RATES);
	if (answer == GREYDOOR_GO && question->is_grey) {
		*seconds = 0;
		if (ask_grey(question, now, seconds) < 0) {
			error_warn(NAME, SEEN);
			*seconds = 0;
		}
		if (*seconds)
			answer = GREYDOOR_GREY;
	}
	if (answer != GREYDOOR_GO)
		log_answer(question, answer, *seconds);
	return answer;
}

static int
session(void *context, int sock)
{
	char bytes[GREYDOOR_RECORD_MAX];
	struct greydoor_question question;
	struct str record = STR_INIT;
	uint64_t seconds = 0;
	ssize_t got;
	int result;

	(void)context;
	if (fd_wait(sock, POLLIN, 0, clock_monotonic() + ASK_MS, false) < 0)
		return 1;
	got = fdpass_receive(sock, bytes, sizeof(bytes), NULL);
	if (got < 0 ||
	    !greydoor_parse(span_make(bytes, (size_t)got), &question))
		return 1;
	str_add_byte(&record, (char)decide(&question, &seconds));
	str_add_u64(&record, seconds);
	str_add_byte(&record, '\0');
	result = fdpass_send(sock, str_span(&record), -1) < 0 ? 1 : 0;
	str_free(&record);
	return result;
}

int
main(void)
{
	struct doorserver server = { .name = NAME,
		.path = GREYDOOR_PATH,
		.sessions = SESSIONS,
		.session = session };

	homeservice_run(&server, HOME_QMAILV, HOME_GROUP_NOFILES, HOME_QMAILD);
}
