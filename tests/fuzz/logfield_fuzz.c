/* logfield_fuzz.c - any bytes as the words of a line; as JSON they are plain. */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/must.h"
#include "base/utf8.h"
#include "mail/logfield.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_json(struct span json)
{
	must(json.len >= 2 && utf8_is_valid(json));
	for (size_t i = 0; i < json.len; i++)
		must(!ascii_is_control(json.s[i]));
	json = span_make(json.s + 1, json.len - 2);
	for (size_t i = 0; i < json.len; i++) {
		must(json.s[i] != '"');
		if (json.s[i] == '\\')
			must(++i < json.len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct span all = span_make((const char *)bytes, size), words = all;
	struct str value = STR_INIT, json = STR_INIT;
	struct logfield field;

	while (words.len) {
		size_t before = words.len;

		if (!logfield_cut(&words, &field))
			break;
		must(words.len < before && field.name.len > 0);
		must(field.value.s >= all.s &&
		    field.value.s + field.value.len <= all.s + all.len);
		str_reset(&value);
		logfield_add_value(&value, &field);
		must(value.len <= field.value.len);
		str_reset(&json);
		json_add_string(&json, str_span(&value));
		check_json(str_span(&json));
	}
	str_reset(&json);
	json_add_string(&json, all);
	check_json(str_span(&json));
	str_free(&value);
	str_free(&json);
	return 0;
}
