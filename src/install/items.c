/* items.c - what an installation consists of, and who may what there. */
#include "items.h"

#include "config/home.h"

#define ROOT	   ITEM_ROOT
#define TCPTO_SIZE 1024

/*
 * Who may what in the queue.  Its folders belong to qmailq or qmails; those of
 * group qmail may enter it; of these, only those of group nofiles too, which
 * are the processes of qmails, may read messages.
 */
#define Q HOME_QMAILQ
#define S HOME_QMAILS
#define G HOME_GROUP_QMAIL
#define N HOME_GROUP_NOFILES

const struct item items[] = {
	{ FOLDER, "", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "bin", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "control", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "users", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "alias", HOME_ALIAS, G, 0755, NULL, 0 },
	{ FOLDER, "run", HOME_QMAILV, G, 0755, NULL, 0 },
	{ EMPTY, "run/lock", ROOT, G, 0644, NULL, 0 },
	{ FOLDER, "man", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man1", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man5", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man7", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "man/man8", ROOT, G, 0755, NULL, 0 },
	{ FOLDER, "queue", Q, G, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/mess", Q, N, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/intd", Q, N, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/todo", Q, N, 0750, NULL, 0 },
	{ SPLIT_FOLDER, "queue/info", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/local", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/remote", S, G, 0700, NULL, 0 },
	{ SPLIT_FOLDER, "queue/bounce", S, G, 0700, NULL, 0 },
	{ FOLDER, "queue/lock", Q, G, 0750, NULL, 0 },
	{ EMPTY, "queue/lock/sendmutex", S, G, 0600, NULL, 0 },
	{ EMPTY, "queue/lock/tcpok", S, G, 0600, NULL, 0 },
	{ EMPTY, "queue/lock/tcpto", HOME_QMAILR, G, 0600, NULL, TCPTO_SIZE },
	{ FIFO, "queue/lock/trigger", S, N, 0620, NULL, 0 },
	{ PROGRAM, "bin/qmail-queue", Q, N, 06555, NULL, 0 },
	{ PROGRAM, "bin/qmail-clean", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-send", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-todo", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-start", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-lspawn", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-rspawn", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-local", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-remote", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/forward", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/preline", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/except", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/bouncesaying", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/condredirect", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qreceipt", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-getpw", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-smtpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-popup", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-pop3d", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/checkpassword", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-newpop", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/pop-note", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/pop-relay", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmtpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmqpd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/ofmipd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/ofmipname", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/tcp-env", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/greetdelay", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/proxyin", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qmqpc", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-inject", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/sendmail", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/maildirmake", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-newmrh", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-rcptd", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-qread", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-showctl", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-tcpto", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/qmail-tcpok", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/new-inject", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822field", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822header", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822date", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/822received", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/iftocc", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/setlock", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/maildirserial", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/serialsmtp", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/serialqmtp", ROOT, G, 0755, NULL, 0 },
	{ PROGRAM, "bin/splogger", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/qmail-qstat", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/maildirsmtp", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/maildirqmtp", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/config", ROOT, G, 0755, NULL, 0 },
	{ SCRIPT, "bin/config-fast", ROOT, G, 0755, NULL, 0 },
	{ MANUAL, "man/man1", ROOT, G, 0644, ".1", 0 },
	{ MANUAL, "man/man5", ROOT, G, 0644, ".5", 0 },
	{ MANUAL, "man/man7", ROOT, G, 0644, ".7", 0 },
	{ MANUAL, "man/man8", ROOT, G, 0644, ".8", 0 },
};

const size_t items_count = sizeof(items) / sizeof(*items);
