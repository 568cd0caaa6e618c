/* handover.c - messages that are taken in and passed on.  Input: hostile */
#include "queue/handover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fmt.h"
#include "queue/envelope.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/in.h"
#include "sys/random.h"
#include "sys/signal.h"

#define BLOCK 65536

/* ---- files ---- */

/* Of the network there is a folder; a user has none there. */
const char *
handover_folder(void)
{
	const char *temporary = getenv("TMPDIR");

	if (access("spool", W_OK) == 0)
		return "spool";
	return temporary && temporary[0] == '/' ? temporary : "/tmp";
}

/* Where no file can be without a name it has one for a moment. */
static void
make_named(const char *folder, struct handover_file *file)
{
	struct str name = STR_INIT;

	str_add_z(&name, folder);
	str_add_z(&name, "/qmail.");
	str_add_u64(&name, random_u64());
	file->fd = file_create(str_z(&name), 0600);
	file->reader = file->fd < 0 ? -1 : file_open(str_z(&name));
	if (file->fd >= 0 && unlink(str_z(&name)) < 0) {
		fd_close(file->reader);
		file->reader = -1;
	}
	if (file->reader < 0) {
		fd_close(file->fd);
		file->fd = -1;
	}
	str_free(&name);
}

int
handover_make(const char *folder, struct handover_file *file)
{
	file->fd = file_create_unnamed(folder, &file->reader);
	if (file->fd < 0)
		make_named(folder, file);
	return file->fd < 0 ? -1 : 0;
}

void
handover_begin(void)
{
	signal_block_set((const int[]){ SIGTERM, SIGINT, SIGHUP, 0 });
}

void
handover_close(struct handover_file *file)
{
	fd_close(file->fd);
	fd_close(file->reader);
	file->fd = file->reader = -1;
}

int
handover_copy(int from, int to)
{
	char block[BLOCK];
	ssize_t got;

	while ((got = fd_read(from, block, sizeof(block))) > 0)
		if (fd_write_all(to, span_make(block, (size_t)got)) < 0)
			return 1;
	return got < 0 ? -1 : 0;
}

/* ---- envelopes ---- */

int
handover_read(int fd, struct handover_envelope *envelope)
{
	char buffer[BLOCK];
	struct str value = STR_INIT;
	char letter = ENVELOPE_END;
	struct in in;
	int result;

	str_reset(&envelope->sender);
	str_reset(&envelope->parameters);
	str_reset(&envelope->records);
	in_init(&in, fd, buffer, sizeof(buffer));
	while ((result = envelope_next_in_order(&in, &letter, &value)) == 0 &&
	    letter != ENVELOPE_END) {
		if (letter == ENVELOPE_SENDER) {
			str_set(&envelope->sender, str_span(&value));
		} else if (letter == ENVELOPE_PARAMETERS) {
			str_set(&envelope->parameters, str_span(&value));
		} else {
			str_add_byte(&envelope->records, letter);
			str_add_field(&envelope->records, str_span(&value));
		}
	}
	str_free(&value);
	return result;
}

void
handover_add(struct inject *inject, const struct handover_envelope *envelope)
{
	struct span rest = str_span(&envelope->records), record;

	inject_sender(inject, str_span(&envelope->sender));
	inject_sender_parameters(inject, str_span(&envelope->parameters));
	while (span_cut_next(&rest, '\0', &record))
		if (record.s[0] == ENVELOPE_RECIPIENT)
			inject_recipient(inject, span_from(record, 1));
		else
			inject_recipient_parameters(
			    inject, span_from(record, 1));
}

struct verdict
handover_end(struct inject *inject)
{
	struct verdict verdict = inject_close(inject);
	/* Now it is queued: no lack of memory may hinder that we say so. */
	char text[sizeof(INJECT_QP) + FMT_U64_MAX] = INJECT_QP;
	size_t len = sizeof(INJECT_QP) - 1;

	if (verdict.letter != VERDICT_ACCEPTED)
		return verdict;
	len += fmt_u64(text + len, (uint64_t)inject->pid);
	text[len++] = '\n';
	/* Who does not listen takes us for it. */
	(void)!fd_write_all(INJECT_REMARK_FD, span_make(text, len));
	return verdict;
}

void
handover_format(struct str *text, const struct handover_envelope *envelope)
{
	str_add_byte(text, ENVELOPE_SENDER);
	str_add_field(text, str_span(&envelope->sender));
	if (envelope->parameters.len) {
		str_add_byte(text, ENVELOPE_PARAMETERS);
		str_add_field(text, str_span(&envelope->parameters));
	}
	str_add(text, str_span(&envelope->records));
	str_add_byte(text, '\0');
}

void
handover_envelope_free(struct handover_envelope *envelope)
{
	str_free(&envelope->sender);
	str_free(&envelope->parameters);
	str_free(&envelope->records);
}
