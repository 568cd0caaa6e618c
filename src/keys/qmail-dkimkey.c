/*
 * qmail-dkimkey.c - makes keys with which mail of a domain is signed.
 * Runs as   root, by hand.
 * Reads     arguments; users/ids; what keys there are.
 * Writes    control/dkim/DOMAIN/SELECTOR.pem, for qmailk alone, and SELECTOR.txt: what
 *           has to be published.
 * Execs     qmail-dnsrecords.
 * Source    qmail-dkimkey(8).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/must.h"
#include "base/punycode.h"
#include "base/scan.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "config/home.h"
#include "dkim_keys.h"
#include "mail/date.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/fd.h"
#include "sys/file.h"

#define NAME	     "qmail-dkimkey"
#define USAGE_EXIT   100
#define TROUBLE_EXIT 111
#define BITS_DEFAULT 2048
#define MONTH_DIGITS 6 /* of a date: 202611 */
#define FILES	     4

/* Whom the files belong to; -1: they stay the caller's. */
static uid_t owner = (uid_t)-1;

NORETURN static void
usage(void)
{
	fputs(NAME ": usage: " NAME " [-b bits] domain [selector]\n", stderr);
	_exit(USAGE_EXIT);
}

NORETURN static void
refuse(const char *what, const char *why)
{
	fprintf(stderr, NAME ": fatal: %s %s\n", what, why);
	_exit(USAGE_EXIT);
}

/* ---- files ---- */

struct file {
	struct str path, text;
	unsigned mode;
};

/* Writes a file that was not there; all of it, or none.  Returns NULL, or what it
 * could not do, with errno. */
static const char *
write_file(const struct file *file)
{
	const char *verb = "write";
	struct str aside = STR_INIT;
	int number, fd;

	/* A key that is not qmailk's yet would hold up mail, should we be killed. */
	str_add(&aside, str_span(&file->path));
	str_add_z(&aside, ".new");
	(void)unlink(str_z(&aside));
	fd = file_create(str_z(&aside), file->mode);
	if (fd < 0) {
		str_free(&aside);
		return "make";
	}
	if (fd_write_all(fd, str_span(&file->text)) == 0 &&
	    fchmod(fd, file->mode) == 0 &&
	    (owner == (uid_t)-1 || fchown(fd, owner, (gid_t)-1) == 0) &&
	    file_sync(fd) == 0)
		verb = file_move(str_z(&aside), str_z(&file->path)) == 0
		    ? NULL
		    : "make";
	number = errno;
	fd_close(fd);
	if (verb)
		(void)unlink(str_z(&aside));
	str_free(&aside);
	errno = number;
	return verb;
}

static void
write_files(struct file files[FILES])
{
	for (size_t i = 0; i < FILES; i++) {
		const char *verb = write_file(&files[i]);
		int number = errno;

		if (!verb)
			continue;
		for (size_t made = 0; made < i; made++)
			(void)unlink(str_z(&files[made].path));
		errno = number;
		error_cannot(NAME, verb, str_z(&files[i].path));
	}
	for (size_t i = 0; i < FILES; i++) {
		secret_wipe(files[i].text.s, files[i].text.len);
		str_free(&files[i].text);
		str_free(&files[i].path);
	}
}

static void
make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		error_cannot(NAME, "make", path);
}

/* ---- keys ---- */

NORETURN static void
fail_openssl(void)
{
	fputs(NAME ": fatal: OpenSSL makes no key\n", stderr);
	_exit(TROUBLE_EXIT);
}

static void
add_pem(struct str *text, EVP_PKEY *key)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	if (!memory ||
	    PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) !=
		1 ||
	    (len = BIO_get_mem_data(memory, &bytes)) <= 0)
		fail_openssl();
	str_add(text, span_make(bytes, (size_t)len));
	BIO_free(memory);
}

/* What is published of a key (RFC 6376 3.6.1, RFC 8463 4). */
static void
add_record(struct str *text, EVP_PKEY *key)
{
	bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	unsigned char raw[32], *bytes = raw;
	size_t len = sizeof(raw);

	if (is_rsa) {
		int size = i2d_PUBKEY(key, NULL);
		unsigned char *end;

		if (size <= 0)
			fail_openssl();
		len = (size_t)size;
		bytes = end = must_realloc(NULL, len);
		(void)i2d_PUBKEY(key, &end);
	} else if (EVP_PKEY_get_raw_public_key(key, raw, &len) != 1) {
		fail_openssl();
	}
	str_add_z(
	    text, is_rsa ? "v=DKIM1; k=rsa; p=" : "v=DKIM1; k=ed25519; p=");
	base64_add(text, span_make((const char *)bytes, len));
	str_add_byte(text, '\n');
	if (is_rsa)
		must_free(bytes);
}

