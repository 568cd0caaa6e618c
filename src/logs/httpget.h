/*
 * httpget.h - a request of HTTP for one page (RFC 9112), as far as a monitor asks.
 * Input: hostile
 */
#ifndef LOGS_HTTPGET_H
#define LOGS_HTTPGET_H

#include <stdbool.h>

#include "base/span.h"
#include "base/str.h"

#define HTTPGET_MAX	8192 /* bytes of a request */
#define HTTPGET_SECONDS 10   /* for all of it; and as much for the answer */

enum httpget_status {
	HTTPGET_GONE = 0, /* there is nobody to answer to */
	HTTPGET_FINE = 200,
	HTTPGET_MALFORMED = 400,
	HTTPGET_NO_PAGE = 404,
	HTTPGET_NO_METHOD = 405,
	HTTPGET_TOO_SLOW = 408,
	HTTPGET_TOO_LONG = 431
};

struct httpget {
	enum httpget_status status;
	bool is_head; /* HEAD: the page itself is not wanted */
	bool is_open; /* the client reads OpenMetrics */
};

/*
 * httpget_parse: what a request asks for.
 *   text   up to the empty line, without it
 *   path   the page that there is
 */
struct httpget httpget_parse(struct span text, const char *path);

/* httpget_read: reads a request from descriptor 0, and parses it. */
struct httpget httpget_read(const char *path);

/* httpget_answer: answers it on descriptor 1; with the page, if all was fine. */
void httpget_answer(const struct httpget *request, struct span page);

#endif
