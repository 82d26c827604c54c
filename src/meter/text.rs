//! Prometheus' text form, version 0.0.4.

use super::{Counter, Histogram};
use std::fmt::{Display, Write as _};

/// What the answer says it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics that is being written.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// The text.
    pub fn finish(self) -> String {
        self.0
    }

    /// A number that only grows, by the values of one label.
    pub fn counters(&mut self, name: &str, help: &str, label: &str, values: &[(&str, &Counter)]) {
        self.head(name, help, "counter");
        for (value, counter) in values {
            self.line(name, &[(label, value)], counter.get());
        }
    }

    /// A number that only grows.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        self.line(name, &[], value);
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "gauge");
        self.line(name, &[], value);
    }

    /// Such numbers by the values of one label.
    pub fn gauges<'a, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, V)>,
    ) {
        self.head(name, help, "gauge");
        for (value, number) in values {
            self.line(name, &[(label, value)], number);
        }
    }

    /// How long something took.
    pub fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        let now = histogram.snapshot();
        self.head(name, help, "histogram");
        let buckets = format!("{name}_bucket");
        for (bound, count) in &now.buckets {
            self.line(&buckets, &[("le", &bound.to_string())], count);
        }
        self.line(&buckets, &[("le", "+Inf")], now.count);
        self.line(&format!("{name}_sum"), &[], now.seconds);
        self.line(&format!("{name}_count"), &[], now.count);
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.write(format_args!("{name}"));
        for (n, (label, text)) in labels.iter().enumerate() {
            let before = if n == 0 { '{' } else { ',' };
            let text = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            self.write(format_args!("{before}{label}=\"{text}\""));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        self.write(format_args!("{close} {value}\n"));
    }

    fn write(&mut self, words: std::fmt::Arguments<'_>) {
        // A String takes everything.
        self.0.write_fmt(words).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_form_is_the_one_that_prometheus_reads() {
        let (counter, histogram) = (Counter::default(), Histogram::default());
        counter.add(3);
        histogram.observe(Duration::from_millis(20));
        let mut page = Page::default();
        page.counters("a_total", "How many.", "kind", &[("x\"y\\", &counter)]);
        page.gauge("b", "Now.", 1.5);
        page.histogram("c_seconds", "Time.", &histogram);
        let text = page.finish();
        assert!(text.starts_with("# HELP a_total How many.\n# TYPE a_total counter\n"));
        for line in [
            "a_total{kind=\"x\\\"y\\\\\"} 3",
            "b 1.5",
            "c_seconds_bucket{le=\"0.01\"} 0",
            "c_seconds_bucket{le=\"0.025\"} 1",
            "c_seconds_bucket{le=\"+Inf\"} 1",
            "c_seconds_sum 0.02",
            "c_seconds_count 1",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} in\n{text}");
        }
    }
}
