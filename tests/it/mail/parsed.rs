//! A small reader of MIME messages, strict where it matters: what it finds is what is there. The
//! letters are read by Python's `email` too, in `servers`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message, taken apart.
#[derive(Debug)]
pub(crate) struct Mail {
    /// Unfolded and decoded, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Decoded `text/plain`.
    pub(crate) text: String,
    /// Decoded `text/html`; empty when there is none.
    pub(crate) html: String,
}

impl Mail {
    pub(crate) fn parse(mime: &[u8]) -> Self {
        let source = std::str::from_utf8(mime).unwrap();
        let (head, body) = source.split_once("\r\n\r\n").expect("an empty line");
        let headers = headers(head);
        let kind = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
            .map(|(_, value)| value.clone())
            .expect("a Content-Type");
        let (text, html) = if kind.starts_with("multipart/alternative") {
            let boundary = kind.split("boundary=").nth(1).unwrap().trim_matches('"');
            let delimiter = format!("--{boundary}");
            let mut parts = body.split(&delimiter);
            assert_eq!(parts.next(), Some(""), "nothing before the first part");
            let text = part(parts.next().unwrap(), "text/plain");
            let html = part(parts.next().unwrap(), "text/html");
            assert_eq!(parts.next(), Some("--\r\n"), "two parts and the end");
            assert_eq!(parts.next(), None);
            (text, html)
        } else {
            (decoded(&headers, body), String::new())
        };
        Self {
            headers,
            text,
            html,
        }
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        all[0]
    }
}

fn part(source: &str, kind: &str) -> String {
    let source = source.strip_prefix("\r\n").unwrap();
    let (head, body) = source.split_once("\r\n\r\n").unwrap();
    let headers = headers(head);
    let found = &headers
        .iter()
        .find(|(name, _)| name == "Content-Type")
        .unwrap()
        .1;
    assert_eq!(found, &format!("{kind}; charset=utf-8"));
    decoded(&headers, body.strip_suffix("\r\n").unwrap())
}

fn headers(head: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        if line.starts_with([' ', '\t']) {
            let last = out.last_mut().expect("a header to continue");
            last.1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').expect("a header");
            assert!(
                name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "{name:?}"
            );
            out.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    for (_, value) in &mut out {
        *value = words(value);
    }
    out
}

/// RFC 2047: encoded words; white space between two of them does not count.
fn words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_encoded = false;
    while let Some(start) = rest.find("=?utf-8?") {
        let between = &rest[..start];
        if !(after_encoded && between.trim().is_empty()) {
            out.push_str(between);
        }
        let word = &rest[start + "=?utf-8?".len()..];
        let (encoding, word) = word.split_once('?').unwrap();
        let (content, behind) = word.split_once("?=").unwrap();
        let bytes = if encoding.eq_ignore_ascii_case("b") {
            STANDARD.decode(content).unwrap()
        } else {
            quoted_printable(&content.replace('_', " "))
        };
        out.push_str(std::str::from_utf8(&bytes).unwrap());
        rest = behind;
        after_encoded = true;
    }
    out.push_str(rest);
    out
}

fn decoded(headers: &[(String, String)], body: &str) -> String {
    let encoding = headers
        .iter()
        .find(|(name, _)| name == "Content-Transfer-Encoding")
        .map_or("7bit", |(_, value)| value.as_str());
    let bytes = match encoding {
        "quoted-printable" => quoted_printable(body),
        "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        "7bit" => body.as_bytes().to_vec(),
        other => panic!("{other}"),
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let pair = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    out
}
