/*
 * sts_look.c - a process that looks what a domain publishes: its record in the
 * DNS, then its policy, from the web server that has to be there for it.
 * Input: hostile
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "net/dns.h"
#include "net/httpreply.h"
#include "sts.h"
#include "sys/box.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/sock.h"

#define MS	      1000
#define DNS_SECONDS   30
#define TRY_SECONDS   10 /* to connect to one address */
#define ADDRESSES_MAX 4
#define HTTPS_PORT    443
#define AUTHORITIES   "control/tlsca"
#define DESCRIPTORS   4 /* 0 to 2, and the connection */
#define BUFFER	      16384

#define FETCH_ERROR  "sts-policy-fetch-error"
#define WEBPKI_ERROR "sts-webpki-invalid"

struct looking {
	const struct look *look;
	int result; /* where the result goes */
	int64_t deadline;
	struct dns dns;
	struct str host; /* mta-sts.DOMAIN */
	struct str id;
	SSL_CTX *context;
	size_t came; /* bytes of the web server, with all of TLS */
};

NORETURN static void
say(struct looking *looking, char result, struct span rest)
{
	struct str text = STR_INIT;

	str_add_byte(&text, result);
	str_add_field(&text, str_span(&looking->id));
	str_add(&text, rest);
	_exit(fd_write_all(looking->result, str_span(&text)) < 0);
}

NORETURN static void
fail(struct looking *looking, const char *type, const char *words)
{
	struct str rest = STR_INIT;

	str_add_field(&rest, span_of(type));
	str_add_z(&rest, words);
	say(looking, LOOK_FAILED, str_span(&rest));
}

/* With the words of OpenSSL. */
NORETURN static void
fail_tls(struct looking *looking, SSL *ssl, const char *otherwise)
{
	long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *words = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK)
		fail(looking, WEBPKI_ERROR,
		    X509_verify_cert_error_string(verdict));
	fail(looking, FETCH_ERROR, words ? words : otherwise);
}

/* ---- DNS ---- */

static bool
make_name(struct dnsname *name, const char *before, struct span domain)
{
	struct str text = STR_INIT;
	bool is_name;

	str_add_z(&text, before);
	str_add(&text, domain);
	is_name = dnsname_parse(str_span(&text), name);
	str_free(&text);
	return is_name;
}

/* The one record that is meant for us.  Returns false if there are others. */
static bool
take_record(struct str *record, const struct dnsanswer *answer)
{
	size_t count = 0;
	struct str text = STR_INIT;

	for (size_t i = 0; i < answer->records.list.len; i++) {
		str_reset(&text);
		dnspacket_text(&text, str_span(&answer->packet),
		    &answer->records.list.at[i]);
		if (!sts_is_record(str_span(&text)))
			continue;
		str_set(record, str_span(&text));
		count++;
	}
	str_free(&text);
	return count == 1;
}

/* Gets the id of the record, or says that there is nothing more to look for. */
static void
look_for_record(struct looking *looking)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	struct str record = STR_INIT;
	struct dnsname name;
	struct span id;

	if (!make_name(&name, "_mta-sts.", looking->look->domain))
		say(looking, LOOK_NONE, SPAN(""));
	switch (dns_ask(&looking->dns, &name, DNS_TXT, &answer)) {
	case DNS_FAILED:
		fail(looking, FETCH_ERROR, "no answer about its record");
	case DNS_NO_NAME:
	case DNS_NOTHING:
		say(looking, LOOK_NONE, SPAN(""));
	case DNS_FOUND:
		break;
	}
	if (!take_record(&record, &answer) ||
	    !sts_record_parse(str_span(&record), &id))
		say(looking, LOOK_NONE, SPAN(""));
	str_set(&looking->id, id);
	if (span_equal(id, looking->look->id))
		say(looking, LOOK_SAME, SPAN(""));
	dnsanswer_free(&answer);
	str_free(&record);
}

/* ---- the connection ---- */

static int64_t
time_left(const struct looking *looking, int64_t most)
{
	int64_t left = looking->deadline - clock_monotonic();

	return left < most ? left : most;
}

/* Connects to one of the addresses of this family; -1: to none. */
static int
connect_family(struct looking *looking, const struct dnsname *name,
    enum dns_type type, unsigned *tries)
{
	struct dnsanswer answer = DNSANSWER_INIT;
	int fd = -1;

	if (dns_ask(&looking->dns, name, type, &answer) == DNS_FOUND)
		for (size_t i = 0; i < answer.records.list.len && fd < 0 &&
		     *tries < ADDRESSES_MAX;
		     i++) {
			const char *bytes =
			    answer.packet.s + answer.records.list.at[i].at;
			struct sock_peer peer = { type == DNS_A ? 4 : 6,
				(const unsigned char *)bytes, HTTPS_PORT, 0 };
			int64_t left = time_left(looking, TRY_SECONDS * MS);

			++*tries;
			if (left > 0)
				fd = sock_stream(peer, left);
		}
	dnsanswer_free(&answer);
	return fd;
}

