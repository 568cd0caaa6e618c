/* popcommand_fuzz.c - any bytes as a command; its parts stay inside. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "net/popcommand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_inside(struct span part, struct span all)
{
	must(part.len == 0 ||
	    (part.s >= all.s && part.s + part.len <= all.s + all.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size);
	struct span rest, name;
	struct popcommand command;
	uint64_t number;

	popcommand_parse(all, &command);
	must(command.verb >= POP_UNKNOWN && command.verb < POP_VERBS);
	check_inside(command.argument, all);
	if (command.verb != POP_UNKNOWN)
		must(!span_has(command.argument, '\0') &&
		    !span_starts(command.argument, SPAN(" ")));
	rest = command.argument;
	while (popcommand_cut_number(&rest, 1000, &number)) {
		must(number <= 1000);
		check_inside(rest, all);
	}
	rest = command.argument;
	if (popcommand_cut_name(&rest, &name)) {
		must(name.len > 0 && !span_has(name, ' '));
		must(name.len + 1 + rest.len == command.argument.len);
	}
	return 0;
}
