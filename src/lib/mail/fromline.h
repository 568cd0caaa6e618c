/*
 * fromline.h - the lines that local delivery puts on top of a message.
 * Newlines in addresses become _ (or - in the From_ line).
 */
#ifndef MAIL_FROMLINE_H
#define MAIL_FROMLINE_H

#include <stdint.h>

#include "base/str.h"

/* fromline_add_from: "From SENDER Sun Nov 22 09:05:07 2026\n", the mbox line;
 * MAILER-DAEMON for an empty sender; blanks, tabs, newlines become -. */
void fromline_add_from(struct str *text, struct span sender, int64_t seconds);

/* fromline_add_return_path: "Return-Path: <SENDER>\n", local part quoted. */
void fromline_add_return_path(struct str *text, struct span sender);

/* fromline_add_delivered_to: "Delivered-To: ADDRESS\n", not quoted. */
void fromline_add_delivered_to(struct str *text, struct span address);

#endif
