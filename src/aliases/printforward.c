/*
 * printforward.c - shows a forwarding database as setforward takes it.
 * Runs as   its caller.
 * Reads     the database on fd 0, which may be a pipe.
 * Writes    instructions on fd 1.
 * Source    printforward(1), cdb.h.
 */
#include "config/cdb.h"
#include "mail/forwardtext.h"
#include "sys/in.h"
#include "tool.h"

struct reading {
	struct in in;
	struct out out;
	uint64_t position, end; /* of the records */
	struct str bytes, key, value, text;
};

NORETURN static void
fail_damaged(struct reading *reading)
{
	(void)out_flush(&reading->out); /* what was read so far */
	tool_fail(TOOL_PERMANENT, "this is no forwarding database");
}

/* Replaces the bytes by the next ones of the input, which must be there. */
static void
read_bytes(struct reading *reading, struct str *bytes, uint64_t count)
{
	struct span here;
	int got;

	str_reset(bytes);
	for (; count; count -= here.len) {
		got = in_peek(&reading->in, &here);
		if (got < 0)
			tool_cannot("read", "standard input");
		if (got == 0)
			fail_damaged(reading);
		if (here.len > count)
			here = span_upto(here, (size_t)count);
		str_add(bytes, here);
		in_consume(&reading->in, here.len);
		reading->position += here.len;
	}
}

static void
write_target(struct reading *reading)
{
	struct span rest = str_span(&reading->value), command;
	int got;

	str_add_z(&reading->text, ":\n");
	while ((got = forwarddata_next(&rest, &command)) > 0) {
		str_add_z(&reading->text, ", ");
		forwardtext_add(&reading->text, command);
		str_add_byte(&reading->text, '\n');
	}
	if (got < 0)
		fail_damaged(reading);
	str_add_z(&reading->text, ";\n");
}

static void
write_owner(struct reading *reading)
{
	str_add_z(&reading->text, ": ?");
	forwardtext_add(&reading->text, str_span(&reading->value));
	str_add_z(&reading->text, ";\n");
}

static void
show_record(struct reading *reading)
{
	struct span key;
	uint64_t key_len, value_len;

	read_bytes(reading, &reading->bytes, 8);
	key_len = cdb_number(reading->bytes.s);
	value_len = cdb_number(reading->bytes.s + 4);
	if (reading->end < reading->position ||
	    key_len + value_len > reading->end - reading->position)
		fail_damaged(reading);
	read_bytes(reading, &reading->key, key_len);
	read_bytes(reading, &reading->value, value_len);
	key = str_span(&reading->key);
	str_reset(&reading->text);
	forwardtext_add(&reading->text, span_from(key, 1));
	if (key.len && key.s[0] == FORWARDDATA_TARGET)
		write_target(reading);
	else if (key.len && key.s[0] == FORWARDDATA_OWNER)
		write_owner(reading);
	else
		fail_damaged(reading);
	(void)out_add(&reading->out, str_span(&reading->text)); /* see flush */
}

int
main(void)
{
	static struct reading reading;
	static char in_buffer[8192], out_buffer[8192];

	tool_begin("printforward");
	in_init(&reading.in, 0, in_buffer, sizeof(in_buffer));
	out_init(&reading.out, 1, out_buffer, sizeof(out_buffer));
	read_bytes(&reading, &reading.bytes, CDB_HEADER);
	reading.end = cdb_number(reading.bytes.s); /* the first table */
	if (reading.end < CDB_HEADER)
		fail_damaged(&reading);
	while (reading.position < reading.end)
		show_record(&reading);
	if (out_flush(&reading.out) < 0)
		tool_cannot("write", "standard output");
	return 0;
}
