/*
 * page.c - a report as tables and a chart.
 * Input: hostile (cells)
 */
#include "page.h"

#include "base/ascii.h"
#include "base/markup.h"
#include "base/must.h"

#define BAR_CHARS 40  /* of the longest bar in plain text */
#define WIDTH	  960 /* units of the picture */
#define HEIGHT	  220
#define BASE_LINE 180 /* of it, where the bars stand */
#define LABELS	  8   /* below them, at most */

static const char *const colours[PAGE_PARTS] = { "#3a7d44", "#e0a030",
	"#b03030" };

/* ---- what is in it ---- */

static size_t
columns_of(const struct page_table *table)
{
	size_t count = 0;

	while (count < PAGE_COLUMNS_MAX && table->heads[count])
		count++;
	return count;
}

void
page_begin(struct page *page, const char *title, const char *const heads[])
{
	struct page_table table = { .title = title };

	for (size_t i = 0; i < PAGE_COLUMNS_MAX && heads[i]; i++)
		table.heads[i] = heads[i];
	vec_push(&page->tables, table);
}

void
page_cell(struct page *page, struct span text)
{
	struct page_cell cell = { .text = STR_INIT };

	must(page->tables.len > 0);
	str_add(&cell.text, span_upto(text, PAGE_CELL_MAX));
	vec_push(&page->tables.at[page->tables.len - 1].cells, cell);
}

void
page_number(struct page *page, uint64_t number)
{
	struct str digits = STR_INIT;

	str_add_u64(&digits, number);
	page_cell(page, str_span(&digits));
	str_free(&digits);
}

void
page_bar(struct page *page, struct span label, const uint64_t parts[])
{
	struct page_bar bar = { .label = STR_INIT };

	str_add(&bar.label, label);
	for (size_t i = 0; i < PAGE_PARTS; i++)
		bar.parts[i] = parts[i];
	vec_push(&page->bars, bar);
}

void
page_free(struct page *page)
{
	for (size_t i = 0; i < page->tables.len; i++) {
		struct page_table *table = &page->tables.at[i];

		for (size_t j = 0; j < table->cells.len; j++)
			str_free(&table->cells.at[j].text);
		vec_free(&table->cells);
	}
	for (size_t i = 0; i < page->bars.len; i++)
		str_free(&page->bars.at[i].label);
	vec_free(&page->bars);
	vec_free(&page->tables);
	str_free(&page->title);
	str_free(&page->subtitle);
}

static uint64_t
total_of(const struct page_bar *bar)
{
	uint64_t total = 0;

	for (size_t i = 0; i < PAGE_PARTS; i++)
		total += bar->parts[i];
	return total;
}

/* The longest bar; at least 1. */
static uint64_t
longest(const struct page *page)
{
	uint64_t most = 1;

	for (size_t i = 0; i < page->bars.len; i++)
		if (total_of(&page->bars.at[i]) > most)
			most = total_of(&page->bars.at[i]);
	return most;
}

/* ---- plain text ---- */

static void
add_plain(struct str *text, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		str_add_byte(
		    text, ascii_is_printable(bytes.s[i]) ? bytes.s[i] : '?');
}

static void
add_title(struct str *text, struct span title, char below)
{
	add_plain(text, title);
	str_add_byte(text, '\n');
	for (size_t i = 0; i < title.len; i++)
		str_add_byte(text, below);
	str_add_byte(text, '\n');
}

static void
add_blanks(struct str *text, size_t count)
{
	while (count--)
		str_add_byte(text, ' ');
}

/* The first column goes to the left, numbers to the right. */
static void
add_padded(struct str *text, struct span cell, size_t width, bool is_first)
{
	if (!is_first)
		add_blanks(text, width - cell.len + 2);
	add_plain(text, cell);
	if (is_first)
		add_blanks(text, width - cell.len);
}

static void
add_text_table(struct str *text, const struct page_table *table)
{
	size_t columns = columns_of(table), widths[PAGE_COLUMNS_MAX];

	for (size_t i = 0; i < columns; i++)
		widths[i] = span_of(table->heads[i]).len;
	for (size_t i = 0; i < table->cells.len; i++)
		if (table->cells.at[i].text.len > widths[i % columns])
			widths[i % columns] = table->cells.at[i].text.len;
	str_add_byte(text, '\n');
	add_title(text, span_of(table->title), '-');
	for (size_t i = 0; i < columns; i++)
		add_padded(text, span_of(table->heads[i]), widths[i], i == 0);
	for (size_t i = 0; i < table->cells.len; i++) {
		if (i % columns == 0)
			str_add_byte(text, '\n');
		add_padded(text, str_span(&table->cells.at[i].text),
		    widths[i % columns], i % columns == 0);
	}
	str_add_z(text, table->cells.len ? "\n" : "\n(none)\n");
}

static void
add_text_chart(struct str *text, const struct page *page)
{
	uint64_t most = longest(page);

	str_add_byte(text, '\n');
	add_title(text, span_of(page->chart), '-');
	for (size_t i = 0; i < page->bars.len; i++) {
		const struct page_bar *bar = &page->bars.at[i];
		uint64_t total = total_of(bar);

		add_plain(text, str_span(&bar->label));
		str_add_z(text, "  ");
		for (uint64_t j = 0; j < total * BAR_CHARS / most; j++)
			str_add_byte(text, '#');
		str_add_byte(text, ' ');
		str_add_u64(text, total);
		str_add_byte(text, '\n');
	}
}

