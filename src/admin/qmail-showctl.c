/*
 * qmail-showctl.c - shows how the suite is configured.
 * Runs as   anyone, by hand.
 * Reads     the files of control and users/ids, which the administrator wrote.
 * Writes    text for people on fd 1.
 * Source    qmail-showctl(8), qmail-control(5).
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "base/version.h"
#include "base/vec.h"
#include "config/control.h"
#include "config/filterline.h"
#include "config/home.h"
#include "config/keptfile.h"
#include "config/routes.h"
#include "config/tlspolicy.h"
#include "sys/dir.h"
#include "sys/error.h"
#include "sys/fd.h"

#define EXIT_FAILED 111

enum kind {
	LINE,	    /* one line; without file what `fallback` says */
	LINE_OR_ME, /* one line; without file control/me, then fallback */
	NUMBER,	    /* one line, of which the digits at its start count */
	LIST,	    /* a line for each entry */
	WISHES,	    /* one line: what control/authpolicy says */
	POLICIES,   /* a list: control/tlspolicy */
	FILTERS,    /* a list: control/queuefilters */
	FLAG,	    /* it is there or not */
	OPEN,	    /* likewise; programs without rights have to read it */
	SECRET,	    /* likewise; nobody but its owner is to read it */
	HELD,	    /* likewise; its owner is qmailk */
	KEYS,	    /* likewise; a folder of such files */
	DATABASE    /* made by a program; only named */
};

