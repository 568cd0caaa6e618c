/* verifydoor_test.c - what a filter believes of what it is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/lib/net/verifydoor.c"

static const struct {
	struct span record;
	bool is_fine;
} records[] = {
	{ { "An\0\0", 4 }, true },
	{ { "Arthere.example\0X: y\n\0", 21 }, true },
	{ { "An\0X: y\n z\n\0", 12 }, true },
	{ { "An\0", 3 }, false },
	{ { "", 0 }, false },
	{ { "Ax\0\0", 4 }, false },
	{ { "Bn\0\0", 4 }, false },
	{ { "An\0\0\0", 5 }, false },
	{ { "An\0X: y\0", 8 }, false },
	{ { "An\0X: y\n\nbody\n\0", 15 }, false },
	{ { "An\0\nX: y\n\0", 10 }, false },
	{ { "An\0 X: y\n\0", 10 }, false },
	{ { "An\0\tX: y\n\0", 10 }, false },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;

		assert_int_equal(parse_answer(records[i].record, &answer),
		    records[i].is_fine);
		verifydoor_answer_free(&answer);
	}
}

static void
test_there_and_back(void **state)
{
	struct verifydoor_answer answer = VERIFYDOOR_ANSWER_INIT;
	struct str record = STR_INIT;

	(void)state;
	verifydoor_format(&record, VERIFYDOOR_QUARANTINE, SPAN("there.example"),
	    SPAN("X: y\n\tz\n"));
	assert_true(parse_answer(str_span(&record), &answer));
	assert_int_equal(answer.wish, VERIFYDOOR_QUARANTINE);
	assert_string_equal(str_z(&answer.domain), "there.example");
	assert_string_equal(str_z(&answer.fields), "X: y\n\tz\n");
	verifydoor_answer_free(&answer);
	str_free(&record);
}

static void
test_questions(void **state)
{
	struct verifydoor_question question;

	(void)state;
	assert_true(verifydoor_parse(
	    span_make("Q192.0.2.1\0h\0s@x\0", 17), &question));
	assert_true(span_equal(question.sender, SPAN("s@x")));
	assert_true(verifydoor_parse(span_make("Q\0\0\0", 4), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0", 3), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0x", 4), &question));
	assert_false(verifydoor_parse(span_make("Q\0\0\0\0", 5), &question));
	assert_false(verifydoor_parse(span_make("A\0\0\0", 4), &question));
}

static void
test_signed(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	assert_true(take_text((struct span){ "sX: y\n\0", 7 }, 's', &text));
	assert_string_equal(str_z(&text), "X: y\n");
	assert_true(take_text((struct span){ "s\0", 2 }, 's', &text));
	assert_int_equal(text.len, 0);
	assert_false(take_text((struct span){ "s", 1 }, 's', &text));
	assert_false(take_text((struct span){ "tX\0", 3 }, 's', &text));
	assert_false(take_text((struct span){ "sX", 2 }, 's', &text));
	assert_false(take_text((struct span){ "sX\0\0", 4 }, 's', &text));
	str_free(&text);
}

static void
test_questions_to_sign(void **state)
{
	struct span sender;

	(void)state;
	assert_true(
	    verifydoor_parse_sign((struct span){ "Sa@b\0", 5 }, &sender));
	assert_int_equal(sender.len, 3);
	assert_true(verifydoor_parse_sign((struct span){ "S\0", 2 }, &sender));
	assert_int_equal(sender.len, 0);
	assert_false(verifydoor_parse_sign((struct span){ "Sa", 2 }, &sender));
	assert_false(
	    verifydoor_parse_sign((struct span){ "Qa\0", 3 }, &sender));
	assert_false(
	    verifydoor_parse_sign((struct span){ "Sa\0b", 4 }, &sender));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_questions_to_sign),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
