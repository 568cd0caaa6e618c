/*
 * authd_check.c - runs the program that checks a password.
 * Input: name and password are hostile
 */
#include <fcntl.h>
#include <unistd.h>

#include "authd.h"
#include "base/secret.h"
#include "config/home.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/spawn.h"

#define LOGIN_FD  3 /* of the program */
#define LOGIN_MAX 512

/* Exit codes of the program. */
#define CODE_RIGHT 0
#define CODE_WRONG 1

/* A pipe from which name, password and an empty timestamp can be read.  It takes
 * all of it before anybody reads.  Returns its end, -1 with errno. */
static int
make_pipe(const struct logincheck *login)
{
	char bytes[LOGIN_MAX] = { 0 };
	size_t len = login->name.len + login->password.len + 3;
	int ends[2], result;

	memcpy(bytes, login->name.s, login->name.len);
	memcpy(bytes + login->name.len + 1, login->password.s,
	    login->password.len);
	if (fd_pipe(ends) < 0) {
		secret_wipe(bytes, len);
		return -1;
	}
	result = fd_write_all(ends[1], span_make(bytes, len));
	secret_wipe(bytes, len);
	fd_close(ends[1]);
	if (result == 0)
		return ends[0];
	fd_close(ends[0]);
	return -1;
}

/* Nothing of our own environment, nor what an ident server says. */
static void
make_environment(struct str *path, struct str *address, struct span ip)
{
	str_add_z(path, "PATH=");
	str_add_z(path, home_dir);
	str_add_z(path, "/bin:/usr/local/bin:/usr/bin:/bin");
	str_add_z(address, "TCPREMOTEIP=");
	str_add(address, ip);
}

pid_t
check_start(char **argv, const struct logincheck *login)
{
	struct str path = STR_INIT, address = STR_INIT;
	char protocol[] = "PROTO=TCP", *environment[4] = { NULL };
	int from = make_pipe(login), nothing = file_open("/dev/null");
	pid_t pid = -1;

	make_environment(&path, &address, login->address);
	environment[0] = path.s;
	environment[1] = address.s;
	environment[2] = protocol;
	if (from >= 0 && nothing >= 0)
		pid = spawn_start(&(struct spawn){ .path = argv[0],
		    .argv = argv,
		    .envp = environment,
		    .leads_group = true,
		    .ends_with_us = true,
		    .fd_count = 3,
		    .fds = {
			{ nothing, 0 }, { nothing, 1 }, { from, LOGIN_FD } } });
	fd_close(from);
	fd_close(nothing);
	str_free(&path);
	str_free(&address);
	return pid;
}

enum logincheck_answer
check_outcome(int status)
{
	switch (spawn_exit_code(status)) {
	case CODE_RIGHT:
		return LOGINCHECK_RIGHT;
	case CODE_WRONG:
		return LOGINCHECK_WRONG;
	default:
		return LOGINCHECK_LATER;
	}
}