/* Every file that some program reads; see qmail-control(5). */
static const struct control {
	const char *name;
	enum kind kind;
	const char *fallback; /* NULL: there is none */
	const char *meaning;
} controls[] = {
	{ "me", LINE, NULL, "name of this host, default for many files" },
	{ "auth25", LINE, "off", "whether clients may log in on port 25" },
	{ "authpolicy", WISHES, "nothing is checked",
	    "whether mail that fails DMARC is refused: report, enforce" },
	{ "authservid", LINE_OR_ME, NULL,
	    "the name under which checks of mail are told" },
	{ "authtimeout", NUMBER, "20",
	    "seconds to check whom a message is from" },
	{ "badmailfrom", LIST, "no sender is refused",
	    "senders that SMTP refuses" },
	{ "badrcptto", LIST, "no recipient is refused",
	    "recipients that SMTP refuses" },
	{ "bindroutes", LIST, "any address",
	    "own address and HELO name by sender domain" },
	{ "bounceformat", LINE, "qsbmf", "form of bounces: qsbmf or dsn" },
	{ "bouncefrom", LINE, "MAILER-DAEMON", "local part bounces are from" },
	{ "bouncehost", LINE_OR_ME, "bouncehost", "host bounces are from" },
	{ "bouncemaxbytes", NUMBER, "50000",
	    "bytes of a message that a bounce returns; 0: all" },
	{ "break", LINE, "-", "what stands between account and extension" },
	{ "concurrencyhost", NUMBER, "0",
	    "deliveries to one next hop at a time; 0: no limit" },
	{ "concurrencylocal", NUMBER, "10", "local deliveries at a time" },
	{ "concurrencylogin", NUMBER, "20", "checks of passwords at a time" },
	{ "concurrencyremote", NUMBER, "20", "remote deliveries at a time" },
	{ "concurrencytls", NUMBER, "1000", "sessions of TLS at a time" },
	{ "concurrencytlsc", NUMBER, "1000",
	    "sessions of TLS with other servers at a time" },
	{ "databytes", NUMBER, "0", "largest message by SMTP; 0: no limit" },
	{ "defaultdomain", LINE_OR_ME, "defaultdomain",
	    "added to host names without dot" },
	{ "defaulthost", LINE_OR_ME, "defaulthost",
	    "added to addresses without host" },
	{ "delaywarn", NUMBER, "0",
	    "seconds until senders are told that mail waits; 0: who asks" },
	{ "dkim", KEYS, NULL, "a folder of keys that sign mail, by domain" },
	{ "dmarcreport", FLAG, NULL, "whether reports on DMARC can be made" },
	{ "dnssec", LINE, "loopback", "whose word on DNSSEC counts" },
	{ "doublebouncehost", LINE_OR_ME, "doublebouncehost",
	    "host that gets double bounces" },
	{ "doublebounceto", LINE, "postmaster",
	    "local part that gets double bounces" },
	{ "envnoathost", LINE_OR_ME, "envnoathost",
	    "host of recipients without one" },
	{ "filtertimeout", NUMBER, "240",
	    "seconds that all filters of a message have" },
	{ "freelogins", NUMBER, "5",
	    "wrong passwords of a name before it has to wait" },
	{ "greydelay", NUMBER, "300",
	    "seconds until who is new may come again" },
	{ "greylifetime", NUMBER, "3110400",
	    "seconds that who has come again is known for" },
	{ "greywindow", NUMBER, "172800",
	    "seconds after which coming again is too late" },
	{ "helohost", LINE_OR_ME, NULL, "said in HELO to other servers" },
	{ "hideclient", LINE, "off",
	    "on: where who has logged in is, is not told" },
	{ "idhost", LINE_OR_ME, "idhost", "host in Message-ID fields" },
	{ "localiphost", LINE_OR_ME, NULL,
	    "stands for addresses of this machine" },
	{ "locals", LIST, "only the host in control/me is local",
	    "hosts that are local" },
	{ "logmessageid", NUMBER, "0", "1: the log of SMTP has Message-IDs" },
	{ "makemaildir", NUMBER, "1",
	    "1: a missing Maildir of the default delivery is made" },
	{ "maxerrors", NUMBER, "20", "refused commands of an SMTP client" },
	{ "maxheader", NUMBER, "1048576", "largest header by SMTP" },
	{ "maxloginmail", NUMBER, "300",
	    "messages of a user in an hour; 0: no limit" },
	{ "maxloginrcpt", NUMBER, "1000", "recipients of these; 0: no limit" },
	{ "maxmail", NUMBER, "10000", "messages of an SMTP session" },
	{ "maxrcpt", NUMBER, "1000", "recipients of a message by SMTP" },
	{ "maxunknown", NUMBER, "50", "unknown recipients of a session" },
	{ "minfree", NUMBER, "0", "bytes that SMTP leaves free on the disk" },
	{ "morebadmailfrom", DATABASE, "no further senders",
	    "more senders that SMTP refuses" },
	{ "morebadrcptto", DATABASE, "no further recipients",
	    "more recipients that SMTP refuses" },
	{ "morercpthosts", DATABASE, "no further hosts",
	    "more hosts that SMTP takes mail for" },
	{ "moresenders", DATABASE, "no further senders",
	    "more addresses that users may send as" },
	{ "percenthack", LIST, "no host", "hosts where % names another host" },
	{ "plusdomain", LINE_OR_ME, "plusdomain",
	    "added to host names that end in a plus sign" },
	{ "programtimeout", NUMBER, "0",
	    "seconds a program of a .qmail file may take; 0: no limit" },
	{ "proxyin", LIST, "no proxy", "proxies that tell their clients" },
	{ "qmqpservers", LIST, "no server", "where qmail-qmqpc sends mail" },
	{ "qmtproutes", LIST, "no route", "hosts that get mail by QMTP" },
	{ "queuefilters", FILTERS, "no filter",
	    "programs that see messages before they are queued" },
	{ "queuelifetime", NUMBER, "604800", "seconds until mail bounces" },
	{ "rcptcheck", LINE, "on", "whether SMTP refuses unknown recipients" },
	{ "rcpthosts", LIST, "SMTP takes mail for local hosts only",
	    "hosts that SMTP takes mail for" },
	{ "remotebatch", NUMBER, "50",
	    "remote recipients that may share a delivery" },
	{ "reporttime", NUMBER, "21600",
	    "seconds that reports to other domains may take" },
	{ "rewrite", LIST, "the usual rules", "rules for hosts in new mail" },
	{ "send8bit", LINE, "anything",
	    "strict: no 8-bit text to servers without 8BITMIME" },
	{ "senderroutes", LIST, "no route by the sender",
	    "relays by the domain of the sender" },
	{ "senders", LIST, "only own addresses",
	    "further addresses that users may send as" },
	{ "servercert.pem", SECRET, NULL,
	    "key and certificate for TLS; only its owner may read it" },
	{ "smtpgreeting", LINE_OR_ME, NULL, "what SMTP greets with" },
	{ "smtpauth", HELD, NULL,
	    "logins with relays; only its owner may read it" },
	{ "smtproutes", LIST, "no route", "relays for some hosts" },
	{ "srs_domain", LINE, "no sender is rewritten",
	    "domain of senders of mail that is passed on" },
	{ "srs_forwards", FLAG, NULL,
	    "whether what is passed on to others has one" },
	{ "srs_hashlength", NUMBER, "4",
	    "letters of the hash in such a sender" },
	{ "srs_maxage", NUMBER, "21", "days for which it is good" },
	{ "srs_secrets", HELD, NULL,
	    "what makes these hashes; only its owner may read it" },
	{ "srs_separator", LINE, "=", "the byte behind SRS0" },
	{ "stoptime", NUMBER, "60",
	    "seconds that deliveries get when the daemons end" },
	{ "syncfolders", FLAG, NULL,
	    "for file systems whose folders need it: also sync those" },
	{ "timeoutbounce", NUMBER, "900",
	    "seconds that queueing a bounce may take" },
	{ "timeoutconnect", NUMBER, "60", "seconds to connect to a server" },
	{ "timeoutdelivery", NUMBER, "1800", "seconds for a remote delivery" },
	{ "timeoutlogin", NUMBER, "30",
	    "seconds that checking a password may take" },
	{ "timeoutremote", NUMBER, "1200", "seconds to wait for a server" },
	{ "timeoutsession", NUMBER, "86400", "seconds for an SMTP session" },
	{ "timeoutsmtpd", NUMBER, "1200", "seconds to wait for a client" },
	{ "tlsca", OPEN, NULL, "authorities to believe; else the system's" },
	{ "tlscerts", FLAG, NULL, "a folder of them, for hosts by name" },
	{ "tlspolicy", POLICIES, "TLS where it is offered",
	    "what TLS with a domain has to be like" },
	{ "virtualdomains", LIST, "no virtual domain",
	    "domains and addresses that a local user controls" },
	{ "xclient", LIST, "no proxy", "proxies that may say XCLIENT" },
};

