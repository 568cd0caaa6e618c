/*
 * pop-note.c - notes from which address somebody has fetched mail, for a while
 * of mail from there: POP before SMTP.
 * Runs as   the owner of the mail, between checkpassword and qmail-pop3d.
 * Reads     $TCPREMOTEIP, which tcpserver says.
 * Writes    an empty file named like the address in a folder; becomes the
 *           program of its arguments, whatever comes of the note.
 * Source    pop-note(8).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "note.h"
#include "sys/error.h"
#include "sys/file.h"

#define USAGE_EXIT     100
#define TEMPORARY_EXIT 111
#define NOTE_MODE      0666 /* others may fetch mail from there too */

static void
note(const char *folder)
{
	struct str path = STR_INIT;
	mode_t mask = umask(0);

	if (!note_add_path(&path, folder))
		note_complain("pop-note", "TCPREMOTEIP", "is no address");
	else if (file_touch(str_z(&path), NOTE_MODE, (uid_t)-1, (gid_t)-1) < 0)
		note_complain("pop-note", str_z(&path), error_text(errno));
	(void)umask(mask);
	str_free(&path);
}

int
main(int argc, char **argv)
{
	must_hooks(TEMPORARY_EXIT, NULL);
	if (argc < 3) {
		note_complain("pop-note", "usage",
		    "pop-note folder program [argument ...]");
		return USAGE_EXIT;
	}
	note(argv[1]);
	(void)execvp(argv[2], argv + 2);
	note_complain("pop-note", argv[2], error_text(errno));
	return TEMPORARY_EXIT;
}
