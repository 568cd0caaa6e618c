/* greydoor.c - whether a recipient is taken now.  Input: what strangers chose is in it */
#include "net/greydoor.h"

#include "base/scan.h"
#include "mail/address.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

#define SECONDS 5

bool
greydoor_limit_parse(struct span text, struct greydoor_limit *limit)
{
	size_t slash = span_find(text, '/');

	return scan_u64(
		   span_upto(text, slash), GREYDOOR_COUNT_MAX, &limit->count) &&
	    scan_u64(span_from(text, slash + 1), GREYDOOR_SECONDS_MAX,
		&limit->seconds) &&
	    limit->count && limit->seconds;
}

static void
add_limit(struct str *record, struct greydoor_limit limit)
{
	if (limit.count) {
		str_add_u64(record, limit.count);
		str_add_byte(record, '/');
		str_add_u64(record, limit.seconds);
	}
	str_add_byte(record, '\0');
}

static bool
cut_limit(struct span *record, struct greydoor_limit *limit)
{
	struct span text;

	*limit = (struct greydoor_limit){ 0, 0 };
	return span_cut_next(record, '\0', &text) &&
	    (text.len == 0 || greydoor_limit_parse(text, limit));
}

/* The answer to a record. */
static enum greydoor_answer
exchange(int door, struct span record, uint64_t *seconds)
{
	char answer[32];
	ssize_t got;

	if (fdpass_set_timeout(door, SECONDS) < 0 ||
	    fdpass_send(door, record, -1) < 0)
		return GREYDOOR_GO;
	got = fdpass_receive(door, answer, sizeof(answer), NULL);
	if (got < 3 || answer[got - 1] != '\0' ||
	    !span_has(SPAN("gcn"), answer[0]) ||
	    !scan_u64(span_make(answer + 1, (size_t)got - 2),
		GREYDOOR_SECONDS_MAX, seconds))
		return GREYDOOR_GO;
	return (enum greydoor_answer)answer[0];
}

enum greydoor_answer
greydoor_ask(const char *home, const struct greydoor_question *question,
    uint64_t *seconds)
{
	enum greydoor_answer answer = GREYDOOR_GO;
	struct str text = STR_INIT;
	int door;

	str_add_z(&text, home);
	str_add_z(&text, "/" GREYDOOR_PATH);
	door = door_connect(str_z(&text));
	str_reset(&text);
	str_add_byte(&text, 'Q');
	str_add_field(&text, question->client);
	str_add_field(&text, question->sender);
	str_add_field(&text, question->recipient);
	str_add_field(&text, question->is_grey ? SPAN("g") : SPAN(""));
	add_limit(&text, question->of_client);
	add_limit(&text, question->of_network);
	if (door >= 0)
		answer = exchange(door, str_span(&text), seconds);
	fd_close(door);
	str_free(&text);
	return answer;
}

bool
greydoor_parse(struct span record, struct greydoor_question *question)
{
	struct span grey;

	if (record.len < 2 || record.s[0] != 'Q' ||
	    record.s[record.len - 1] != '\0')
		return false;
	record = span_from(record, 1);
	if (!span_cut_next(&record, '\0', &question->client) ||
	    !span_cut_next(&record, '\0', &question->sender) ||
	    !span_cut_next(&record, '\0', &question->recipient) ||
	    !span_cut_next(&record, '\0', &grey) ||
	    !cut_limit(&record, &question->of_client) ||
	    !cut_limit(&record, &question->of_network))
		return false;
	question->is_grey = span_equal(grey, SPAN("g"));
	return record.len == 0 && (question->is_grey || grey.len == 0);
}
