//! The text that Prometheus reads: OpenMetrics 1.0, which older scrapers take for their own format.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::{Figures, SOURCES};

/// Media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Figures {
    /// The figures as text, `# EOF` at the end.
    pub fn text(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text in memory takes everything");
        text
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut out = Out(&mut encoder);
        self.requests(&mut out)?;
        self.in_flight(&mut out)?;
        out.gauge("maintenance_sites", "Sites that this server knows.", &self.sites)?;
        out.gauge("maintenance_sites_closed", "Sites that are in maintenance now.", &self.sites_closed)?;
        out.gauge("maintenance_sites_draining", "Sites that let those at work finish now.", &self.sites_draining)?;
        out.gauge("maintenance_revision", "Revision of the state that this server enforces.", &self.revision)?;
        self.state(&mut out)?;
        let (name, help) = ("maintenance_database_errors", "Failures of the database that this server has met.");
        out.counters(name, help, "kind", &self.database_errors)?;
        let (name, help) = ("maintenance_propagation", "Time from a change to its enforcement on this server.");
        self.propagation.0.encode(out.family(name, help, Some(&Unit::Seconds), MetricType::Histogram)?)?;
        let (name, help) = ("maintenance_logins_refused", "Passwords that were refused on this server.");
        out.counters(name, help, "reason", &self.logins_refused)?;
        let help = "Own templates that cannot be used and are replaced by the built-in page.";
        out.gauge("maintenance_template_errors", help, &self.broken_templates)?;
        out.family("maintenance_build", "The program.", None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let (name, help) = ("process_start_time", "When this server started, in seconds since 1970.");
        out.family(name, help, Some(&Unit::Seconds), MetricType::Gauge)?.encode_gauge(&seconds(self.started_at))
    }
}

impl Figures {
    fn requests(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let help = "Requests by what became of them; with a site only when that was closed.";
        let mut family = out.family("maintenance_requests", help, None, MetricType::Counter)?;
        for (site, outcome, count) in &self.requests {
            let labels = [
                ("verdict", outcome.verdict()),
                ("reason", outcome.reason()),
                ("site", site.as_deref().unwrap_or_default()),
            ];
            let labels = if site.is_some() { &labels[..] } else { &labels[..2] };
            add_counter(&mut family, labels, *count)?;
        }
        Ok(())
    }

    fn in_flight(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let help = "Requests under way, until their answer has ended; with a site only when that is closed or will be.";
        let mut family = out.family("maintenance_requests_in_flight", help, None, MetricType::Gauge)?;
        for (site, count) in &self.in_flight {
            match site {
                Some(site) => family.encode_family(&[("site", site.as_str())])?.encode_gauge(count)?,
                None => family.encode_gauge(count)?,
            }
        }
        Ok(())
    }

    /// Where the state comes from, how old it is, and whether the database answers.
    fn state(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        if let Some(age) = &self.age_seconds {
            let (name, help) = ("maintenance_snapshot_age", "Time since the state was last known to be the newest.");
            out.family(name, help, Some(&Unit::Seconds), MetricType::Gauge)?.encode_gauge(age)?;
        }
        let help = "Where the state comes from: 1 for the one that it is.";
        let mut family = out.family("maintenance_snapshot_source", help, None, MetricType::Gauge)?;
        for source in SOURCES {
            let is_this = u32::from(source == self.source);
            family.encode_family(&&[("source", source)][..])?.encode_gauge(&is_this)?;
        }
        let help = "Whether the database answers: 1, else 0.";
        out.gauge("maintenance_database_up", help, &u32::from(self.is_database_up))
    }
}

