/*
 * trace.c - which lines of many logs are about one thing.
 * Input: hostile
 */
#include "trace.h"

#include <stdlib.h>

#include "queue/path.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MICROSECONDS 1000000
#define SLACK	     2 /* seconds: stamps are of whoever writes the log */

void
trace_init(struct trace *trace, const struct word *word)
{
	*trace = (struct trace){ .word = *word };
	open_init(&trace->sessions);
	open_init(&trace->messages);
	open_init(&trace->deliveries);
	open_init(&trace->found_sessions);
	open_init(&trace->found_messages);
}

/* ---- links ---- */

static int
compare(const void *left, const void *right)
{
	const struct trace_link *a = left, *b = right;

	if (a->qp != b->qp)
		return a->qp < b->qp ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

void
trace_begin(struct trace *trace)
{
	struct open *const going[] = { &trace->sessions, &trace->messages,
		&trace->deliveries };

	for (size_t i = 0; i < COUNT(going); i++) {
		open_end_all(going[i]);
		going[i]->came = 0;
	}
	trace->going.len = 0;
	trace->has_more = false;
	trace->sorted = trace->links.len;
	if (trace->sorted)
		qsort(trace->links.at, trace->sorted, sizeof(*trace->links.at),
		    compare);
}

bool
trace_found_more(const struct trace *trace)
{
	return trace->has_more;
}

/* The first of the sorted links that is not before one. */
static size_t
find_link(const struct trace *trace, const struct trace_link *link)
{
	size_t low = 0, high = trace->sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&trace->links.at[middle], link) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
add_link(struct trace *trace, enum trace_link_kind kind, uint64_t qp,
    int64_t seconds, struct span sender)
{
	struct trace_link link = { kind, qp, seconds, trace->senders.len };
	size_t at = find_link(trace, &link);

	if (!qp ||
	    (at < trace->sorted && !compare(&trace->links.at[at], &link)))
		return;
	if (trace->links.len >= 2 * TRACE_FOUND_MAX) {
		trace->is_cut = true;
		return;
	}
	str_add_field(&trace->senders, sender);
	vec_push(&trace->links, link);
	trace->has_more = true;
}

/* Whether one of the links is to what came between two moments. */
static bool
has_link(const struct trace *trace, enum trace_link_kind kind, uint64_t qp,
    int64_t first, int64_t last, struct span sender)
{
	struct trace_link link = { kind, qp, first, 0 };

	for (size_t at = find_link(trace, &link); at < trace->sorted; at++) {
		const struct trace_link *found = &trace->links.at[at];

		if (found->qp != qp || found->kind != kind ||
		    found->seconds > last)
			return false;
		if (kind == TRACE_BOUNCE ||
		    span_equal(
			span_of(trace->senders.s + found->sender), sender))
			return true;
	}
	return false;
}

/* ---- sessions ---- */

static bool
is_found(const struct open *found, const struct open_entry *entry)
{
	return open_find(found, entry->came) != NULL;
}

static struct open_entry *
mark(struct trace *trace, struct open *found, const struct open_entry *entry)
{
	struct open_entry *marked = open_find(found, entry->came);

	if (marked)
		return marked;
	if (found->count >= TRACE_FOUND_MAX) {
		trace->is_cut = true;
		return NULL;
	}
	trace->has_more = true;
	return open_add(found, entry->came);
}

/* Who speaks with a client himself, and what tcpserver says of him. */
static bool
is_of_session(const struct entry *entry)
{
	static const char *const services[] = { "tcpserver", "smtpd", "qmtpd",
		"qmqpd", "dnsbl", "greetdelay", "proxyin" };

	if (!entry_number(entry, "pid"))
		return false;
	for (size_t i = 0; i < COUNT(services); i++)
		if (span_equal(entry->service, span_of(services[i])))
			return true;
	return false;
}

static struct open_entry *
find_session(struct trace *trace, const struct entry *entry)
{
	uint64_t pid = entry_number(entry, "pid");
	struct open_entry *session = open_find(&trace->sessions, pid);
	bool is_end = entry_is(entry, "tcpserver", "end");

	if (session &&
	    (is_end || (!session->uid && !entry_is(entry, "tcpserver", "pid"))))
		return session;
	if (trace->sessions.count >= TRACE_SESSIONS_MAX) {
		trace->is_cut = true;
		open_end_all(&trace->sessions);
	}
	return open_add(&trace->sessions, pid);
}

static void
keep_going(struct trace *trace, uint64_t pid)
{
	for (size_t i = 0; i < trace->going.len; i++)
		if (trace->going.at[i] == pid)
			return;
	vec_push(&trace->going, pid);
}

static void
stop_going(struct trace *trace, uint64_t pid)
{
	for (size_t i = 0; i < trace->going.len; i++)
		if (trace->going.at[i] == pid) {
			trace->going.at[i] =
			    trace->going.at[--trace->going.len];
			return;
		}
}

/* A message that was accepted: others of the session need not be wanted. */
static bool
take_accepted(struct trace *trace, const struct entry *entry,
    struct open_entry *session, bool fits)
{
	const struct entry_field *from = entry_find(entry, "from");
	struct open_entry *found =
	    open_find(&trace->found_sessions, session->came);
	uint64_t qp = entry_number(entry, "qp");
	int64_t now = entry->time.seconds;
	struct str sender = STR_INIT;

	if (from)
		word_add_safe(&sender, from);
	fits = fits || (found && found->uid) ||
	    has_link(trace, TRACE_SESSION, qp, now - TRACE_WINDOW, now + SLACK,
		str_span(&sender));
	if (fits) {
		(void)mark(trace, &trace->found_sessions, session);
		add_link(trace, TRACE_MESSAGE, qp, now, str_span(&sender));
	}
	str_free(&sender);
	return fits;
}

static bool
take_session(struct trace *trace, const struct entry *entry)
{
	struct open_entry *session = find_session(trace, entry), *found;
	bool fits = word_fits(&trace->word, entry);
	uint64_t pid = session->number;
	bool is_wanted;

	if (!session->who.len)
		str_add(&session->who, entry_value(entry, "client"));
	if (fits) {
		found = mark(trace, &trace->found_sessions, session);
		if (found && trace->word.kind == WORD_CLIENT)
			found->uid = 1;
	}
	if (span_equal(entry->event, SPAN("accepted")))
		is_wanted = take_accepted(trace, entry, session, fits);
	else
		is_wanted = is_found(&trace->found_sessions, session);
	if (is_found(&trace->found_sessions, session))
		keep_going(trace, pid);
	if (span_equal(entry->event, SPAN("closed"))) {
		session->uid = 1;
		stop_going(trace, pid);
	}
	if (entry_is(entry, "tcpserver", "end")) {
		open_end(&trace->sessions, pid);
		stop_going(trace, pid);
	}
	return is_wanted;
}

/* A daemon that was asked about a client: his session, if it goes on. */
static bool
take_other(const struct trace *trace, const struct entry *entry)
{
	struct span client = entry_value(entry, "client");

	if (word_fits(&trace->word, entry))
		return true;
	for (size_t i = 0; client.len && i < trace->going.len; i++) {
		struct open_entry *session =
		    open_find(&trace->sessions, trace->going.at[i]);

		if (session && span_equal(str_span(&session->who), client))
			return true;
	}
	return false;
}

/* ---- messages ---- */

static struct open_entry *
find_message(struct trace *trace, const struct entry *entry)
{
	uint64_t number = entry_number(entry, "message");
	uint64_t delivery = entry_number(entry, "delivery");
	struct open_entry *found;

	if (!number && delivery) {
		found = open_find(&trace->deliveries, delivery);
		number = found ? found->message : 0;
	}
	if (!number)
		return NULL;
	found = open_find(&trace->messages, number);
	/* A number that is no time may be that of another one before. */
	if (found &&
	    (!span_equal(entry->event, SPAN("new")) ||
		queue_number_is_time(number)))
		return found;
	if (trace->messages.count >= TRACE_MESSAGES_MAX) {
		trace->is_cut = true;
		open_end_all(&trace->messages);
	}
	found = open_add(&trace->messages, number);
	found->uid = (uint64_t)(queue_number_is_time(number)
		? (int64_t)(number / MICROSECONDS)
		: entry->time.seconds);
	return found;
}

/* The info line: what has led to this message? */
static void
take_info(
    struct trace *trace, const struct entry *entry, struct open_entry *message)
{
	int64_t birth = (int64_t)message->uid;
	bool is_time = queue_number_is_time(message->number);
	int64_t first = is_time ? birth - SLACK : birth - TRACE_WINDOW;
	struct open_entry *found;

	str_set(&message->who, entry_value(entry, "from"));
	message->qp = entry_number(entry, "qp");
	if (has_link(trace, TRACE_MESSAGE, message->qp, first,
		birth + TRACE_WINDOW, str_span(&message->who)))
		(void)mark(trace, &trace->found_messages, message);
	if (!has_link(trace, TRACE_BOUNCE, message->qp, first,
		birth + TRACE_WINDOW, SPAN("")))
		return;
	found = mark(trace, &trace->found_messages, message);
	if (found)
		found->uid = 1;
}

/* What leads on from a message that is found. */
static void
follow(struct trace *trace, const struct entry *entry,
    const struct open_entry *message, struct open_entry *found)
{
	if (message->qp && !found->qp) {
		found->qp = message->qp;
		add_link(trace, TRACE_SESSION, message->qp,
		    (int64_t)message->uid, str_span(&message->who));
	}
	if (!found->uid &&
	    (span_equal(entry->event, SPAN("bounce")) ||
		span_equal(entry->event, SPAN("notice"))))
		add_link(trace, TRACE_BOUNCE, entry_number(entry, "qp"),
		    entry->time.seconds, SPAN(""));
}

/* Deliveries have numbers from 1 on each time qmail-send starts. */
static void
take_delivery(struct trace *trace, const struct entry *entry)
{
	uint64_t number = entry_number(entry, "delivery");

	if (span_equal(entry->event, SPAN("starting"))) {
		struct open_entry *delivery =
		    open_add(&trace->deliveries, number);

		delivery->message = entry_number(entry, "message");
		str_add(&delivery->who, entry_value(entry, "channel"));
		str_add_byte(&delivery->who, '.');
		str_add(&delivery->who, entry_value(entry, "to"));
	} else if (span_equal(entry->event, SPAN("running")) ||
	    span_equal(entry->event, SPAN("exiting")) ||
	    span_equal(entry_value(entry, "words"), SPAN("exiting")))
		open_end_all(&trace->deliveries);
}

static bool
take_send(struct trace *trace, const struct entry *entry)
{
	struct open_entry *message, *found;

	take_delivery(trace, entry);
	message = find_message(trace, entry);
	if (!message)
		return false;
	if (span_equal(entry->event, SPAN("info")))
		take_info(trace, entry, message);
	if (word_fits(&trace->word, entry))
		(void)mark(trace, &trace->found_messages, message);
	found = open_find(&trace->found_messages, message->came);
	if (found)
		follow(trace, entry, message, found);
	trace->message = found ? message : NULL;
	trace->delivery = found
	    ? open_find(&trace->deliveries, entry_number(entry, "delivery"))
	    : NULL;
	if (span_equal(entry->event, SPAN("delivery")))
		open_end(&trace->deliveries, entry_number(entry, "delivery"));
	/* Its memory is good until the next one comes. */
	if (span_equal(entry->event, SPAN("end")))
		open_end(&trace->messages, message->number);
	return found != NULL;
}

bool
trace_take(struct trace *trace, const struct entry *entry)
{
	trace->message = trace->delivery = NULL;
	if (span_equal(entry->service, SPAN("qmail-send")))
		return take_send(trace, entry);
	if (!entry->service.len)
		return false;
	return is_of_session(entry) ? take_session(trace, entry)
				    : take_other(trace, entry);
}

void
trace_free(struct trace *trace)
{
	struct open *const all[] = { &trace->sessions, &trace->messages,
		&trace->deliveries, &trace->found_sessions,
		&trace->found_messages };

	for (size_t i = 0; i < COUNT(all); i++)
		open_free(all[i]);
	vec_free(&trace->links);
	vec_free(&trace->going);
	str_free(&trace->senders);
}
