/*
 * note.c - where the note about a client's address lies.
 * Input: trusted, but no file name is made of it as it is
 */
#include "note.h"

#include <stdlib.h>

#include "net/ip.h"
#include "sys/out.h"

bool
note_add_path(struct str *path, const char *folder)
{
	struct ip_address address;

	if (!ip_parse(span_of(getenv("TCPREMOTEIP")), &address))
		return false;
	address = ip_unmapped(&address);
	str_add_z(path, folder);
	str_add_byte(path, '/');
	ip_format(path, &address);
	return true;
}

void
note_complain(const char *program, const char *what, const char *why)
{
	char buffer[512];
	struct out out;

	out_init(&out, 2, buffer, sizeof(buffer));
	(void)out_add_z(&out, program);
	(void)out_add_z(&out, ": ");
	(void)out_add_z(&out, what);
	(void)out_add_z(&out, ": ");
	(void)out_add_z(&out, why);
	(void)out_add_z(&out, "\n");
	(void)out_flush(&out); /* nobody else to tell */
}