/// Where families are written to, each with its help and its type.
struct Out<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Out<'_, '_> {
    /// `name` is without the ending that unit and type add.
    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        value: &impl prometheus_client::encoding::EncodeGaugeValue,
    ) -> fmt::Result {
        self.family(name, help, None, MetricType::Gauge)?.encode_gauge(value)
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, counts: &[(&'static str, u64)]) -> fmt::Result {
        let mut family = self.family(name, help, None, MetricType::Counter)?;
        counts.iter().try_for_each(|(word, count)| add_counter(&mut family, &[(label, word)], *count))
    }
}

fn add_counter(family: &mut MetricEncoder<'_>, labels: &[(&str, &str)], count: u64) -> fmt::Result {
    family.encode_family(&labels)?.encode_counter::<[(&str, &str); 0], u64, u64>(&count, None)
}

fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metrics::Propagation;
    use crate::tally::Outcome;

    fn figures() -> Figures {
        Figures {
            requests: vec![
                (None, Outcome::Open, 12),
                (Some("shop.example.com".to_owned()), Outcome::Held, 0),
                (Some("a\"b\\c\nd".to_owned()), Outcome::IgnoredPattern, 7),
            ],
            in_flight: vec![(None, 5), (Some("shop.example.com".to_owned()), 2)],
            sites: 3,
            sites_closed: 2,
            sites_draining: 0,
            revision: 812,
            age_seconds: Some(0.25),
            source: "mirror",
            is_database_up: false,
            database_errors: vec![("locked", 0), ("unreachable", 4)],
            propagation: Propagation::default(),
            logins_refused: vec![("password", 2)],
            broken_templates: 1,
            started_at: "2026-11-21T03:12:04.5Z".parse().unwrap(),
        }
    }

    #[test]
    fn every_figure_is_a_line_with_its_type_and_its_help() {
        let figures = figures();
        [2, 30, 20_000].into_iter().for_each(|millis| figures.propagation.observe(Duration::from_millis(millis)));
        let text = figures.text();
        for line in [
            "# HELP maintenance_requests Requests by what became of them; with a site only when that was closed.",
            "# TYPE maintenance_requests counter",
            r#"maintenance_requests_total{verdict="pass",reason="open"} 12"#,
            r#"maintenance_requests_total{verdict="hold",reason="maintenance",site="shop.example.com"} 0"#,
            "# TYPE maintenance_requests_in_flight gauge",
            "maintenance_requests_in_flight 5",
            r#"maintenance_requests_in_flight{site="shop.example.com"} 2"#,
            "# TYPE maintenance_sites gauge",
            "maintenance_sites 3",
            "maintenance_sites_closed 2",
            "maintenance_revision 812",
            "# UNIT maintenance_snapshot_age_seconds seconds",
            "maintenance_snapshot_age_seconds 0.25",
            r#"maintenance_snapshot_source{source="database"} 0"#,
            r#"maintenance_snapshot_source{source="mirror"} 1"#,
            "maintenance_database_up 0",
            r#"maintenance_database_errors_total{kind="unreachable"} 4"#,
            "# TYPE maintenance_propagation_seconds histogram",
            r#"maintenance_propagation_seconds_bucket{le="0.001"} 0"#,
            r#"maintenance_propagation_seconds_bucket{le="0.05"} 2"#,
            r#"maintenance_propagation_seconds_bucket{le="+Inf"} 3"#,
            "maintenance_propagation_seconds_count 3",
            r#"maintenance_logins_refused_total{reason="password"} 2"#,
            "maintenance_template_errors 1",
            concat!(r#"maintenance_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            "process_start_time_seconds 1795230724.5",
        ] {
            assert!(text.lines().any(|found| found == line), "`{line}` is not in\n{text}");
        }
        assert!(text.ends_with("\n# EOF\n"), "{text}");
    }

    #[test]
    fn what_could_end_a_label_is_escaped() {
        let text = figures().text();
        let line = r#"maintenance_requests_total{verdict="pass",reason="ignored-pattern",site="a\"b\\c\nd"} 7"#;
        assert!(text.lines().any(|found| found == line), "{text}");
    }

    #[test]
    fn an_age_that_nobody_knows_is_left_out() {
        let text = Figures { age_seconds: None, source: "unknown", ..figures() }.text();
        assert!(!text.contains("snapshot_age") && text.contains("maintenance_snapshot_source{source=\"unknown\"} 1"));
    }
}
