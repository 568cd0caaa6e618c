/* milter_talk.c - a conversation with a milter.  Input: what a milter says */
#include "milter_talk.h"

#include <errno.h>

#include "base/scan.h"
#include "net/tcp.h"
#include "sys/fd.h"
#include "sys/sock.h"

#define MS	 1000
#define PORT_MAX 65535

/* ---- connecting ---- */

/* "PORT@ADDRESS". */
static int
connect_tcp(struct span name, unsigned seconds)
{
	size_t at = span_find(name, '@');
	struct span host = span_from(name, at + 1);
	struct ip_address address;
	uint64_t port;
	int fd;

	if (span_equal(host, SPAN("localhost")))
		host = SPAN("127.0.0.1");
	if (at == name.len || !scan_u64(span_upto(name, at), PORT_MAX, &port) ||
	    port == 0 ||
	    (!ip_parse(host, &address) && !ip_parse_literal(host, &address))) {
		errno = EINVAL;
		return -1;
	}
	fd = tcp_connect(&address, (uint16_t)port, (int64_t)seconds * MS);
	if (fd >= 0)
		sock_send_at_once(fd);
	return fd;
}

static int
connect_to(struct span name, unsigned seconds)
{
	size_t colon = span_find(name, ':');
	struct span kind = span_upto(name, colon);
	struct span where = span_from(name, colon + 1);

	if (span_equal(kind, SPAN("inet")) || span_equal(kind, SPAN("inet6")))
		return connect_tcp(where, seconds);
	if ((span_equal(kind, SPAN("unix")) ||
		span_equal(kind, SPAN("local"))) &&
	    where.len)
		return sock_stream_local(where);
	errno = EINVAL;
	return -1;
}

/* ---- packets ---- */

void
milter_talk_begin(struct milter_talk *talk, enum milter_command command)
{
	str_reset(&talk->packet);
	talk->begin = milter_begin(&talk->packet, command);
}

void
milter_talk_word(struct milter_talk *talk, struct span word)
{
	str_add_field(&talk->packet, span_upto(word, span_find(word, '\0')));
}

void
milter_talk_bytes(struct milter_talk *talk, struct span bytes)
{
	str_add(&talk->packet, bytes);
}

void
milter_talk_send(struct milter_talk *talk)
{
	milter_finish(&talk->packet, talk->begin);
	(void)out_add(&talk->out, str_span(&talk->packet));
}

/* So many bytes. */
static int
read_bytes(struct milter_talk *talk, struct str *text, size_t count)
{
	while (count > 0) {
		struct span bytes;
		int got = in_peek(&talk->in, &bytes);

		if (got == 0)
			errno = EPROTO;
		if (got <= 0)
			return -1;
		bytes = span_upto(bytes, count);
		str_add(text, bytes);
		in_consume(&talk->in, bytes.len);
		count -= bytes.len;
	}
	return 0;
}

static int
read_packet(struct milter_talk *talk)
{
	size_t len;
	char *text;

	str_reset(&talk->answer);
	if (read_bytes(talk, &talk->answer, MILTER_LENGTH) < 0)
		return -1;
	len = milter_length(talk->answer.s);
	if (len == 0) {
		errno = EPROTO;
		return -1;
	}
	str_reset(&talk->answer);
	if (read_bytes(talk, &talk->answer, len) < 0)
		return -1;
	text = talk->answer.s;
	talk->letter = text[0];
	memmove(text, text + 1, len - 1);
	str_cut(&talk->answer, len - 1);
	return 0;
}

int
milter_talk_hear(struct milter_talk *talk)
{
	if (out_flush(&talk->out) < 0)
		return -1;
	do
		if (read_packet(talk) < 0)
			return -1;
	while (talk->letter == MILTER_PROGRESS);
	return 0;
}

/* ---- begin and end ---- */

static int
negotiate(struct milter_talk *talk)
{
	milter_talk_begin(talk, MILTER_NEGOTIATE);
	milter_add_u32(&talk->packet, MILTER_VERSION);
	milter_add_u32(&talk->packet, MILTER_ACTIONS);
	milter_add_u32(&talk->packet, MILTER_STEPS);
	milter_talk_send(talk);
	if (milter_talk_hear(talk) < 0)
		return -1;
	if (talk->letter == MILTER_NEGOTIATE &&
	    milter_parse_terms(str_span(&talk->answer), &talk->terms))
		return 0;
	errno = EPROTO;
	return -1;
}

int
milter_talk_open(struct milter_talk *talk, struct span name, unsigned seconds)
{
	talk->fd = connect_to(name, seconds);
	if (talk->fd < 0)
		return -1;
	in_init(&talk->in, talk->fd, talk->in_buffer, sizeof(talk->in_buffer));
	in_set_timeout(&talk->in, seconds);
	out_init(
	    &talk->out, talk->fd, talk->out_buffer, sizeof(talk->out_buffer));
	out_set_timeout(&talk->out, seconds);
	return negotiate(talk);
}

void
milter_talk_close(struct milter_talk *talk)
{
	milter_talk_begin(talk, MILTER_QUIT);
	milter_talk_send(talk);
	(void)out_flush(&talk->out); /* all is said */
	fd_close(talk->fd);
	str_free(&talk->packet);
	str_free(&talk->answer);
}
