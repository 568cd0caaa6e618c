/*
 * qmail-qctl.c - looks at the queue, and has qmail-send hold, release, retry,
 * return, delete or redirect what waits in it.
 * Runs as   root or somebody of group qmail, by hand.
 * Reads     its arguments; answers of qmail-qctld; the queue itself, as root,
 *           while qmail-send does not run.
 * Writes    requests to qmail-qctld; what it found to fd 1, errors to fd 2.
 * Source    qmail-qctl(8).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/scan.h"
#include "config/home.h"
#include "control.h"
#include "queue/record.h"
#include "sys/door.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/fdpass.h"
#include "sys/signal.h"

#define WATCH_SECONDS 2
#define CLEAR_SCREEN  "\033[H\033[2J" /* as every terminal of today has it */

static const char usage[] =
    "usage: qmail-qctl list|show|hold|release|now|bounce|delete [messages]\n"
    "       qmail-qctl redirect number old new\n"
    "       qmail-qctl stat [--svg] [messages]\n"
    "       qmail-qctl watch [seconds]\n"
    "messages: numbers, --all, --sender address, --recipient address,\n"
    "       --domain domain, --older time, --younger time,\n"
    "       --channel local|remote, --state waiting|new|delivering|held|ending\n";

static const char too_many[] =
    "qmail-qctl: a request has a thousand numbers at most, and 64 kilobytes\n";

static const struct {
	const char *name;
	enum controldoor_request letter;
	bool is_time, has_value;
} options[] = {
	{ "all", CONTROLDOOR_ALL, false, false },
	{ "--all", CONTROLDOOR_ALL, false, false },
	{ "--sender", CONTROLDOOR_SENDER, false, true },
	{ "--recipient", CONTROLDOOR_RECIPIENT, false, true },
	{ "--domain", CONTROLDOOR_DOMAIN, false, true },
	{ "--older", CONTROLDOOR_OLDER, true, true },
	{ "--younger", CONTROLDOOR_YOUNGER, true, true },
	{ "--channel", CONTROLDOOR_CHANNEL, false, true },
	{ "--state", CONTROLDOOR_STATE, false, true },
};

#define OPTIONS (sizeof(options) / sizeof(*options))

static void
write_or_end(int fd, struct span text)
{
	if (fd_write_all(fd, text) < 0)
		_exit(CONTROLDOOR_TROUBLE);
}

NORETURN static void
fail(const char *words, int code)
{
	write_or_end(2, span_of(words));
	_exit(code);
}

/* ---- the request ---- */

/* Says which word is wrong, too. */
NORETURN static void
refuse(const char *word, const char *wrong)
{
	write_or_end(2, SPAN("qmail-qctl: "));
	write_or_end(2, span_of(word));
	write_or_end(2, span_of(wrong));
	fail(usage, CONTROLDOOR_USAGE);
}

/* 90, 90s, 15m, 4h, 2d: seconds.  Returns false for anything else. */
static bool
read_time(struct span value, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uint64_t unit = 1;

	for (size_t i = 0; value.len && i < sizeof(units) / sizeof(*units); i++)
		if (value.s[value.len - 1] == units[i].letter) {
			unit = units[i].seconds;
			value = span_upto(value, value.len - 1);
			break;
		}
	if (!scan_u64(value, UINT32_MAX, seconds))
		return false;
	*seconds *= unit;
	return true;
}

/* Adds the condition that begins at argv; returns how many words it took. */
static int
add_option(struct str *request, char **argv)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		uint64_t seconds;

		if (strcmp(*argv, options[i].name) != 0)
			continue;
		if (!options[i].has_value) {
			record_add(request, (char)options[i].letter, SPAN(""));
			return 1;
		}
		if (!argv[1])
			refuse(*argv, " needs a value\n");
		if (options[i].is_time &&
		    !read_time(span_of(argv[1]), &seconds))
			refuse(argv[1],
			    " is no time: 90, 90s, 15m, 4h or 2d are\n");
		if (options[i].is_time)
			record_add_number(
			    request, (char)options[i].letter, seconds);
		else
			record_add(
			    request, (char)options[i].letter, span_of(argv[1]));
		return 2;
	}
	refuse(*argv,
	    **argv == '-' ? " is no option\n" : " is no number of a message\n");
}

