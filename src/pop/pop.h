/* pop.h - what the two servers of this room both say. */
#ifndef POP_POP_H
#define POP_POP_H

/* The answer to CAPA, in both states of a session (RFC 2449 5, RFC 3206 6), and
 * its end. */
#define POP_CAPABILITIES                                              \
	"+OK what we can do\r\nUSER\r\nTOP\r\nUIDL\r\nRESP-CODES\r\n" \
	"AUTH-RESP-CODE\r\nPIPELINING\r\n"
#define POP_CAPABILITIES_END "IMPLEMENTATION Angarium\r\n.\r\n"

#endif
