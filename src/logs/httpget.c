/*
 * httpget.c - a request of HTTP for one page.
 * Input: hostile
 */
#include "httpget.h"

#include <errno.h>

#include "sys/clock.h"
#include "sys/in.h"
#include "sys/out.h"

#define OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define MS	  1000

/* ---- the request ---- */

static struct span
without_return(struct span line)
{
	return span_ends(line, SPAN("\r")) ? span_upto(line, line.len - 1)
					   : line;
}

/* "GET /metrics?x HTTP/1.1" */
static enum httpget_status
judge(struct span line, const char *path, bool *is_head)
{
	struct span method, target, version;

	if (!span_cut_next(&line, ' ', &method) ||
	    !span_cut_next(&line, ' ', &target) ||
	    !span_cut_next(&line, ' ', &version) || line.len ||
	    !span_starts(version, SPAN("HTTP/1.")))
		return HTTPGET_MALFORMED;
	*is_head = span_equal(method, SPAN("HEAD"));
	if (!*is_head && !span_equal(method, SPAN("GET")))
		return HTTPGET_NO_METHOD;
	target = span_upto(target, span_find(target, '?'));
	return span_equal(target, span_of(path)) ? HTTPGET_FINE
						 : HTTPGET_NO_PAGE;
}

/* Whether the field says that OpenMetrics is read. */
static bool
accepts_open(struct span line)
{
	const struct span wanted = SPAN("application/openmetrics-text");

	if (!span_starts_nocase(line, SPAN("accept:")))
		return false;
	for (; line.len; line = span_from(line, 1))
		if (span_starts_nocase(line, wanted))
			return true;
	return false;
}

struct httpget
httpget_parse(struct span text, const char *path)
{
	struct httpget request = { .status = HTTPGET_MALFORMED };
	struct span line;

	if (!span_cut_next(&text, '\n', &line))
		return request;
	request.status = judge(without_return(line), path, &request.is_head);
	while (span_cut_next(&text, '\n', &line))
		if (accepts_open(line))
			request.is_open = true;
	return request;
}

static bool
is_empty(struct span line)
{
	return span_equal(line, SPAN("\r\n")) || span_equal(line, SPAN("\n"));
}

struct httpget
httpget_read(const char *path)
{
	struct httpget request = { .status = HTTPGET_GONE };
	struct str text = STR_INIT;
	char buffer[HTTPGET_MAX];
	bool is_whole = false;
	size_t before = 0;
	struct in in;
	int got = 1;

	in_init(&in, 0, buffer, sizeof(buffer));
	in_set_timeout(&in, HTTPGET_SECONDS);
	in_set_deadline(&in, clock_monotonic() + HTTPGET_SECONDS * MS);
	while (!is_whole && got > 0) {
		before = text.len;
		got = in_read_until(&in, '\n', &text, HTTPGET_MAX - text.len);
		is_whole = got > 0 && before > 0 &&
		    is_empty(span_from(str_span(&text), before));
	}
	if (is_whole)
		request =
		    httpget_parse(span_upto(str_span(&text), before), path);
	else if (got > 0 || (got < 0 && errno == EMSGSIZE))
		request.status = HTTPGET_TOO_LONG;
	else if (got < 0 && errno == ETIMEDOUT)
		request.status = HTTPGET_TOO_SLOW;
	str_free(&text);
	return request;
}

/* ---- the answer ---- */

static const struct {
	enum httpget_status status;
	const char *words;
} statuses[] = {
	{ HTTPGET_FINE, "200 OK" },
	{ HTTPGET_MALFORMED, "400 Bad Request" },
	{ HTTPGET_NO_PAGE, "404 Not Found" },
	{ HTTPGET_NO_METHOD, "405 Method Not Allowed" },
	{ HTTPGET_TOO_SLOW, "408 Request Timeout" },
	{ HTTPGET_TOO_LONG, "431 Request Header Fields Too Large" },
};

static const char *
words_of(enum httpget_status status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].words;
	return "500 Internal Server Error";
}

void
httpget_answer(const struct httpget *request, struct span page)
{
	bool is_fine = request->status == HTTPGET_FINE;
	struct str head = STR_INIT;
	char buffer[4096];
	struct out out;

	if (request->status == HTTPGET_GONE)
		return;
	str_add_z(&head, "HTTP/1.1 ");
	str_add_z(&head, words_of(request->status));
	str_add_z(&head, "\r\nContent-Type: ");
	str_add_z(&head, request->is_open && is_fine ? OPEN_TYPE : TEXT_TYPE);
	str_add_z(&head, "\r\nContent-Length: ");
	str_add_u64(&head, is_fine ? page.len : 0);
	if (request->status == HTTPGET_NO_METHOD)
		str_add_z(&head, "\r\nAllow: GET, HEAD");
	str_add_z(&head, "\r\nConnection: close\r\n\r\n");
	out_init(&out, 1, buffer, sizeof(buffer));
	out_set_timeout(&out, HTTPGET_SECONDS);
	out_set_deadline(&out, clock_monotonic() + HTTPGET_SECONDS * MS);
	out_add(&out, str_span(&head));
	if (!is_fine || request->is_head)
		page = SPAN("");
	/* In pieces: whoever takes little at a time is left at the deadline, which is
	 * looked at before each. */
	for (; page.len; page = span_from(page, sizeof(buffer)))
		out_add(&out, span_upto(page, sizeof(buffer)));
	(void)out_flush(&out); /* who has gone wants no answer */
	str_free(&head);
}
