/*
 * stsdoor.c - how a program asks qmail-mtasts for the policy of a domain.
 * Input: from a program of ours; what is in the policy, from strangers
 */
#include "net/stsdoor.h"

#include <errno.h>
#include <poll.h>
#include <sys/types.h>

#include "base/scan.h"
#include "sys/clock.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define MS 1000

static void
add_field(struct str *record, char letter, struct span value)
{
	str_add_byte(record, letter);
	str_add_field(record, value);
}

/* Takes a field off.  Returns false if there is none, or it is not whole. */
static bool
next_field(struct span *rest, char *letter, struct span *value)
{
	size_t end = span_find(*rest, '\0');

	if (end == 0 || end == rest->len)
		return false;
	*letter = rest->s[0];
	*value = span_from(span_upto(*rest, end), 1);
	*rest = span_from(*rest, end + 1);
	return true;
}

bool
stsdoor_question(struct span record, struct span *domain)
{
	char letter;

	return next_field(&record, &letter, domain) && letter == 'D' &&
	    record.len == 0;
}

void
stsdoor_format(struct str *record, enum sts_outcome outcome,
    const struct sts_answer *answer)
{
	const struct sts_policy *policy = &answer->policy;
	struct span hosts = str_span(&policy->hosts), host;

	str_reset(record);
	if (outcome != STSDOOR_POLICY) {
		add_field(record, 'P',
		    outcome == STSDOOR_FAILED ? SPAN("failed") : SPAN("none"));
		if (outcome == STSDOOR_FAILED)
			add_field(record, 'R', str_span(&answer->reason));
		return;
	}
	add_field(record, 'P', sts_mode_word(policy->mode));
	str_add_byte(record, 'S');
	str_add_u64(record, policy->max_age);
	str_add_byte(record, '\0');
	add_field(record, 'I', str_span(&answer->id));
	while (span_cut_next(&hosts, '\0', &host))
		add_field(record, 'M', host);
}

static bool
take_field(struct sts_answer *answer, char letter, struct span value)
{
	switch (letter) {
	case 'S':
		return scan_u64(value, STS_AGE_MAX, &answer->policy.max_age);
	case 'I':
		str_set(&answer->id, value);
		return true;
	case 'M':
		str_add_field(&answer->policy.hosts, value);
		return true;
	case 'R':
		str_set(&answer->reason, value);
		return true;
	default:
		return false;
	}
}

static void
reset(struct sts_answer *answer)
{
	answer->policy.mode = STS_NONE;
	answer->policy.max_age = 0;
	str_reset(&answer->policy.hosts);
	str_reset(&answer->id);
	str_reset(&answer->reason);
}

enum sts_outcome
stsdoor_parse(struct span record, struct sts_answer *answer)
{
	struct span word, value;
	char letter;

	reset(answer);
	if (!next_field(&record, &letter, &word) || letter != 'P')
		return STSDOOR_LATER;
	while (record.len)
		if (!next_field(&record, &letter, &value) ||
		    !take_field(answer, letter, value)) {
			reset(answer);
			return STSDOOR_LATER;
		}
	if (span_equal(word, SPAN("failed")))
		return STSDOOR_FAILED;
	if (!sts_mode_parse(word, &answer->policy.mode)) {
		reset(answer);
		return STSDOOR_LATER;
	}
	return answer->policy.mode == STS_NONE ? STSDOOR_NONE : STSDOOR_POLICY;
}

/* Asks over a socket.  Returns false without an answer in time. */
static bool
exchange(int sock, struct span domain, int64_t deadline, struct str *record)
{
	ssize_t got;

	str_reset(record);
	add_field(record, 'D', domain);
	if (fdpass_send(sock, str_span(record), -1) < 0 ||
	    fd_wait(sock, POLLIN, 0, deadline, false) < 0)
		return false;
	str_reset(record);
	str_reserve(record, FDPASS_RECORD_MAX);
	got = fdpass_receive(sock, record->s, FDPASS_RECORD_MAX, NULL);
	if (got <= 0)
		return false;
	record->len = (size_t)got;
	return true;
}

/* Whether a call of door_connect failed because there never was such a service. */
static bool
is_nobody_there(int number)
{
	return number == ENOENT || number == ENOTDIR;
}

enum sts_outcome
stsdoor_ask(const char *home, struct span domain, int64_t deadline,
    struct sts_answer *answer)
{
	enum sts_outcome outcome = STSDOOR_LATER;
	struct str text = STR_INIT;
	int64_t latest;
	int sock;

	reset(answer);
	if (domain.len + 2 > STSDOOR_QUESTION_MAX || span_has(domain, '\0'))
		return STSDOOR_NONE;
	str_add_z(&text, home);
	str_add_z(&text, "/" STSDOOR_PATH);
	sock = door_connect(str_z(&text));
	if (sock < 0) {
		str_free(&text);
		return is_nobody_there(errno) ? STSDOOR_NO_SERVICE
					      : STSDOOR_LATER;
	}
	latest = clock_monotonic() + STSDOOR_SECONDS * MS;
	if (deadline == 0 || deadline > latest)
		deadline = latest;
	if (exchange(sock, domain, deadline, &text))
		outcome = stsdoor_parse(str_span(&text), answer);
	fd_close(sock);
	str_free(&text);
	return outcome;
}

void
sts_answer_free(struct sts_answer *answer)
{
	sts_policy_free(&answer->policy);
	str_free(&answer->id);
	str_free(&answer->reason);
}
