/*
 * logincheck.c - whether a name and a password belong together.
 * Input: answers from a peer of ours; what is asked is hostile
 */
#include "queue/logincheck.h"

#include "base/ascii.h"
#include "base/secret.h"
#include "queue/record.h"
#include "sys/door.h"
#include "sys/fd.h"
#include "sys/fdpass.h"

static bool
has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_control(text.s[i]))
			return true;
	return false;
}

bool
logincheck_is_name(struct span name)
{
	return name.len > 0 && name.len <= LOGINCHECK_SECRETS_MAX &&
	    !has_control(name);
}

bool
logincheck_is_fit(const struct logincheck *login)
{
	return login->address.len <= LOGINCHECK_ADDRESS_MAX &&
	    login->service.len <= LOGINCHECK_SERVICE_MAX &&
	    logincheck_is_name(login->name) &&
	    login->password.len <= LOGINCHECK_SECRETS_MAX - login->name.len &&
	    !has_control(login->address) && !has_control(login->service) &&
	    !span_has(login->password, '\0');
}

bool
logincheck_parse(struct span record, struct logincheck *login)
{
	return record_next_is(&record, LOGINCHECK_ADDRESS, &login->address) &&
	    record_next_is(&record, LOGINCHECK_SERVICE, &login->service) &&
	    record_next_is(&record, LOGINCHECK_NAME, &login->name) &&
	    record_next_is(&record, LOGINCHECK_PASSWORD, &login->password) &&
	    record.len == 0 && logincheck_is_fit(login);
}

static enum logincheck_answer
hear_answer(int fd)
{
	char answer[2], letter;
	ssize_t got = fdpass_receive(fd, answer, sizeof(answer), NULL);
	struct span rest = span_make(answer, got > 0 ? (size_t)got : 0), value;

	if (!record_next(&rest, &letter, &value) || value.len)
		return LOGINCHECK_LATER;
	return letter == LOGINCHECK_RIGHT || letter == LOGINCHECK_WRONG ||
		letter == LOGINCHECK_TOO_OFTEN
	    ? (enum logincheck_answer)letter
	    : LOGINCHECK_LATER;
}

enum logincheck_answer
logincheck_ask_at(int fd, struct str *question)
{
	bool is_asked = fd >= 0 &&
	    fdpass_set_timeout(fd, LOGINCHECK_SECONDS) == 0 &&
	    fdpass_send(fd, str_span(question), -1) == 0;
	enum logincheck_answer answer = LOGINCHECK_LATER;

	secret_wipe(question->s, question->len);
	if (is_asked)
		answer = hear_answer(fd);
	fd_close(fd);
	return answer;
}

enum logincheck_answer
logincheck_ask(const struct logincheck *login)
{
	struct str question = STR_INIT;
	enum logincheck_answer answer;

	if (!logincheck_is_fit(login))
		return LOGINCHECK_WRONG;
	/* Growing would leave a part of it behind. */
	str_reserve(&question, LOGINCHECK_RECORD_MAX);
	record_add(&question, LOGINCHECK_ADDRESS, login->address);
	record_add(&question, LOGINCHECK_SERVICE, login->service);
	record_add(&question, LOGINCHECK_NAME, login->name);
	record_add(&question, LOGINCHECK_PASSWORD, login->password);
	answer = logincheck_ask_at(door_connect(LOGINCHECK_DOOR), &question);
	str_free(&question);
	return answer;
}
