/* qctld.h - the process of qmail-qctld for one client. */
#ifndef CONTROL_QCTLD_H
#define CONTROL_QCTLD_H

#include "base/attr.h"

/*
 * qctld_serve: hears one request, answers it, and ends the process.  The working
 * folder is HOME.
 *   fd       the client; hostile, as far as the door lets it
 *   orders   where orders to qmail-send go
 */
NORETURN void qctld_serve(int fd, int orders);

#endif