void
page_add_text(const struct page *page, struct str *text)
{
	add_title(text, str_span(&page->title), '=');
	add_plain(text, str_span(&page->subtitle));
	str_add_byte(text, '\n');
	for (size_t i = 0; i < page->tables.len; i++) {
		add_text_table(text, &page->tables.at[i]);
		if (i == 0 && page->bars.len)
			add_text_chart(text, page);
	}
}

/* ---- for a browser ---- */

static void
add_html_table(struct str *text, const struct page_table *table)
{
	size_t columns = columns_of(table);

	markup_add_element(text, "h2", span_of(table->title));
	str_add_z(text, "\n<table>\n<tr>");
	for (size_t i = 0; i < columns; i++)
		markup_add_element(text, "th", span_of(table->heads[i]));
	for (size_t i = 0; i < table->cells.len; i++) {
		if (i % columns == 0)
			str_add_z(text, "</tr>\n<tr>");
		markup_add_element(
		    text, "td", str_span(&table->cells.at[i].text));
	}
	str_add_z(text, "</tr>\n</table>\n");
}

static void
add_attribute(struct str *text, const char *name, uint64_t number)
{
	str_add_byte(text, ' ');
	str_add_z(text, name);
	str_add_z(text, "=\"");
	str_add_u64(text, number);
	str_add_byte(text, '"');
}

static void
add_label(struct str *text, uint64_t x, uint64_t y, struct span label)
{
	str_add_z(text, "<text");
	add_attribute(text, "x", x);
	add_attribute(text, "y", y);
	str_add_byte(text, '>');
	markup_add(text, label);
	str_add_z(text, "</text>\n");
}

/* The parts of a bar, one upon the other. */
static void
add_bar(struct str *text, const struct page_bar *bar, uint64_t x,
    uint64_t width, uint64_t most)
{
	uint64_t y = BASE_LINE;

	for (size_t i = 0; i < PAGE_PARTS; i++) {
		uint64_t height = bar->parts[i] * (BASE_LINE - 20) / most;

		if (bar->parts[i] && !height)
			height = 1;
		if (!height || height > y)
			continue;
		y -= height;
		str_add_z(text, "<rect");
		add_attribute(text, "x", x);
		add_attribute(text, "y", y);
		add_attribute(text, "width", width);
		add_attribute(text, "height", height);
		str_add_z(text, " fill=\"");
		str_add_z(text, colours[i]);
		str_add_z(text, "\"><title>");
		markup_add(text, str_span(&bar->label));
		str_add_z(text, ": ");
		str_add_u64(text, bar->parts[i]);
		str_add_z(text, "</title></rect>\n");
	}
}

static void
add_svg(struct str *text, const struct page *page)
{
	size_t count = page->bars.len, every = (count + LABELS - 1) / LABELS;
	uint64_t most = longest(page), step = WIDTH / count;
	struct str number = STR_INIT;

	markup_add_element(text, "h2", span_of(page->chart));
	str_add_z(text,
	    "\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 220\" "
	    "font-size=\"12\">\n");
	for (size_t i = 0; i < count; i++) {
		add_bar(text, &page->bars.at[i], i * step,
		    step > 2 ? step - 2 : step, most);
		if (i % every == 0)
			add_label(text, i * step, BASE_LINE + 14,
			    str_span(&page->bars.at[i].label));
	}
	str_add_u64(&number, most);
	add_label(text, 0, 14, str_span(&number));
	for (size_t i = 0; i < PAGE_PARTS; i++) {
		str_add_z(text, "<rect");
		add_attribute(text, "x", i * 160);
		add_attribute(text, "y", HEIGHT - 16);
		str_add_z(text, " width=\"12\" height=\"12\" fill=\"");
		str_add_z(text, colours[i]);
		str_add_z(text, "\"/>\n");
		add_label(
		    text, i * 160 + 18, HEIGHT - 6, span_of(page->parts[i]));
	}
	str_add_z(text, "</svg>\n");
	str_free(&number);
}

void
page_add_html(const struct page *page, struct str *text)
{
	str_add_z(text,
	    "<!DOCTYPE html>\n"
	    "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\"/>\n");
	markup_add_element(text, "title", str_span(&page->title));
	str_add_z(text,
	    "\n<style>body{font-family:sans-serif;max-width:60em;margin:auto;"
	    "padding:1em}td,th{text-align:right;padding:.1em 1em}"
	    "td:first-child,th:first-child{text-align:left}"
	    "tr:nth-child(even){background:#eee}svg{width:100%}</style>\n"
	    "</head>\n<body>\n");
	markup_add_element(text, "h1", str_span(&page->title));
	markup_add_element(text, "p", str_span(&page->subtitle));
	str_add_byte(text, '\n');
	for (size_t i = 0; i < page->tables.len; i++) {
		add_html_table(text, &page->tables.at[i]);
		if (i == 0 && page->bars.len)
			add_svg(text, page);
	}
	str_add_z(text, "</body>\n</html>\n");
}