static int
connect_host(struct looking *looking)
{
	unsigned tries = 0;
	struct dnsname name;
	int fd;

	if (!make_name(&name, "mta-sts.", looking->look->domain))
		fail(looking, FETCH_ERROR, "too long a name");
	dnsname_format(&looking->host, &name);
	fd = connect_family(looking, &name, DNS_A, &tries);
	if (fd < 0)
		fd = connect_family(looking, &name, DNS_AAAA, &tries);
	if (fd < 0)
		fail(looking, FETCH_ERROR,
		    tries ? "cannot connect" : "no address");
	return fd;
}

/* ---- TLS ---- */

/* Whom we believe: those of the administrator's file, or of the system. */
static void
make_context(struct looking *looking)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct stat st;
	bool has_file = stat(AUTHORITIES, &st) == 0 || errno != ENOENT;

	looking->context = context;
	if (!context ||
	    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    (has_file ? SSL_CTX_load_verify_file(context, AUTHORITIES)
		      : SSL_CTX_set_default_verify_paths(context)) != 1)
		fail_tls(looking, NULL, "no authorities");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
}

/* In some loops OpenSSL takes what comes for as long as something comes, and no
 * clock is looked at: so the connection fails after so many bytes. */
static long
count_bytes(BIO *network, int operation, const char *bytes, size_t size,
    int unused, long unused_too, int result, size_t *got)
{
	struct looking *looking = (void *)BIO_get_callback_arg(network);

	(void)bytes;
	(void)size;
	(void)unused;
	(void)unused_too;
	if (operation != (BIO_CB_READ | BIO_CB_RETURN) || result <= 0)
		return result;
	looking->came += *got;
	return looking->came > LOOK_BYTES ? -1 : result;
}

/* The host is named in the certificate where that is meant for it: RFC 8461 3.3. */
static SSL *
make_session(struct looking *looking, int fd)
{
	SSL *ssl = SSL_new(looking->context);
	const char *host = str_z(&looking->host);

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, host) != 1 ||
	    SSL_set_tlsext_host_name(ssl, host) != 1)
		fail_tls(looking, NULL, "no session");
	BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)looking);
	BIO_set_callback_ex(SSL_get_rbio(ssl), count_bytes);
	SSL_set_hostflags(ssl,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return ssl;
}

/* Waits for what a call of OpenSSL wants that did nothing.  Returns false if it
 * has failed for good. */
static bool
wait_for(struct looking *looking, SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);

	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		if (looking->came > LOOK_BYTES)
			fail(looking, FETCH_ERROR, "too much");
		return false;
	}
	if (fd_wait(SSL_get_fd(ssl),
		error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, 0,
		looking->deadline, false) < 0)
		fail(looking, FETCH_ERROR, "too slow");
	ERR_clear_error();
	return true;
}

static void
shake_hands(struct looking *looking, SSL *ssl)
{
	int result;

	while ((result = SSL_connect(ssl)) != 1)
		if (!wait_for(looking, ssl, result))
			fail_tls(looking, ssl, "the server has gone");
}

static void
send_request(struct looking *looking, SSL *ssl)
{
	struct str text = STR_INIT;
	int result;

	str_add_z(&text, "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: ");
	str_add(&text, str_span(&looking->host));
	str_add_z(&text,
	    "\r\nUser-Agent: " STS_PROGRAM
	    "\r\nAccept: text/plain\r\nConnection: close\r\n\r\n");
	while ((result = SSL_write(ssl, text.s, (int)text.len)) <= 0)
		if (!wait_for(looking, ssl, result))
			fail_tls(looking, ssl, "the server has gone");
	str_free(&text);
}

static void
read_reply(struct looking *looking, SSL *ssl, struct httpreply *reply)
{
	char buffer[BUFFER];
	enum httpreply_state state = HTTPREPLY_MORE;

	while (state == HTTPREPLY_MORE) {
		int got = SSL_read(ssl, buffer, sizeof(buffer));

		if (got > 0)
			state = httpreply_feed(
			    reply, span_make(buffer, (size_t)got));
		else if (SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN)
			state = httpreply_end(reply);
		else if (!wait_for(looking, ssl, got))
			fail_tls(looking, ssl, "the server has gone");
	}
	if (state == HTTPREPLY_BAD)
		fail(looking, FETCH_ERROR, reply->trouble);
}

void
sts_look(const struct look *look, int fd)
{
	struct looking looking = { .look = look, .result = fd };
	struct httpreply reply;
	int connection;
	SSL *ssl;

	dns_open(&looking.dns, clock_monotonic() + DNS_SECONDS * MS);
	if (box_shut_files() < 0)
		_exit(1);
	look_for_record(&looking);
	looking.deadline = clock_monotonic() + LOOK_SECONDS * MS;
	make_context(&looking);
	connection = connect_host(&looking);
	ssl = make_session(&looking, connection);
	if (fd_set_nonblocking(connection) < 0 ||
	    box_shut_streams(DESCRIPTORS) < 0)
		_exit(1);
	httpreply_init(&reply, STS_POLICY_MAX);
	shake_hands(&looking, ssl);
	send_request(&looking, ssl);
	read_reply(&looking, ssl, &reply);
	say(&looking, LOOK_POLICY, str_span(&reply.text));
}
