/* routes.c - control/smtproutes.  Input: trusted. */
#include "config/routes.h"

#include <errno.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "config/control.h"
#include "sys/random.h"

#define FILE_NAME "control/smtproutes"

/* Where the colon is that ends a name or an address in brackets. */
static size_t
find_colon(struct span text)
{
	size_t bracket =
	    text.len && text.s[0] == '[' ? span_find(text, ']') : 0;

	if (bracket == text.len)
		bracket = 0;
	return bracket + span_find(span_from(text, bracket), ':');
}

bool
routes_cut(struct span line, struct span *domain, struct span *text)
{
	size_t colon = find_colon(line);

	*domain = span_upto(line, colon);
	*text = span_from(line, colon + 1);
	return colon < line.len;
}

void
routes_parse(struct routes *routes, struct span lines)
{
	struct span line, domain, text;

	while (span_cut_next(&lines, '\n', &line)) {
		bool is_route = routes_cut(line, &domain, &text);

		if (is_route)
			wordset_add(&routes->table, domain, text);
		if (!is_route || span_has(domain, ' ') ||
		    span_has(domain, '\t'))
			routes->has_stray_line = true;
	}
}

int
routes_read_file(struct routes *routes, const char *name)
{
	struct str lines = STR_INIT;
	int result = control_read_list(name, &lines);

	if (result >= 0) {
		wordset_free(&routes->table);
		routes->has_stray_line = false;
	}
	if (result > 0) {
		routes->table.seed = random_seed();
		routes_parse(routes, str_span(&lines));
	}
	str_free(&lines);
	return result < 0 ? -1 : 0;
}

int
routes_read(struct routes *routes)
{
	struct file_stamp stamp;

	file_stamp_read(FILE_NAME, &stamp); /* first: no change goes unseen */
	if (routes_read_file(routes, FILE_NAME) < 0)
		return -1;
	routes->stamp = stamp;
	return 0;
}

bool
routes_has_changed(const struct routes *routes)
{
	struct file_stamp now;

	file_stamp_read(FILE_NAME, &now);
	return !file_stamp_equal(&routes->stamp, &now);
}

/* Whether the text is an IPv6 address without brackets: two colons. */
static bool
is_bare_six(struct span text)
{
	size_t first = find_colon(text);

	return text.len && text.s[0] != '[' &&
	    span_has(span_from(text, first + 1), ':');
}

int
route_parse(struct span text, uint16_t standard, struct route *route)
{
	size_t colon = is_bare_six(text) ? text.len : find_colon(text);
	struct span port = span_from(text, colon + 1);
	uint64_t number = standard;

	route->relay = span_upto(text, colon);
	if (port.len &&
	    (!scan_u64_prefix(port, 65536, &number) || number < 1 ||
		number > 65535)) {
		errno = EINVAL;
		return -1;
	}
	route->port = (uint16_t)number;
	return 0;
}

/* Whether a name can be said in EHLO. */
static bool
is_sayable(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_printable(name.s[i]) || name.s[i] == ' ' ||
		    name.s[i] == ':')
			return false;
	return true;
}

int
bindroute_parse(struct span text, struct bindroute *route)
{
	size_t colon = find_colon(text);

	route->address = span_upto(text, colon);
	route->name = span_from(text, colon + 1);
	if (span_starts(route->address, SPAN("["))) {
		if (!span_ends(route->address, SPAN("]"))) {
			errno = EINVAL;
			return -1;
		}
		route->address = span_upto(
		    span_from(route->address, 1), route->address.len - 2);
	}
	if (!is_sayable(route->name)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

bool
routes_find_text(
    const struct routes *routes, struct span domain, struct span *text)
{
	if (wordset_is_empty(&routes->table))
		return false;
	for (size_t i = 0; i <= domain.len; i++) {
		if (i > 0 && i < domain.len && domain.s[i] != '.')
			continue;
		if (wordset_find(&routes->table, span_from(domain, i), text))
			return true;
	}
	return false;
}

void
routes_free(struct routes *routes)
{
	wordset_free(&routes->table);
}
