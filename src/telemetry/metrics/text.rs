//! The classic text format of Prometheus.
//!
//! The library writes OpenMetrics, where a counter's header lacks `_total`; `promtool check metrics` and older
//! scrapers read the classic format and would take such a counter for one without help and type.

use std::fmt;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// The content type of the text that [`Metrics::encode`](super::Metrics::encode) gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn encode(registry: &Registry) -> Result<String, fmt::Error> {
    let mut open = String::new();
    text::encode_registry(&mut open, registry)?;
    let mut classic = String::with_capacity(open.len());
    let mut lines = open.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("# UNIT ") {
            continue;
        }
        let counter = [Some(&line), lines.peek()].into_iter().flatten().any(|l| is_counter_type(l));
        match line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
            Some((keyword, rest)) if counter && matches!(keyword, "HELP" | "TYPE") => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                classic.push_str(&format!("# {keyword} {name}_total {rest}\n"));
            }
            _ => {
                classic.push_str(line);
                classic.push('\n');
            }
        }
    }
    Ok(classic)
}

fn is_counter_type(line: &str) -> bool {
    line.starts_with("# TYPE ") && line.ends_with(" counter")
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::registry::Unit;

    use super::*;

    #[test]
    fn counters_carry_their_ending_in_the_header_too() {
        let mut registry = Registry::default();
        let level: Gauge = Gauge::default();
        registry.register_with_unit("tank", "Level", Unit::Bytes, level);
        let trips: Counter = Counter::default();
        trips.inc();
        registry.register("trips", "Trips", trips);
        assert_eq!(
            encode(&registry).unwrap(),
            "# HELP tank_bytes Level.\n# TYPE tank_bytes gauge\ntank_bytes 0\n\
             # HELP trips_total Trips.\n# TYPE trips_total counter\ntrips_total 1\n"
        );
    }
}
