/* daemons.h - the descriptors that qmail-start gives to qmail-send. */
#ifndef QUEUE_DAEMONS_H
#define QUEUE_DAEMONS_H

#define DAEMONS_LOG_FD	      1
#define DAEMONS_FIRST_LINK_FD 3 /* then in the order below */

/* The sockets to the other daemons. */
enum daemons_link {
	DAEMONS_TODO,
	DAEMONS_LSPAWN,
	DAEMONS_RSPAWN,
	DAEMONS_CLEAN,
	DAEMONS_RCPTD, /* it hears when to begin; only its end is heard */
	DAEMONS_QCTLD, /* orders of administrators */
	DAEMONS_LINKS  /* their number */
};

#endif
