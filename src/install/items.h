/* items.h - what an installation consists of. */
#ifndef INSTALL_ITEMS_H
#define INSTALL_ITEMS_H

#include <stddef.h>

#define ITEM_ROOT (-1) /* owner: root; group: root's */

enum item_kind {
	FOLDER,
	SPLIT_FOLDER,  /* with one subfolder for each part of the queue */
	PROGRAM,       /* from build/bin */
	MAYBE_PROGRAM, /* the same, if it was built */
	SCRIPT,	       /* from build/bin too: text */
	FIFO,
	EMPTY, /* a file that is made if it is not there; size below */
	MANUAL /* all pages of one section, from man/ */
};

struct item {
	enum item_kind kind;
	const char *name;
	int user;  /* enum home_user, or ITEM_ROOT */
	int group; /* enum home_group, or ITEM_ROOT */
	unsigned mode;
	const char *from;
	long size;
};

/* In the order in which they are made. */
extern const struct item items[];
extern const size_t items_count;

#endif
