/*
 * 822header.c - prints the header of a message.
 * Runs as   anybody.
 * Reads     a message on fd 0.
 * Writes    its header to fd 1.
 * Source    822header(1).
 */
#include "base/must.h"
#include "mess_input.h"

int
main(void)
{
	struct str header = STR_INIT;

	must_hooks(111, NULL);
	mess_input_read("822header", &header);
	mess_input_write("822header", &header);
	str_free(&header);
	return 0;
}
