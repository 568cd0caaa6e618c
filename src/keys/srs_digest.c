/* srs_digest.c - HMAC-SHA1.  Input: hostile */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "srs.h"

bool
srs_digest(
    struct span secret, struct span text, unsigned char digest[SRS_DIGEST])
{
	unsigned len = 0;

	return HMAC(EVP_sha1(), secret.s, (int)secret.len,
		   (const unsigned char *)text.s, text.len, digest, &len) &&
	    len == SRS_DIGEST;
}