#define CONTROLS (sizeof(controls) / sizeof(controls[0]))

NORETURN static void
fail_reading(const char *path)
{
	struct str what = STR_INIT;
	int cause = errno;

	str_add_z(&what, "cannot read ");
	str_add_z(&what, path);
	errno = cause;
	error_exit("qmail-showctl", str_z(&what));
}

static void
add_ids(struct str *text)
{
	struct home_ids ids;

	str_add_z(text, "version: " SUITE_VERSION "\nhome: ");
	str_add_z(text, home_dir);
	str_add_z(text, "\n");
	if (home_ids_read(&ids) < 0) {
		str_add_z(text, "users: not all of them exist\n\n");
		return;
	}
	str_add_z(text, "users:");
	for (int i = 0; i < HOME_USERS; i++) {
		str_add_byte(text, ' ');
		str_add_z(text, home_user_name((enum home_user)i));
		str_add_byte(text, ' ');
		str_add_u64(text, ids.uid[i]);
	}
	str_add_z(text, "\ngroups:");
	for (int i = 0; i < HOME_GROUPS; i++) {
		str_add_byte(text, ' ');
		str_add_z(text, home_group_name((enum home_group)i));
		str_add_byte(text, ' ');
		str_add_u64(text, ids.gid[i]);
	}
	str_add_z(text, "\n\n");
}

