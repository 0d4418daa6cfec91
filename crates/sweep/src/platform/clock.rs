//! Durations for people to read, and the time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `850 ms`, `12 s`, `3 min 20 s`, `5 h 12 min`.
#[must_use]
pub fn short_time(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..=99 => format!("{seconds} s"),
        100..=5999 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Seconds since 1970-01-01; 0 if the clock of this machine is set to an earlier date.
#[must_use]
pub fn since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// `2026-11-23 08:15 UTC`, of seconds since 1970.
#[must_use]
pub fn date(seconds: i64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp(seconds, 0)?;
    Some(time.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0).as_deref(), Some("1970-01-01 00:00 UTC"));
        // The billionth second, as it was celebrated.
        assert_eq!(date(1_000_000_000).as_deref(), Some("2001-09-09 01:46 UTC"));
        assert_eq!(date(i64::MAX), None);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let shown = |seconds: f64| short_time(Duration::from_secs_f64(seconds));
        let cases = [(0.25, "250 ms"), (0.7, "1 s"), (99.4, "99 s"), (100.0, "1 min 40 s"), (18_720.0, "5 h 12 min")];
        for (seconds, text) in cases {
            assert_eq!(shown(seconds), text);
        }
    }
}
