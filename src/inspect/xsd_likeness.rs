//! Which allowed name or value a label most likely meant.

/// Nearest allowed values told.
const NEAREST: usize = 3;
/// Two names at least this alike are taken for one misspelt.
const ALIKE: f64 = 0.55;

/// Names most like `name`, those not alike left out. A name that holds the other, or the words
/// that labels use for it, counts as alike.
pub(super) fn nearest<'a>(name: &str, names: &[&'a str], most: usize) -> Vec<&'a str> {
    const KNOWN: [(&str, &str); 12] = [
        ("UPC", "ICPN"),
        ("EAN", "ICPN"),
        ("Barcode", "ICPN"),
        ("URI", "FileName"),
        ("Artist", "DisplayArtist"),
        ("ArtistName", "DisplayArtistName"),
        ("Label", "LabelName"),
        ("Name", "FullName"),
        ("Territory", "TerritoryCode"),
        ("Explicit", "ParentalWarningType"),
        ("DisplayTitleText", "Title"),
        ("StartDateTime", "StartDate"),
    ];
    let known = KNOWN
        .iter()
        .find(|(wrong, _)| wrong.eq_ignore_ascii_case(name));
    if let Some(right) = known.and_then(|(_, right)| names.iter().find(|n| *n == right)) {
        return vec![right];
    }
    rank(name, names, ALIKE, most)
}

/// Allowed values most like `value`; the first few when none is.
pub(super) fn nearest_values<'a>(value: &str, allowed: &[&'a str]) -> Vec<&'a str> {
    const KNOWN: [(&str, &str); 8] = [
        ("UK", "GB"),
        ("WW", "Worldwide"),
        ("World", "Worldwide"),
        ("WAV", "PCM"),
        ("AIFF", "PCM"),
        ("JPG", "JPEG"),
        ("Clean", "NotExplicit"),
        ("Streaming", "OnDemandStream"),
    ];
    let known = KNOWN
        .iter()
        .find(|(wrong, _)| wrong.eq_ignore_ascii_case(value));
    if let Some(right) = known.and_then(|(_, right)| allowed.iter().find(|a| *a == right)) {
        return vec![right];
    }
    // `Main Artist` and `main_artist` are `MainArtist` and nothing else.
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    if let Some(same) = allowed.iter().find(|a| plain(a) == plain(value)) {
        return vec![same];
    }
    rank(value, allowed, 0.4, NEAREST)
}

fn rank<'a>(name: &str, names: &[&'a str], least: f64, most: usize) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut ranked: Vec<(f64, &'a str)> = names
        .iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let alike = strsim::jaro_winkler(&wanted, &other).min(1.0).mul_add(
                0.5,
                strsim::normalized_damerau_levenshtein(&wanted, &other) * 0.5,
            );
            // `Stream` in `OnDemandStream`: likeness by letters alone misses it.
            let holds = wanted.len() > 3
                && (other.contains(&wanted) || wanted.contains(&other) && other.len() > 3);
            (if holds { alike.max(0.7) } else { alike }, *candidate)
        })
        .filter(|(alike, _)| *alike >= least)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.dedup_by(|a, b| a.1 == b.1);
    ranked
        .into_iter()
        .take(most)
        .map(|(_, name)| name)
        .collect()
}
