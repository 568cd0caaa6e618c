/* verbs.h - what an administrator can have done; see qmail-qctl(8). */
#ifndef CONTROL_VERBS_H
#define CONTROL_VERBS_H

#include "control.h"

/* How a request ends, if not as the verb says. */
struct verb {
	const char *name;
	/* Returns 0; -1 with errno: the queue, or qmail-send, cannot be asked. */
	int (*run)(struct control *control, const struct verb *verb,
	    const struct selection *selection, const struct str addresses[2]);
	bool needs_selection;	      /* it must be said which messages */
	unsigned addresses;	      /* that it needs */
	bool is_short, shows_picture; /* of verbs_stat */
	enum orders_verb order;	      /* of verbs_order */
	const char *done;	      /* of verbs_order: "held" */
	bool
	    is_for_whole; /* likewise: it must not meet recipients that were not meant */
};

#define CHANGES 6

/* changes: the verbs that change something. */
extern const struct verb changes[CHANGES];

int verbs_list(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);
int verbs_show(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);
int verbs_stat(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);
int verbs_figures(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);
int verbs_order(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);
int verbs_redirect(struct control *control, const struct verb *verb,
    const struct selection *selection, const struct str addresses[2]);

#endif
