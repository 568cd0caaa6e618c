/*
 * metrics.h - figures as text for Prometheus: that of OpenMetrics 1.0, or the older
 * one, 0.0.4, which the textfile collector of node_exporter reads.
 *
 *	metrics_begin(&metrics, &family)
 *	metrics_add(&metrics, "", values, number) ...
 *	metrics_end(&metrics)
 */
#ifndef LOGS_METRICS_H
#define LOGS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/str.h"

#define METRICS_LABELS_MAX 3

enum metrics_type {
	METRICS_GAUGE,
	METRICS_COUNTER,
	METRICS_HISTOGRAM
};

struct metrics_family {
	const char *name; /* without "_total" */
	enum metrics_type type;
	const char *unit; /* which its name ends in; or NULL */
	const char *help;
	const char *labels[METRICS_LABELS_MAX]; /* as many as there are */
};

struct metrics {
	struct str text;
	bool is_open; /* OpenMetrics */
	const struct metrics_family *family;
};

/* metrics_labels: how many labels a family has. */
size_t metrics_labels(const struct metrics_family *family);

/* metrics_begin: what follows is of this family. */
void
metrics_begin(struct metrics *metrics, const struct metrics_family *family);

/*
 * metrics_add: adds a sample.
 *   values   of its labels; any bytes
 */
void metrics_add(
    struct metrics *metrics, const struct span values[], uint64_t number);

/*
 * metrics_add_part: adds a sample of a histogram.
 *   suffix   "_bucket", "_count" or "_sum"
 *   bound    of a bucket: the label "le"; else NULL
 *   number   with a decimal point, for seconds
 */
void metrics_add_part(struct metrics *metrics, const char *suffix,
    const struct span values[], const char *bound, struct span number);

/* metrics_end: what OpenMetrics wants at the end. */
void metrics_end(struct metrics *metrics);

#endif
