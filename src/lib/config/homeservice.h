/*
 * homeservice.h - how a service begins that a supervisor starts as root, and that has
 * its door (sys/doorserver.h) below HOME.
 */
#ifndef CONFIG_HOMESERVICE_H
#define CONFIG_HOMESERVICE_H

#include "base/attr.h"
#include "config/home.h"
#include "sys/doorserver.h"

/*
 * homeservice_run: enters HOME, opens the door, gives up root, hides its memory, and
 * serves.  In a private instance, which nobody starts as root, it stays the caller.
 *   server   name, path, session and its other numbers; the rest is set here
 *   user     whom it becomes, with this group alone
 *   peer     who may come in, besides root; HOME_USERS: nobody
 * Ends the program as doorserver_run; with 111 and a line on descriptor 2 if it cannot
 * begin.
 */
NORETURN void homeservice_run(struct doorserver *server, enum home_user user,
    enum home_group group, enum home_user peer);

#endif