static void
set_path(struct file *file, struct span folder, struct span selector,
    char letter, const char *ending)
{
	str_add(&file->path, folder);
	str_add_byte(&file->path, '/');
	str_add(&file->path, selector);
	str_add_byte(&file->path, letter);
	str_add_z(&file->path, ending);
}

/* What the two files of a key will have. */
static void
prepare(struct file *public, struct file *private, struct span folder,
    struct span selector, char letter, EVP_PKEY *key)
{
	if (!key)
		fail_openssl();
	set_path(public, folder, selector, letter, ".txt");
	public->mode = 0644;
	add_record(&public->text, key);
	set_path(private, folder, selector, letter, ".pem");
	private->mode = 0400;
	str_reserve(&private->text, DKIM_KEY_FILE); /* no copy is left behind */
	add_pem(&private->text, key);
	EVP_PKEY_free(key);
}

/* ---- arguments ---- */

static uint64_t
take_bits(const char *text)
{
	uint64_t bits;

	if (!scan_u64(span_of(text), DKIM_BITS_MOST, &bits) ||
	    bits < DKIM_BITS_LEAST)
		refuse(text, "is not a number of bits from 1024 to 4096");
	return bits;
}

/* A name as people write it has another in the DNS: that is told. */
NORETURN static void
refuse_domain(const char *domain)
{
	struct span rest = span_of(domain), label;
	struct str name = STR_INIT, why = STR_INIT;
	bool is_name = !utf8_is_ascii(rest);

	while (is_name && span_cut_next(&rest, '.', &label)) {
		if (name.len)
			str_add_byte(&name, '.');
		if (utf8_is_ascii(label))
			str_add(&name, label);
		else
			is_name = punycode_add_label(&name, label);
	}
	if (!is_name || !dkim_keys_is_name(str_span(&name)))
		refuse(domain, "is no domain in small letters");
	str_add_z(&why, "is ");
	str_add(&why, str_span(&name));
	str_add_z(&why, " here, as the DNS has it");
	refuse(domain, str_z(&why));
}

/* Without a word of its own, the year and the month. */
static void
choose_selector(struct str *selector, const char *chosen)
{
	if (chosen) {
		str_set(selector, span_of(chosen));
		return;
	}
	date_add_digits(selector, clock_seconds());
	str_cut(selector, MONTH_DIGITS);
}

static void
find_owner(void)
{
	struct home_ids ids;

	if (geteuid() != 0)
		return; /* a private instance */
	if (home_ids_read(&ids) < 0)
		error_exit(NAME, "users/ids");
	owner = ids.uid[HOME_QMAILK];
	if (owner == (uid_t)-1)
		refuse(home_user_name(HOME_QMAILK), "is no user here");
}

int
main(int argc, char **argv)
{
	struct str selector = STR_INIT, path = STR_INIT, program = STR_INIT;
	/* Those to publish come first, so that no key signs that nobody can look
	 * up. */
	struct file files[FILES] = { { .mode = 0 } };
	uint64_t bits = BITS_DEFAULT;
	char *next[] = { NULL, NULL, NULL };
	int option;

	must_hooks(TROUBLE_EXIT, NULL);
	while ((option = getopt(argc, argv, "b:")) != -1) {
		if (option != 'b')
			usage();
		bits = take_bits(optarg);
	}
	argv += optind;
	if (!argv[0] || (argv[1] && argv[2]))
		usage();
	if (!dkim_keys_is_name(span_of(argv[0])))
		refuse_domain(argv[0]);
	choose_selector(&selector, argv[1]);
	if (!dkim_keys_is_name(str_span(&selector)))
		refuse(argv[1], "can be no selector");
	if (chdir(home_dir) < 0)
		error_exit(NAME, home_dir);
	find_owner();
	(void)umask(022);
	make_folder(home_signing_keys);
	str_add_z(&path, home_signing_keys);
	str_add_byte(&path, '/');
	str_add_z(&path, argv[0]);
	make_folder(str_z(&path));
	prepare(&files[0], &files[2], str_span(&path), str_span(&selector), 'e',
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	prepare(&files[1], &files[3], str_span(&path), str_span(&selector), 'r',
	    EVP_RSA_gen((unsigned)bits));
	write_files(files);
	str_add_z(&program, "bin/qmail-dnsrecords");
	(void)str_z(&program);
	next[0] = program.s;
	next[1] = argv[0];
	(void)execv(program.s, next);
	error_cannot(NAME, "run", program.s);
}