/* What counts of a value that is there, where that is not all of it. */
static void
add_number(struct str *text, struct span value, const char *fallback)
{
	uint64_t number;
	size_t digits = scan_u64_prefix(value, UINT64_MAX, &number);

	if (digits == 0) {
		str_add_z(text, " - NO NUMBER, so the default: ");
		str_add_z(text, fallback);
	} else if (digits < value.len) {
		str_add_z(text, " - COUNTS AS ");
		str_add_u64(text, number);
	}
}

static bool
is_policy(struct span word)
{
	return span_equal(word, SPAN("report")) ||
	    span_equal(word, SPAN("enforce"));
}

static void
add_line(struct str *text, const struct control *control, const char *path)
{
	struct str value = STR_INIT;
	int result = control_read_line(path, &value);
	const char *origin = NULL;

	if (result == 0 && control->kind == LINE_OR_ME) {
		origin = " (default, from me)";
		result = control_read_line("control/me", &value);
	}
	if (result < 0)
		fail_reading(path);
	if (result == 0 && control->fallback) {
		origin = " (default)";
		str_add_z(&value, control->fallback);
	} else if (result == 0)
		origin = "NOT SET";
	str_add(text, str_span(&value));
	if (origin)
		str_add_z(text, origin);
	else if (control->kind == NUMBER)
		add_number(text, str_span(&value), control->fallback);
	else if (control->kind == WISHES && !is_policy(str_span(&value)))
		str_add_z(text, " - NO SUCH POLICY: mail from outside waits");
	str_add_byte(text, '\n');
	str_free(&value);
}

/* What is wrong with a line of control/tlspolicy, if something is. */
static const char *
find_fault(struct span line)
{
	struct routes routes = ROUTES_INIT;
	struct tlspolicy policy = TLSPOLICY_INIT;
	struct span domain, wish;
	const char *fault = "";

	routes_parse(&routes, line);
	if (routes.has_stray_line)
		fault = " - FOR NO DOMAIN: all mail to other hosts waits";
	else if (routes_cut(line, &domain, &wish) && wish.len &&
	    tlspolicy_parse(wish, &policy) < 0)
		fault = " - NO SUCH POLICY: mail for the domain waits";
	tlspolicy_free(&policy);
	routes_free(&routes);
	return fault;
}

static bool
is_filter(struct span line)
{
	struct filterline filter;

	return filterline_parse(line, &filter);
}

static void
add_list(struct str *text, const struct control *control, const char *path)
{
	struct str lines = STR_INIT;
	struct span rest, line;
	int result = control_read_list(path, &lines);

	if (result < 0)
		fail_reading(path);
	str_add_z(text, result == 0 ? control->fallback : "");
	str_add_z(text, result == 0 ? " (default)\n" : "\n");
	rest = str_span(&lines);
	while (span_cut_next(&rest, '\n', &line)) {
		str_add_byte(text, '\t');
		str_add(text, line);
		if (control->kind == POLICIES)
			str_add_z(text, find_fault(line));
		if (control->kind == FILTERS && !is_filter(line))
			str_add_z(
			    text, " - NO FILTER: all messages are kept out");
		str_add_byte(text, '\n');
	}
	str_free(&lines);
}

/* root, who asks, can read what others cannot. */
static void
add_closed(struct str *text, const char *path)
{
	struct stat file;

	if (stat(path, &file) == 0 && file.st_uid == 0 &&
	    !(file.st_mode & S_IROTH))
		str_add_z(text,
		    "NOT READABLE by all: programs that need it refuse to "
		    "work - ");
}

/* How a secret is kept, and the end of its line. */
static void
add_keeping(struct str *text, const char *path, uid_t reader)
{
	static const char *const words[] = {
		[KEPTFILE_RIGHT] = "",
		[KEPTFILE_CLOSED] =
		    " - NOT READABLE by qmailk: mail that needs it waits",
		[KEPTFILE_OPEN] = " - OTHERS than its owner may read it",
	};

	str_add_z(text, words[keptfile_judge(path, reader)]);
	str_add_byte(text, '\n');
}

