/* routing_test.c - where a recipient goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/lib/config/routing.c"

static struct routing
example_routing(void)
{
	struct routing routing = ROUTING_INIT;

	wordset_add(&routing.locals, SPAN("here.example"), SPAN(""));
	wordset_add(&routing.virtualdomains, SPAN("virt.example"), SPAN("vd"));
	wordset_add(
	    &routing.virtualdomains, SPAN(".wild.example"), SPAN("wild"));
	wordset_add(
	    &routing.virtualdomains, SPAN("joe@one.example"), SPAN("solo"));
	wordset_add(
	    &routing.virtualdomains, SPAN("not.wild.example"), SPAN(""));
	wordset_add(&routing.percenthack, SPAN("here.example"), SPAN(""));
	str_set(&routing.envnoathost, SPAN("noat.example"));
	return routing;
}

static void
test_routes(void **state)
{
	static const struct {
		const char *recipient, *address;
		bool is_here;
	} cases[] = {
		{ "a@here.example", "a@here.example", true },
		{ "a@HERE.example", "a@HERE.example", true },
		{ "a@b@here.example", "a@b@here.example", true },
		{ "a%far.example@here.example", "a@far.example", false },
		{ "a%b%here.example@here.example", "a@b", false },
		{ "a@virt.example", "vd-a@virt.example", true },
		{ "a@x.wild.example", "wild-a@x.wild.example", true },
		{ "a@wild.example", "a@wild.example", false },
		{ "a@not.wild.example", "a@not.wild.example", false },
		{ "joe@one.example", "solo-joe@one.example", true },
		{ "ann@one.example", "ann@one.example", false },
		{ "joe", "joe@noat.example", false },
		{ "", "@noat.example", false },
	};
	struct routing routing = example_routing();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str address = STR_INIT;
		bool is_here = routing_apply(
		    &routing, span_of(cases[i].recipient), &address);

		assert_string_equal(str_z(&address), cases[i].address);
		assert_int_equal(is_here, cases[i].is_here);
		str_free(&address);
	}
	routing_free(&routing);
}

static void
test_restore(void **state)
{
	static const struct {
		const char *address, *restored;
	} cases[] = {
		{ "vd-a@virt.example", "a@virt.example" },
		{ "wild-a@x.wild.example", "a@x.wild.example" },
		{ "vd-a@here.example", "vd-a@here.example" },
		{ "solo-joe@one.example", "solo-joe@one.example" },
		{ "vd", "vd" },
	};
	struct routing routing = example_routing();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_true(span_equal(
		    routing_restore(&routing, span_of(cases[i].address)),
		    span_of(cases[i].restored)));
	routing_free(&routing);
}

static void
test_verp(void **state)
{
	static const struct {
		const char *sender, *recipient, *expanded;
	} cases[] = {
		{ "l-@h-@[]", "joe@x", "l-joe=x@h" },
		{ "l-@h-@[]", "a@b@x", "l-a@b=x@h" },
		{ "joe-@[]", "a@b", "joe-@[]" },
		{ "#@[]", "a@b", "#@[]" },
		{ "s@x", "a@b", "s@x" },
		{ "", "a@b", "" },
		{ "l-@h-@[]", "nobody", "l-@h-@[]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text = STR_INIT;

		routing_expand_verp(&text, span_of(cases[i].sender),
		    span_of(cases[i].recipient));
		assert_string_equal(str_z(&text), cases[i].expanded);
		str_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_verp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
