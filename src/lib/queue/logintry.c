/*
 * logintry.c - a try to log in, told to qmail-authd.
 * Input: answers from a peer of ours; what is told is hostile
 */
#include "queue/logintry.h"

#include <errno.h>

#include "base/str.h"
#include "queue/record.h"
#include "sys/door.h"

enum logincheck_answer
logintry_tell(
    const char *home, const struct logincheck *login, enum logintry_event event)
{
	const char letter = (char)event;
	struct str path = STR_INIT, question = STR_INIT;
	struct logincheck asked = *login;
	enum logincheck_answer answer = LOGINCHECK_RIGHT;
	int door;

	asked.password = SPAN("");
	if (!logincheck_is_fit(&asked))
		return LOGINCHECK_WRONG;
	str_add_z(&path, home);
	str_add_z(&path, "/" LOGINCHECK_DOOR);
	record_add(&question, LOGINCHECK_ADDRESS, asked.address);
	record_add(&question, LOGINCHECK_SERVICE, asked.service);
	record_add(&question, LOGINCHECK_NAME, asked.name);
	record_add(&question, LOGINTRY_EVENT, span_make(&letter, 1));
	door = door_connect(str_z(&path));
	if (door >= 0 || errno != ENOENT)
		answer = logincheck_ask_at(door, &question);
	str_free(&path);
	str_free(&question);
	return answer;
}

bool
logintry_parse(
    struct span record, struct logincheck *login, enum logintry_event *event)
{
	struct span letter;

	if (!record_next_is(&record, LOGINCHECK_ADDRESS, &login->address) ||
	    !record_next_is(&record, LOGINCHECK_SERVICE, &login->service) ||
	    !record_next_is(&record, LOGINCHECK_NAME, &login->name) ||
	    !record_next_is(&record, LOGINTRY_EVENT, &letter) || record.len)
		return false;
	login->password = span_upto(login->name, 0);
	if (!span_equal(letter, SPAN("B")) && !span_equal(letter, SPAN("K")) &&
	    !span_equal(letter, SPAN("Z")))
		return false;
	*event = (enum logintry_event)letter.s[0];
	return logincheck_is_fit(login);
}