/* stat and its forms; returns the words that are left. */
static char **
add_verb(struct str *request, char **argv)
{
	bool is_picture = strcmp(argv[0], "stat") == 0 && argv[1] &&
	    strcmp(argv[1], "--svg") == 0;

	record_add(request, CONTROLDOOR_VERB,
	    is_picture ? SPAN("stat picture") : span_of(argv[0]));
	return argv + (is_picture ? 2 : 1);
}

static void
add_words(struct str *request, char **argv)
{
	bool is_redirect = strcmp(*argv, "redirect") == 0;
	size_t numbers = 0;

	argv = add_verb(request, argv);
	for (int i = 0; *argv; i++) {
		struct span word = span_of(*argv);
		uint64_t number;

		if (is_redirect && i > 0)
			record_add(request, CONTROLDOOR_ADDRESS, word);
		else if (scan_u64(word, INT64_MAX, &number) && number) {
			if (++numbers > SELECTION_NUMBERS_MAX)
				fail(too_many, CONTROLDOOR_USAGE);
			record_add(request, CONTROLDOOR_NUMBER, word);
		} else if (!is_redirect) {
			argv += add_option(request, argv);
			continue;
		} else {
			refuse(*argv, " is no number of a message\n");
		}
		argv++;
	}
}

/* ---- the answer ---- */

static void
say(void *context, char letter, struct span text)
{
	(void)context;
	if (letter == CONTROLDOOR_ERROR)
		write_or_end(2, SPAN("qmail-qctl: "));
	write_or_end(letter == CONTROLDOOR_ERROR ? 2 : 1, text);
}

/* Whether we could read the files of qmails, in the folder of the queue. */
static bool
may_read(void)
{
	struct stat st;

	return getuid() == 0 ||
	    (stat("info", &st) == 0 && st.st_uid == getuid());
}

/* Without qmail-send: what can be read can be shown. */
static int
look_alone(struct span request)
{
	struct control control = { .uid = getuid(), .orders = -1, .say = say };

	if (chdir(home_queue_dir) < 0 || queue_split_read(&control.split) < 0)
		error_exit("qmail-qctl", home_queue_dir);
	if (!may_read())
		fail("qmail-qctl: qmail-send does not run; only root can look "
		     "now\n",
		    CONTROLDOOR_TROUBLE);
	return control_run(&control, request);
}

static int
ask(struct span request)
{
	int fd = door_connect(CONTROLDOOR_PATH), code;

	if (request.len > FDPASS_RECORD_MAX)
		fail(too_many, CONTROLDOOR_USAGE);
	if (fd < 0 && errno == EACCES)
		fail("qmail-qctl: the queue is for root and for those of "
		     "group qmail; ask your administrator\n",
		    CONTROLDOOR_TROUBLE);
	if (fd < 0 && errno == EAGAIN)
		fail("qmail-qctl: too many ask just now; try again\n",
		    CONTROLDOOR_TROUBLE);
	if (fd < 0)
		return look_alone(request);
	code = controldoor_ask(fd, request, say, NULL);
	if (code < 0)
		fail("qmail-qctl: qmail-qctld broke off before it had "
		     "answered\n",
		    CONTROLDOOR_TROUBLE);
	return code;
}

/* One screen, drawn again and again until somebody ends it. */
NORETURN static void
watch(char **argv)
{
	struct str request = STR_INIT;
	uint64_t seconds = WATCH_SECONDS;

	if (*argv && (argv[1] || !scan_u64(span_of(*argv), 3600, &seconds)))
		fail(usage, CONTROLDOOR_USAGE);
	record_add(&request, CONTROLDOOR_VERB, SPAN("stat short"));
	for (;;) {
		int code;

		if (chdir(home_dir) < 0)
			error_exit("qmail-qctl", home_dir);
		write_or_end(1, SPAN(CLEAR_SCREEN));
		code = ask(str_span(&request));
		if (code != CONTROLDOOR_FINE)
			_exit(code);
		(void)sleep((unsigned)(seconds ? seconds : 1));
	}
}

int
main(int argc, char **argv)
{
	struct str request = STR_INIT;
	int code;

	must_hooks(CONTROLDOOR_TROUBLE, NULL);
	signal_ignore(SIGPIPE);
	if (argc < 2 || argv[1][0] == '-')
		fail(usage, CONTROLDOOR_USAGE);
	if (strcmp(argv[1], "watch") == 0)
		watch(argv + 2);
	add_words(&request, argv + 1);
	if (chdir(home_dir) < 0)
		error_exit("qmail-qctl", home_dir);
	code = ask(str_span(&request));
	str_free(&request);
	return code;
}
