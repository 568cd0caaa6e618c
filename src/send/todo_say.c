/* todo_say.c - what qmail-todo says to qmail-send. */
#include "todo.h"

#include "sys/fdpass.h"

void
todo_say(struct todo *todo, struct span record)
{
	if (fdpass_say(TODO_PEER_FD, record) < 0)
		todo->peer_is_gone = true;
}
