/*
 * sendcount.c - how much mail a user has sent in an hour.
 * Input: answers from a peer of ours
 */
#include "queue/sendcount.h"

#include "base/str.h"
#include "queue/logincheck.h"
#include "queue/record.h"
#include "sys/door.h"

bool
sendcount_parse(struct span record, struct span *name, uint64_t *recipients)
{
	return record_next_is(&record, SENDCOUNT_NAME, name) &&
	    record_next_number(
		&record, SENDCOUNT_RECIPIENTS, SENDCOUNT_MAX, recipients) &&
	    record.len == 0 && logincheck_is_name(*name);
}

enum sendcount_answer
sendcount_ask(struct span name, uint64_t recipients)
{
	struct str question = STR_INIT;
	enum sendcount_answer answer;

	record_add(&question, SENDCOUNT_NAME, name);
	record_add_number(&question, SENDCOUNT_RECIPIENTS, recipients);
	switch (logincheck_ask_at(door_connect(LOGINCHECK_DOOR), &question)) {
	case LOGINCHECK_RIGHT:
		answer = SENDCOUNT_TAKEN;
		break;
	case LOGINCHECK_TOO_OFTEN:
		answer = SENDCOUNT_TOO_MANY;
		break;
	default:
		answer = SENDCOUNT_LATER;
		break;
	}
	str_free(&question);
	return answer;
}
