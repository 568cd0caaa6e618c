/*
 * fastforward_expand.c - whom a forwarding database passes mail to.
 * Input: the database trusted, damage expected; the first address hostile
 */
#include <errno.h>
#include <sys/stat.h>

#include "fastforward.h"
#include "filter.h"
#include "mail/forwarddata.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/random.h"

#define LIST_MAX (256u << 20) /* bytes */

void
expansion_open(struct expansion *expansion, const char *path)
{
	expansion->seen.seed = random_seed();
	if (cdb_open(&expansion->cdb, path) < 0)
		filter_fail_errno(path);
}

static bool
find(struct expansion *expansion, enum forwarddata_key kind, struct span target,
    struct str *value)
{
	int found;

	str_reset(&expansion->key);
	forwarddata_add_key(&expansion->key, kind, target);
	found = cdb_find(&expansion->cdb, str_span(&expansion->key), value);
	if (found < 0)
		filter_fail_errno("cannot read the database");
	return found > 0;
}

/* What a target or a list holds.  A list may have records that are none of its
 * own, which are passed over. */
static void
take_commands(struct expansion *expansion, struct span rest, bool is_list)
{
	struct span command;
	int got;

	while ((got = forwarddata_next(&rest, &command)) > 0) {
		bool is_address =
		    span_starts(command, SPAN("&")) && command.len > 1;

		if (is_address && is_list)
			expansion->has_members = true;
		if (is_address || forwarddata_is_list(command))
			str_add_field(&expansion->waiting, command);
		else if (is_list)
			continue;
		else if (forwarddata_is_nothing(command))
			filter_fail(FILTER_TEMPORARY, "a program is missing");
		else if (span_equal(command, SPAN("&")))
			filter_fail(FILTER_TEMPORARY, "an address is missing");
		else if (forwarddata_is_program(command))
			words_add(&expansion->programs, command);
		else
			break;
	}
	if (got != 0)
		filter_fail(FILTER_TEMPORARY,
		    is_list ? "a list is damaged" : "the database is damaged");
}

/* Looks for the record of an address, or else for one that fits it. */
static bool
find_fitting(struct expansion *expansion, enum forwarddata_key kind,
    struct span address, struct str *value)
{
	size_t at = span_find_last(address, '@');

	if (find(expansion, kind, address, value))
		return true;
	if (at == 0 || at == address.len)
		return false;
	return find(expansion, kind, span_from(address, at), value) ||
	    find(expansion, kind, span_upto(address, at + 1), value);
}

bool
expansion_begin(struct expansion *expansion, struct span address)
{
	if (!find_fitting(
		expansion, FORWARDDATA_TARGET, address, &expansion->value))
		return false;
	take_commands(expansion, str_span(&expansion->value), false);
	expansion->has_owner = find_fitting(
	    expansion, FORWARDDATA_OWNER, address, &expansion->owner);
	return true;
}

/* Who may read a list decides who may know who is on it; one that only its
 * owner may read is none for programs that run as others. */
static void
read_list(struct expansion *expansion, struct span name)
{
	struct str path = STR_INIT, text = STR_INIT;
	struct stat st;
	int fd;

	str_add(&path, name);
	fd = file_open(str_z(&path));
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    file_read_fd(fd, &text, LIST_MAX) < 0)
		filter_fail_errno(str_z(&path));
	if (S_ISFIFO(st.st_mode))
		filter_fail(FILTER_TEMPORARY, "a list is a pipe");
	if (!(st.st_mode & S_IROTH))
		filter_fail(FILTER_TEMPORARY, "a list is not readable by all");
	fd_close(fd);
	take_commands(expansion, str_span(&text), true);
	str_free(&path);
	str_free(&text);
}

static void
take_address(struct expansion *expansion, struct span address)
{
	if (find(expansion, FORWARDDATA_TARGET, address, &expansion->value) &&
	    !find(expansion, FORWARDDATA_OWNER, address, NULL))
		take_commands(expansion, str_span(&expansion->value), false);
	else
		words_add(&expansion->recipients, address);
}

/* Takes the last one off. */
static void
cut_waiting(struct str *waiting, struct str *command)
{
	struct span all = str_span(waiting);
	size_t start = all.len - 1;

	while (start > 0 && all.s[start - 1] != '\0')
		start--;
	str_set(command, span_upto(span_from(all, start), all.len - 1 - start));
	str_cut(waiting, start);
}

char **
expansion_end(struct expansion *expansion, size_t *count)
{
	struct str command = STR_INIT;
	char **recipients, *one;

	while (expansion->waiting.len) {
		cut_waiting(&expansion->waiting, &command);
		if (wordset_has_exactly(&expansion->seen, str_span(&command))) {
			if (expansion->has_members ||
			    !forwarddata_is_list(str_span(&command)))
				expansion->leads_back = true;
			continue;
		}
		wordset_add(&expansion->seen, str_span(&command), SPAN(""));
		if (forwarddata_is_list(str_span(&command)))
			read_list(expansion, str_span(&command));
		else
			take_address(
			    expansion, span_from(str_span(&command), 1));
	}
	str_free(&command);
	recipients = words_end(&expansion->recipients);
	*count = expansion->recipients.at.len - 1;
	/* The last one was found first. */
	for (size_t i = 0; i < *count / 2; i++) {
		one = recipients[i];
		recipients[i] = recipients[*count - 1 - i];
		recipients[*count - 1 - i] = one;
	}
	return recipients;
}