/* Not known in an installation of one user: then that is not asked. */
static uid_t
find_qmailk(void)
{
	struct home_ids ids;

	return home_ids_read(&ids) < 0 ? KEPTFILE_NOBODY : ids.uid[HOME_QMAILK];
}

static void
add_key(void *context, const char *path)
{
	struct str *text = context;

	str_add_byte(text, '\t');
	str_add_z(text, path + strlen("control/dkim/"));
	add_keeping(text, path, find_qmailk());
}

static void
add_presence(struct str *text, enum kind kind, const char *path)
{
	str_add_z(text, access(path, F_OK) == 0 ? "on" : "off");
	if (kind == SECRET || kind == HELD)
		add_keeping(
		    text, path, kind == HELD ? find_qmailk() : KEPTFILE_NOBODY);
	else
		str_add_byte(text, '\n');
	if (kind == KEYS && keptfile_each_key(path, add_key, text) < 0)
		str_add_z(text, "\tNOT ALL OF IT can be read\n");
}

static void
add_control(struct str *text, const struct control *control)
{
	struct str path = STR_INIT;

	str_add_z(&path, "control/");
	str_add_z(&path, control->name);
	str_add_z(text, control->name);
	str_add_z(text, " - ");
	str_add_z(text, control->meaning);
	str_add_z(text, ": ");
	if (control->kind != FLAG && control->kind != SECRET &&
	    control->kind != HELD && control->kind != KEYS)
		add_closed(text, str_z(&path));
	switch (control->kind) {
	case LINE:
	case LINE_OR_ME:
	case NUMBER:
	case WISHES:
		add_line(text, control, str_z(&path));
		break;
	case FLAG:
	case OPEN:
	case SECRET:
	case HELD:
	case KEYS:
		add_presence(text, control->kind, str_z(&path));
		break;
	case LIST:
	case POLICIES:
	case FILTERS:
		add_list(text, control, str_z(&path));
		break;
	case DATABASE:
		add_list(text, control, str_z(&path));
		str_add_z(&path, ".cdb");
		str_add_z(text,
		    access(str_z(&path), F_OK) == 0 ? "\tmade by qmail-newmrh\n"
						    : "");
		break;
	}
	str_free(&path);
}

static bool
is_known(const char *name)
{
	for (size_t i = 0; i < CONTROLS; i++) {
		const char *rest = name + strlen(controls[i].name);

		if (!span_starts(span_of(name), span_of(controls[i].name)))
			continue;
		if (!*rest ||
		    (controls[i].kind == DATABASE && !strcmp(rest, ".cdb")))
			return true;
	}
	return name[0] == '.';
}

/* What the scripts of the services, and tcpserver, keep in control. */
static bool
is_of_services(const char *name)
{
	static const char *const names[] = { "popaddress", "popsaddress",
		"smtpaddress", "submissionaddress", "submissionsaddress",
		"tcp.smtp", "tcp.smtp.cdb" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Files that no program reads are often misspelt ones. */
static void
add_unknown(struct str *text)
{
	struct dir dir;
	const char *name;
	int result;

	if (dir_open(&dir, "control") < 0)
		fail_reading("control");
	while ((result = dir_next(&dir, &name)) > 0) {
		if (is_known(name))
			continue;
		str_add_z(text, name);
		str_add_z(text,
		    is_of_services(name)
			? " - read where the services are started\n"
			: " - UNKNOWN: no program of this suite reads "
			  "this file\n");
	}
	if (result < 0)
		fail_reading("control");
	dir_close(&dir);
}

int
main(void)
{
	struct str text = STR_INIT;

	must_hooks(EXIT_FAILED, NULL);
	if (chdir(home_dir) < 0)
		fail_reading(home_dir);
	add_ids(&text);
	for (size_t i = 0; i < CONTROLS; i++)
		add_control(&text, &controls[i]);
	add_unknown(&text);
	if (fd_write_all(1, str_span(&text)) < 0)
		error_exit("qmail-showctl", "cannot write");
	str_free(&text);
	return 0;
}
