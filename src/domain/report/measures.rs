//! Measures as people write them: durations, rates, levels, sizes.

/// `44.1 kHz`, `48 kHz`.
pub fn rate(hertz: u32) -> String {
    let thousands = hertz / 1_000;
    let rest = format!("{:03}", hertz % 1_000);
    match rest.trim_end_matches('0') {
        "" => format!("{thousands} kHz"),
        rest => format!("{thousands}.{rest} kHz"),
    }
}

/// A level with one decimal; silence has none.
pub fn level(decibels: f64) -> String {
    if decibels <= -199.0 {
        "silent".to_owned()
    } else if decibels > 0.0 {
        format!("{decibels:+.1}")
    } else {
        format!("{decibels:.1}")
    }
}

/// `3:42`, `1:02:03`; rounded to the second.
pub fn duration(milliseconds: u64) -> String {
    clock(milliseconds.saturating_add(500) / 1_000)
}

/// The same with tenths of a second, cut and not rounded: `3:41.9`.
pub fn exact_duration(milliseconds: u64) -> String {
    format!(
        "{}.{}",
        clock(milliseconds / 1_000),
        milliseconds % 1_000 / 100
    )
}

fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

/// A size for people. MB is 1024² bytes, as the guide's limit of "20MB" is read.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) => {
            let tenths = bytes % unit * 10 / unit;
            format!("{}.{tenths} {word}", bytes / unit)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_read_as_people_write_them() {
        assert_eq!(duration(222_400), "3:42");
        assert_eq!(exact_duration(221_999), "3:41.9");
        assert_eq!(duration(3_723_000), "1:02:03");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(20 << 20), "20.0 MB");
        assert_eq!(rate(44_100), "44.1 kHz");
        assert_eq!(rate(11_025), "11.025 kHz");
        assert_eq!(level(-200.0), "silent");
    }
}
