/* inject_fail.h - every way in which qmail-inject fails. */
#ifndef INJECT_FAIL_H
#define INJECT_FAIL_H

#include "base/attr.h"
#include "base/span.h"
#include "queue/verdict.h"

#define INJECT_PERMANENT 100
#define INJECT_TEMPORARY 111

/* Texts and exit codes are in inject_fail.c. */
enum inject_fault {
	FAULT_USAGE,
	FAULT_HOME,
	FAULT_CONTROL,
	FAULT_CONTROL_VALUE,
	FAULT_FOLLOWUP_FILE,
	FAULT_HOST_SYNTAX,
	FAULT_ADDRESS_SYNTAX,
	FAULT_FIELD_SYNTAX,
	FAULT_NO_RECIPIENT,
	FAULT_HEADER_SIZE,
	FAULT_MEMORY,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_START
};

/*
 * inject_fail: says what happened and exits.
 *   what   the culprit, shown with odd bytes masked; may be empty
 */
NORETURN void inject_fail(enum inject_fault fault, struct span what);

/* inject_warn: says the same as a warning, and returns. */
void inject_warn(enum inject_fault fault, struct span what);

/* inject_refused: says why the message was not queued, and exits. */
NORETURN void inject_refused(const struct verdict *verdict);

#endif
