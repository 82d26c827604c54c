//! What can be wrong with a bucket's table in a profile.

use crate::domain::dsp::TransportChoice;

/// Host of an `http(s)://` address, without port.
fn host_of(endpoint: &str) -> &str {
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

pub(super) fn is_loopback(endpoint: &str) -> bool {
    let host = host_of(endpoint);
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// Mistakes in the transport's table, as half sentences.
pub(in crate::deliver) fn mistakes(transport: &TransportChoice) -> Vec<String> {
    let TransportChoice::S3 {
        bucket,
        region,
        endpoint,
        allow_http,
        timeout_seconds,
        ..
    } = transport
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if bucket.is_empty() || !bucket.bytes().all(plain) {
        found.push(format!(
            "`bucket` is {bucket:?}, which is no bucket's name (letters, digits, `.` and `-`); folders belong into `prefix`"
        ));
    }
    if region.is_empty() {
        found.push("`region` is empty; leave it out for \"us-east-1\"".to_owned());
    }
    if *timeout_seconds == 0 {
        found.push("`timeout_seconds` is 0".to_owned());
    }
    if let Some(endpoint) = endpoint {
        let has_secret = endpoint.contains('@') || endpoint.contains('?');
        let is_plain = endpoint.starts_with("http://");
        if !(is_plain || endpoint.starts_with("https://"))
            || host_of(endpoint).is_empty()
            || has_secret
        {
            found.push(format!(
                "`endpoint` is {:?}; write it as \"https://s3.partner.example\", without user or query",
                if has_secret { "…" } else { endpoint.as_str() }
            ));
        } else if is_plain && !allow_http && !is_loopback(endpoint) {
            found.push("`endpoint` is http, so releases would go unencrypted. Write https, or `allow_http = true` if that is really meant".to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in [
            "http://localhost:9000",
            "http://127.0.0.1",
            "http://[::1]:9000/",
        ] {
            assert!(is_loopback(here), "{here}");
        }
        for there in [
            "http://localhost.example",
            "http://10.0.0.1:9000",
            "http://127.0.0.1.example",
        ] {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
