/*
 * tool.c - what the programs share that make and show databases of addresses.
 * Input: of the user
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/must.h"
#include "mail/forwardline.h"
#include "sys/error.h"
#include "sys/file.h"

#define INPUT_MAX (256u << 20) /* bytes */

static struct {
	const char *program;
	struct aside *aside;
} tool;

static void
out_of_memory(void)
{
	errno = ENOMEM;
	tool_cannot("get", "memory");
}

void
tool_begin(const char *name)
{
	tool.program = name;
	must_hooks(TOOL_TEMPORARY, out_of_memory);
}

void
tool_watch(struct aside *aside)
{
	tool.aside = aside;
}

static void
abandon(void)
{
	if (tool.aside && tool.aside->fd >= 0)
		aside_abandon(tool.aside);
}

void
tool_fail(int exit_code, const char *why)
{
	abandon();
	fprintf(stderr, "%s: fatal: %s\n", tool.program, why);
	_exit(exit_code);
}

void
tool_fail_at(int exit_code, const char *file, size_t line, const char *why)
{
	abandon();
	fprintf(stderr, "%s: fatal: %s", tool.program, file);
	if (line)
		fprintf(stderr, ": line %zu", line);
	fprintf(stderr, ": %s\n", why);
	_exit(exit_code);
}

void
tool_warn_at(const char *file, size_t line, const char *what)
{
	fprintf(stderr, "%s: warning: %s: line %zu %s\n", tool.program, file,
	    line, what);
}

void
tool_cannot(const char *verb, const char *object)
{
	abandon();
	error_cannot(tool.program, verb, object);
}

void
tool_read(const char *path, struct str *text)
{
	int result = path ? file_read_named(path, text, INPUT_MAX)
			  : file_read_fd(0, text, INPUT_MAX);

	if (result < 0)
		tool_cannot("read", path ? path : "standard input");
}

void
tool_add_record(struct cdbfile *file, enum forwarddata_key kind,
    struct span target, struct span value)
{
	struct str key = STR_INIT;

	forwarddata_add_key(&key, kind, target);
	if (cdbmake_add(&file->make, str_span(&key), value) < 0)
		tool_cannot("write", file->aside.path);
	str_free(&key);
}

static const char *
add_entry(struct str *commands, struct forwardline_entry *entry,
    struct span rules, bool may_run)
{
	const char *fault = NULL;

	switch (entry->kind) {
	case FORWARDLINE_ADDRESS:
		fault = forwardline_complete(entry, rules);
		str_add_byte(commands, FORWARDDATA_ADDRESS);
		str_add(commands, str_span(&entry->text));
		break;
	case FORWARDLINE_PROGRAM:
		if (!may_run)
			fault = "a program cannot be in a list";
		str_add_byte(commands, '!');
		str_add(commands, str_span(&entry->text));
		break;
	case FORWARDLINE_INCLUDE:
		forwarddata_add_list(commands, str_span(&entry->text));
		break;
	}
	str_add_byte(commands, '\0');
	return fault;
}

void
tool_recipients(
    struct tool_line *line, struct span text, struct span rules, bool may_run)
{
	struct forwardline parsed = FORWARDLINE_INIT;

	line->fault = forwardline_parse(&parsed, text);
	for (size_t i = parsed.entries.len; i-- > 0 && !line->fault;)
		line->fault = add_entry(
		    &line->commands, &parsed.entries.at[i], rules, may_run);
	forwardline_free(&parsed);
}
