/*
 * tls_tunnel.c - one connection: TLS on one side, plain text on the other.
 * Input: hostile, on both sides
 */
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "net/ip.h"
#include "net/tlsdoor.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/sock.h"
#include "tls.h"

#define MS	   1000
#define TEXT_SIZE  16384     /* bytes of plain text in a record of TLS */
#define NAME_SHOWN 255	     /* bytes of the name that the client asked for */
#define LINGER_MAX (1 << 20) /* bytes of a peer that goes on talking */

/* Plain text on its way in one direction. */
struct flow {
	char text[TEXT_SIZE];
	size_t start, end; /* what waits */
	bool is_over;	   /* nothing more comes in */
	bool is_closed;	   /* ... and all of it went out, with its end */
};

struct tunnel {
	SSL *ssl;
	struct flow in, out; /* from the network, to the network */
	short network;	     /* events that TLS waits for */
	bool is_broken;	     /* the connection; nothing can be sent any more */
	bool has_hung_up;    /* the program: it writes no more than it has */
	int64_t deadline;  /* clock_monotonic; 0: the program sets the limits */
	unsigned messages; /* of TLS itself, since there was text */
	size_t came;	   /* bytes of the network, in the handshake */
};

bool
tls_context_limit(SSL_CTX *context)
{
	(void)SSL_CTX_set_options(context,
	    SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_TICKET |
		SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
		SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(context,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Buffers that are given up and taken again with each record, and wiped
	 * whole, cost more than the memory of a process that ends soon. */
	SSL_CTX_set_read_ahead(context, 1);
	/* A call ends with each record: who sends such as have no text, without
	 * end, must not keep us in it. */
	(void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

static bool
is_waiting(const struct flow *flow)
{
	return flow->start < flow->end;
}

/* These bytes have gone on.  They may have been a password. */
static void
forget(struct flow *flow, size_t len)
{
	secret_wipe(flow->text + flow->start, len);
	flow->start += len;
}

static bool
would_block(ssize_t result)
{
	return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* ---- TLS ---- */

/* What a call of OpenSSL that did nothing waits for.  Returns false if it has
 * failed for good. */
static bool
may_wait(struct tunnel *tunnel, int result)
{
	switch (SSL_get_error(tunnel->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		tunnel->network |= POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		tunnel->network |= POLLOUT;
		return true;
	default:
		return false;
	}
}

/* Counts messages of the handshake that come, also after it: updates of keys. */
static void
count_message(int is_ours, int version, int type, const void *text, size_t len,
    SSL *ssl, void *context)
{
	struct tunnel *tunnel = context;

	(void)version;
	(void)text;
	(void)len;
	(void)ssl;
	if (!is_ours && type == SSL3_RT_HANDSHAKE)
		tunnel->messages++;
}

/* Decrypts what has come, as far as there is room for it. */
static bool
receive(struct tunnel *tunnel)
{
	struct flow *flow = &tunnel->in;
	int got;

	if (flow->is_over || is_waiting(flow))
		return false;
	ERR_clear_error();
	got = SSL_read(tunnel->ssl, flow->text, sizeof(flow->text));
	if (got > 0) {
		flow->start = 0;
		flow->end = (size_t)got;
		tunnel->messages = 0;
		return true;
	}
	if (tunnel->messages <= TUNNEL_MESSAGES_MAX && may_wait(tunnel, got))
		return false;
	/* An end without a word of it is one, too: many say none. */
	if (SSL_get_error(tunnel->ssl, got) != SSL_ERROR_ZERO_RETURN)
		tunnel->is_broken = true;
	flow->is_over = true;
	return true;
}

/* Encrypts what the program has written; forgets it if nobody can have it. */
static bool
send_out(struct tunnel *tunnel)
{
	struct flow *flow = &tunnel->out;
	int put;

	if (!is_waiting(flow))
		return false;
	if (tunnel->is_broken) {
		/* Who waits for us to take it would not hear the rest. */
		flow->start = flow->end;
		return true;
	}
	ERR_clear_error();
	put = SSL_write(tunnel->ssl, flow->text + flow->start,
	    (int)(flow->end - flow->start));
	if (put > 0) {
		forget(flow, (size_t)put);
		return true;
	}
	if (may_wait(tunnel, put))
		return false;
	tunnel->is_broken = true;
	return true;
}

/* Says that nothing more will come. */
static bool
send_end(struct tunnel *tunnel)
{
	int result;

	if (tunnel->out.is_closed || !tunnel->out.is_over ||
	    is_waiting(&tunnel->out) || tunnel->is_broken)
		return false;
	ERR_clear_error();
	result = SSL_shutdown(tunnel->ssl);
	if (result < 0 && may_wait(tunnel, result))
		return false;
	tunnel->out.is_closed = true;
	return true;
}

/* ---- the program ---- */

static bool
hear_program(struct tunnel *tunnel)
{
	struct flow *flow = &tunnel->out;
	ssize_t got;

	if (flow->is_over || is_waiting(flow))
		return false;
	got = fd_read(TUNNEL_FROM_PROGRAM, flow->text, sizeof(flow->text));
	if (would_block(got))
		return false;
	if (got > 0) {
		flow->start = 0;
		flow->end = (size_t)got;
	} else {
		flow->is_over = true;
	}
	return true;
}

static void
close_to_program(struct tunnel *tunnel)
{
	tunnel->in.is_over = tunnel->in.is_closed = true;
	tunnel->in.start = tunnel->in.end;
	/* A socket stays open for what it has to say, a pipe does not. */
	if (shutdown(TUNNEL_TO_PROGRAM, SHUT_WR) < 0)
		fd_close(TUNNEL_TO_PROGRAM);
}

static bool
tell_program(struct tunnel *tunnel)
{
	struct flow *flow = &tunnel->in;
	ssize_t put;

	if (flow->is_closed)
		return false;
	if (is_waiting(flow)) {
		put = fd_write(TUNNEL_TO_PROGRAM,
		    span_make(
			flow->text + flow->start, flow->end - flow->start));
		if (would_block(put))
			return false;
		if (put > 0)
			forget(flow, (size_t)put);
		else
			close_to_program(tunnel); /* it hears us no more */
		return true;
	}
	if (!flow->is_over)
		return false;
	close_to_program(tunnel);
	return true;
}

/* ---- both ---- */

/* Whether the program sets no limits any more: it has ended, and a client that
 * takes nothing would keep us for ever. */
static bool
is_left_alone(const struct tunnel *tunnel)
{
	return tunnel->in.is_closed &&
	    (tunnel->has_hung_up || tunnel->out.is_over);
}

/* Whether what the program says has to wait for the rest of a message of TLS
 * itself: a program that waits for no answer would never notice. */
static bool
is_held_up(const struct tunnel *tunnel)
{
	return is_waiting(&tunnel->out) && SSL_want_read(tunnel->ssl);
}

/* Once one is set, the peer gets no more time by doing a little now and then. */
static void
set_deadline(struct tunnel *tunnel)
{
	if (!is_left_alone(tunnel) && !is_held_up(tunnel))
		tunnel->deadline = 0;
	else if (tunnel->deadline == 0)
		tunnel->deadline =
		    clock_monotonic() + TUNNEL_FLUSH_SECONDS * MS;
}

static bool
has_gone(const struct pollfd *fd)
{
	return fd->revents & (POLLERR | POLLHUP | POLLNVAL);
}

/* Waits until something can go on.  Returns false when that takes too long. */
static bool
wait_for_any(struct tunnel *tunnel)
{
	struct pollfd fds[3] = {
		/* It would tell for ever that the client has gone. */
		{ .fd = tunnel->network ? TUNNEL_NETWORK : -1,
		    .events = tunnel->network },
		{ .fd = tunnel->in.is_closed ? -1 : TUNNEL_TO_PROGRAM,
		    .events = is_waiting(&tunnel->in) ? POLLOUT : 0 },
		/* Its end is heard of even while it has to wait. */
		{ .fd = tunnel->out.is_over || tunnel->has_hung_up
			? -1
			: TUNNEL_FROM_PROGRAM,
		    .events = is_waiting(&tunnel->out) ? 0 : POLLIN },
	};
	int64_t patience = -1;
	int ready;

	set_deadline(tunnel);
	if (tunnel->deadline) {
		patience = tunnel->deadline - clock_monotonic();
		if (patience <= 0)
			return false;
	}
	ready = poll(fds, 3, (int)patience);
	if (ready <= 0)
		return ready < 0 && errno == EINTR;
	/* Nobody will read it: what the network sends is of no use then. */
	if (has_gone(&fds[1]))
		close_to_program(tunnel);
	if (has_gone(&fds[2]))
		tunnel->has_hung_up = true;
	return true;
}

static void
carry(struct tunnel *tunnel)
{
	bool got_on = true;

	tunnel->messages = 0;
	SSL_set_msg_callback(tunnel->ssl, count_message);
	SSL_set_msg_callback_arg(tunnel->ssl, tunnel);
	while (!(tunnel->in.is_closed && tunnel->out.is_closed) &&
	    !(tunnel->is_broken && tunnel->in.is_closed)) {
		if (!got_on && !wait_for_any(tunnel))
			return;
		tunnel->network = 0;
		got_on = receive(tunnel);
		got_on |= tell_program(tunnel);
		got_on |= hear_program(tunnel);
		got_on |= send_out(tunnel);
		got_on |= send_end(tunnel);
	}
}

/* Lets the peer take what was sent last: to close while bytes of it wait
 * unread would take that back. */
static void
linger(void)
{
	int64_t deadline = clock_monotonic() + TUNNEL_LINGER_SECONDS * MS;
	char forgotten[TEXT_SIZE];
	size_t len = 0;
	ssize_t got;

	if (shutdown(TUNNEL_NETWORK, SHUT_WR) < 0)
		return;
	do {
		if (fd_wait(TUNNEL_NETWORK, POLLIN, 0, deadline, false) < 0)
			return;
		got = fd_read(TUNNEL_NETWORK, forgotten, sizeof(forgotten));
		len += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && len < LINGER_MAX) || would_block(got));
}

/* ---- the handshake ---- */

/* In some loops OpenSSL takes what comes for as long as something comes, and no
 * clock is looked at: so the connection fails after so many bytes. */
static long
count_bytes(BIO *network, int operation, const char *bytes, size_t size,
    int unused, long unused_too, int result, size_t *got)
{
	struct tunnel *tunnel = (void *)BIO_get_callback_arg(network);

	(void)bytes;
	(void)size;
	(void)unused;
	(void)unused_too;
	if (operation != (BIO_CB_READ | BIO_CB_RETURN) || result <= 0)
		return result;
	tunnel->came += *got;
	return tunnel->came > TUNNEL_HANDSHAKE_BYTES ? -1 : result;
}

/* What there is to say of a handshake that failed. */
static const char *
failure_words(const struct tunnel *tunnel)
{
	unsigned long code = ERR_peek_error();

	if (tunnel->came > TUNNEL_HANDSHAKE_BYTES)
		return "too much";
	if (code && ERR_reason_error_string(code))
		return ERR_reason_error_string(code);
	return "the other side has gone";
}

/* "tlsd failed pid=31 client="192.0.2.1" reason="..."" */
static void
log_failure(const char *name, const char *reason)
{
	struct sock_end local, remote = { .family = 0 };
	struct str text = STR_INIT;

	str_add_z(&text, name);
	str_add_z(&text, " failed pid=");
	str_add_u64(&text, (uint64_t)getpid());
	str_add_z(&text, " client=\"");
	if (sock_ends(TUNNEL_NETWORK, &local, &remote) == 0 && remote.family) {
		struct ip_address address =
		    ip_make(remote.family, remote.bytes);

		address = ip_unmapped(&address);
		ip_format(&text, &address);
	}
	str_add_z(&text, "\" reason=\"");
	str_add_z(&text, reason);
	str_add_z(&text, "\"\n");
	fd_write_line(TUNNEL_LOG, str_span(&text));
	str_free(&text);
}

/* Returns NULL when it is done; else words about why it failed. */
static const char *
shake_hands(struct tunnel *tunnel)
{
	int64_t deadline = clock_monotonic() + TUNNEL_HANDSHAKE_SECONDS * MS;
	BIO *network = SSL_get_rbio(tunnel->ssl);
	int result;

	BIO_set_callback_arg(network, (char *)tunnel);
	BIO_set_callback_ex(network, count_bytes);
	for (;;) {
		ERR_clear_error();
		result = SSL_do_handshake(tunnel->ssl);
		if (result == 1)
			break;
		tunnel->network = 0;
		if (!may_wait(tunnel, result))
			return failure_words(tunnel);
		if (fd_wait(TUNNEL_NETWORK, tunnel->network, 0, deadline,
			false) < 0)
			return "too slow";
	}
	BIO_set_callback_ex(network, NULL);
	return NULL;
}

/* ---- the report ---- */

static void
add_variable(struct str *report, const char *name, const char *value)
{
	str_add_z(report, name);
	str_add_byte(report, '=');
	str_add_field(report, span_of(value));
}

/* Whether it can be a name of a host, for it is a stranger's word. */
static bool
is_host_name(struct span name)
{
	if (name.len == 0 || name.len > NAME_SHOWN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.s[i]) && name.s[i] != '.' &&
		    name.s[i] != '-' && name.s[i] != '_')
			return false;
	return true;
}

/* Ends a report and writes it. */
static bool
write_report(struct str *report)
{
	bool result;

	str_add_byte(report, '\0');
	result = fd_write_all(TUNNEL_CONTROL, str_span(report)) == 0;
	str_free(report);
	return result;
}

static bool
report_all(const struct tunnel *tunnel, const char *observed)
{
	const char *name =
	    SSL_get_servername(tunnel->ssl, TLSEXT_NAMETYPE_host_name);
	struct str report = STR_INIT;

	add_variable(&report, "SSL_PROTOCOL", SSL_get_version(tunnel->ssl));
	add_variable(&report, "SSL_CIPHER", SSL_get_cipher_name(tunnel->ssl));
	if (name && is_host_name(span_of(name)))
		add_variable(&report, "SSL_TLS_SNI_SERVERNAME", name);
	if (observed)
		add_variable(&report, "TLS_FAILURE", observed);
	return write_report(&report);
}

/* What went wrong: a word of RFC 8460 4.3, and others. */
static bool
report_failure(const char *word, const char *reason)
{
	struct str report = STR_INIT;

	add_variable(&report, "TLS_FAILURE", word);
	add_variable(&report, "TLS_REASON", reason);
	return write_report(&report);
}

/* The control socket is closed, and its number stays taken, so that no other
 * file can have it. */
static bool
close_control(void)
{
	return dup2(TUNNEL_LOG, TUNNEL_CONTROL) == TUNNEL_CONTROL;
}

/* Also after a handshake that failed, or one with the wrong server. */
void
tls_tunnel_refuse(
    const struct tls_tunnel *plan, const char *word, const char *reason)
{
	if (plan->log)
		log_failure(plan->log, reason);
	if (plan->letter == TLSDOOR_VERDICT && !report_failure(word, reason))
		return; /* the program has gone */
	if (close_control())
		linger();
}

/* Does the handshake and looks at who it was done with.  Returns whether that
 * is well; observed receives what is not, but does not matter. */
static bool
meet(
    struct tunnel *tunnel, const struct tls_tunnel *plan, const char **observed)
{
	const char *reason = shake_hands(tunnel), *word = NULL;

	*observed = NULL;

	if (plan->demand)
		word = plan->judge(tunnel->ssl, plan->demand);
	if (!reason && plan->demand &&
	    plan->demand->level == TLSDEMAND_OBSERVE) {
		*observed = word;
		return true;
	}
	if (!reason && !word)
		return true;
	tls_tunnel_refuse(plan, word ? word : "validation-failure",
	    reason ? reason : "the certificate has another fingerprint");
	return false;
}

int
tls_tunnel_run(const struct tls_tunnel *plan)
{
	static struct tunnel tunnel;
	bool reports = plan->letter != TLSDOOR_START;
	const char *observed;

	tunnel.ssl = plan->ssl;
	if (SSL_set_fd(plan->ssl, TUNNEL_NETWORK) != 1 ||
	    fd_set_nonblocking(TUNNEL_NETWORK) < 0 ||
	    fd_set_nonblocking(TUNNEL_TO_PROGRAM) < 0 ||
	    fd_set_nonblocking(TUNNEL_FROM_PROGRAM) < 0)
		return 1;
	sock_send_at_once(TUNNEL_NETWORK);
	if (!reports && !close_control())
		return 1;
	if (!meet(&tunnel, plan, &observed))
		return 1;
	if (reports && (!report_all(&tunnel, observed) || !close_control()))
		return 1;
	carry(&tunnel);
	if (!tunnel.is_broken)
		linger();
	return 0;
}
