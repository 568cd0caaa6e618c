/*
 * qmail-greyd.c - tells qmail-smtpd whether a client is to come again: greylisting, and
 * limits of recipients by client and by network.
 * Runs as   root, to open its door and become qmailv; then a process for each question.
 *           Started by a supervisor.  In a private instance as the caller.
 * Reads     records at HOME/grey/door, from qmaild; control/greydelay, greywindow,
 *           greylifetime.
 * Writes    HOME/grey/state/new, seen and rates; lines for the log on descriptor 2.
 * Source    qmail-greyd(8); net/greydoor.h.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

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

#define NAME	     "qmail-greyd"
#define SESSIONS     200
#define ASK_MS	     5000
#define DELAY	     300	   /* seconds until one may come again */
#define WINDOW	     (2u * 86400)  /* until it is too late for that */
#define LIFETIME     (36u * 86400) /* so long is known who has come again */
#define LIFETIME_MAX (3660u * 86400)
#define NEW	     "grey/state/new"  /* who has not come again yet */
#define SEEN	     "grey/state/seen" /* who has */
#define RATES	     "grey/state/rates"

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

/* The seconds of control/greydelay and greywindow.  A window that is over before the
 * delay would keep everybody out for ever: returns false, and another one. */
static bool
read_times(uint64_t *delay, uint64_t *window)
{
	*delay = setting("control/greydelay", DELAY);
	*window = setting("control/greywindow", WINDOW);
	if (*window > *delay)
		return true;
	*window = *delay + WINDOW;
	return false;
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
	result = greytable_find(table, &word, 1, NULL, &entry);
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
	if (greytable_open(&table, RATES, GREYTABLE_FEW) < 0)
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

/* Whether it is longer ago than that.  What is of a time to come, as the clock was set
 * back, counts as that, for the difference has no sign. */
static bool
is_over(uint32_t moment, uint64_t now, uint64_t limit)
{
	return now - moment > limit;
}

/* Of one that was seen before: whether it is known still, and then from now on. */
static int
ask_seen(struct greytable *table, const struct span words[3], uint64_t now,
    struct greytable_entry *entry, bool *is_known)
{
	if (greytable_find(table, words, 3, NULL, entry) < 0)
		return -1;
	*is_known = !is_over(
	    entry->last, now, setting("control/greylifetime", LIFETIME));
	if (entry->first == 0)
		entry->first = (uint32_t)now;
	entry->last = (uint32_t)now;
	return *is_known ? greytable_put(table, entry) : 0;
}

/*
 * Of any other.  Its network and client have a share of the table: they can make up
 * senders and recipients as they like, and shall not have others forgotten.
 *   seconds   receives after how many it may come again; 0: it has
 */
static int
ask_new(const struct greydoor_question *question, const struct span words[3],
    uint64_t now, uint64_t *seconds)
{
	uint64_t delay, window, age;
	struct str network = STR_INIT, client = STR_INIT;
	struct greytable_entry entry;
	struct greytable_origin origin;
	struct greytable table;
	int result;

	if (!add_network(&network, question->client, network_width) ||
	    !add_network(&client, question->client, client_width))
		return 0;
	(void)read_times(&delay, &window); /* the log has heard of it */
	origin =
	    (struct greytable_origin){ str_span(&network), str_span(&client) };
	result = greytable_open(&table, NEW, GREYTABLE_MANY);
	if (result == 0)
		result = greytable_find(&table, words, 3, &origin, &entry);
	if (result < 0)
		goto done;
	if (is_over(entry.first, now, window))
		entry.first = (uint32_t)now;
	entry.last = (uint32_t)now;
	age = now - entry.first;
	if (age >= delay)
		entry = (struct greytable_entry){ .key = 0 };
	result = greytable_put(&table, &entry);
	if (result == 0 && age < delay)
		*seconds = delay - age;
done:
	if (result < 0)
		error_warn(NAME, NEW);
	greytable_close(&table);
	str_free(&network);
	str_free(&client);
	return result;
}

/* Who comes again is known by its network, the sender's domain and the recipient:
 * large senders have many hosts, and many senders a letter.  What cannot be read or
 * written is told to the log, and keeps nobody out. */
static void
ask_grey(
    const struct greydoor_question *question, uint64_t now, uint64_t *seconds)
{
	struct greytable table;
	struct greytable_entry entry;
	struct str network = STR_INIT;
	struct span words[3];
	bool is_known = false;

	if (!add_network(&network, question->client, grey_width))
		return;
	words[0] = str_span(&network);
	words[1] = address_domain(question->sender);
	words[2] = question->recipient;
	if (greytable_open(&table, SEEN, GREYTABLE_FEW) < 0 ||
	    ask_seen(&table, words, now, &entry, &is_known) < 0)
		error_warn(NAME, SEEN);
	else if (!is_known && ask_new(question, words, now, seconds) == 0 &&
	    *seconds == 0 && greytable_put(&table, &entry) < 0)
		error_warn(NAME, SEEN);
	greytable_close(&table);
	str_free(&network);
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
		ask_grey(question, now, seconds);
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
	uint64_t delay, window;

	/* Who has just changed them looks at the log now. */
	if (chdir(home_dir) == 0 && !read_times(&delay, &window))
		(void)!fd_write_all(2,
		    SPAN(NAME ": control/greywindow is not more than"
			      " control/greydelay, so nobody could come again:"
			      " two days more than that are taken\n"));
	homeservice_run(&server, HOME_QMAILV, HOME_GROUP_NOFILES, HOME_QMAILD);
}
