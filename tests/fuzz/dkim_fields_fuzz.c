/* dkim_fields_fuzz.c - any bytes as a header with signatures of DKIM in it, and as
 * the record of a key. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "mail/dkimheader.h"
#include "mail/dkimkey.h"
#include "mail/dkimsignature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is hashed: no more than twice what there is, and two bytes for each line
 * without an end; and the same again without what is in b=. */
static void
use(const struct dkimheader *header, size_t index,
    const struct dkimsignature *signature)
{
	struct span field = dkimheader_field(header, index);
	struct str input = STR_INIT;

	must(dkimheader_is_names(signature->names));
	must(signature->domain.len && signature->selector.len);
	must(signature->hash.len && signature->bytes.len);
	must(signature->b.s >= field.s &&
	    signature->b.s + signature->b.len <= field.s + field.len);
	dkimheader_add_signed(&input, header, signature->names, index,
	    signature->header_canon);
	dkimsignature_add_own(
	    &input, signature->header_canon, field, signature->b);
	must(input.len <= 2 * header->text.len + 2);
	str_free(&input);
}

static void
use_header(struct span text)
{
	struct dkimheader header = DKIMHEADER_INIT;
	struct span rest = text;
	size_t len = 0;

	if (!dkimheader_feed(&header, &rest))
		dkimheader_end(&header);
	for (size_t i = 0; i < header.fields.len; i++) {
		struct dkimsignature signature = DKIMSIGNATURE_INIT;

		len += dkimheader_field(&header, i).len;
		if (!dkimsignature_parse(
			dkimheader_field(&header, i), &signature))
			use(&header, i, &signature);
		dkimsignature_free(&signature);
	}
	must(len == header.text.len);
	must(len + rest.len + 1 >= text.len);
	dkimheader_free(&header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span text = span_make((const char *)bytes, size);
	struct dkimkey key = DKIMKEY_INIT;
	struct str header = STR_INIT;

	if (!dkimkey_parse(text, &key))
		must(key.bytes.len > 0);
	dkimkey_free(&key);
	use_header(text);
	/* Nearly right already. */
	str_add_z(&header,
	    "From: a\nDKIM-Signature: v=1; a=rsa-sha256; d=d.example; s=s; "
	    "h=from:from; bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; "
	    "b=AAAA;");
	str_add(&header, text);
	use_header(str_span(&header));
	str_free(&header);
	return 0;
}
