/* environment.h - what tcpserver says of a connection, said by another. */
#ifndef RECEIVE_ENVIRONMENT_H
#define RECEIVE_ENVIRONMENT_H

#include <stdint.h>

#include "net/ip.h"

/*
 * environment_set: sets a variable; value NULL: unsets it.  If memory is out
 * it ends with 111.
 */
void environment_set(const char *name, const char *value);

/* environment_set_end: sets two variables to address and port of one end. */
void environment_set_end(const char *ip_name, const char *port_name,
    const struct ip_address *address, uint16_t port);

#endif
