/* environment.c - what tcpserver says of a connection, said by another. */
#include "environment.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

#define TEMPORARY_EXIT 111

void
environment_set(const char *name, const char *value)
{
	if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0)
		_exit(TEMPORARY_EXIT);
}

void
environment_set_end(const char *ip_name, const char *port_name,
    const struct ip_address *address, uint16_t port)
{
	struct str text = STR_INIT;

	ip_format(&text, address);
	environment_set(ip_name, str_z(&text));
	str_reset(&text);
	str_add_u64(&text, port);
	environment_set(port_name, str_z(&text));
	str_free(&text);
}
