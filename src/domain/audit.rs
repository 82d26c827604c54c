//! The audit log: who came in, who did not, and what was done with files. One JSON object a line.
//!
//! Never holds a password or a key, only a key's fingerprint. Names come from strangers: whatever
//! they hold, a line stays one line, and nothing in it acts on the terminal that shows it.

use super::visible::acts_unseen;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Something that happened at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A connection was not taken.
    ConnectionRefused {
        /// Why.
        reason: String,
        /// Refused connections that this line stands for; in a flood one line stands for many.
        count: u64,
    },
    /// Someone logged in.
    Login {
        /// `password`, `keyboard-interactive`, `publickey`, or `publickey+password`.
        method: String,
        /// Fingerprint of the key, if there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// What the client calls itself.
        client: String,
    },
    /// Someone failed to log in.
    LoginRefused {
        /// How it was tried.
        method: String,
        /// Why not.
        reason: String,
    },
    /// A connection that was logged in is over.
    Logout,
    /// A file was opened to be written.
    Open {
        /// Below `/incoming`.
        path: String,
    },
    /// A file was received whole; it is on the disk.
    Close {
        /// Below `/incoming`.
        path: String,
        /// Its size.
        size_bytes: u64,
        /// SHA-256 of its content in lower-case hex; without it a line `hashed` follows.
        #[serde(skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
        /// MD5 of its content in lower-case hex.
        #[serde(skip_serializing_if = "Option::is_none")]
        md5: Option<String>,
    },
    /// What a file holds that was received before, once that is known.
    Hashed {
        /// Below `/incoming`, when it was closed or found.
        path: String,
        /// Its size.
        size_bytes: u64,
        /// SHA-256 of its content in lower-case hex.
        sha256: String,
        /// MD5 of its content in lower-case hex, if it was computed.
        #[serde(skip_serializing_if = "Option::is_none")]
        md5: Option<String>,
    },
    /// A file was closed and could not be kept.
    CloseFailed {
        /// Below `/incoming`.
        path: String,
        /// Why.
        reason: String,
    },
    /// The session ended while the file was being written; what came of it is kept to be resumed.
    Partial {
        /// Below `/incoming`.
        path: String,
    },
    /// A file or folder got another name.
    Rename {
        /// Old path below `/incoming`.
        from: String,
        /// New path below `/incoming`.
        to: String,
    },
    /// A file was removed.
    Remove {
        /// Below `/incoming`.
        path: String,
    },
    /// A folder was made.
    Mkdir {
        /// Below `/incoming`.
        path: String,
    },
    /// A folder was removed.
    Rmdir {
        /// Below `/incoming`.
        path: String,
    },
    /// A file was opened to be read.
    Download {
        /// With the tree: `/incoming/…` or `/reports/…`.
        path: String,
        /// Its size.
        size_bytes: u64,
    },
    /// A request was refused.
    Refused {
        /// As the client wrote it.
        path: String,
        /// Why.
        reason: String,
    },
    /// Lines that could not be written, at this place of the log.
    Lost {
        /// How many.
        count: u64,
    },
}

/// An event and whom it is about, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where it came from; behind a proxy the address that the proxy told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The user name that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The label that logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Number of the SFTP session, since the daemon's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Entry {
    /// About nobody in particular.
    pub fn new(event: Event) -> Self {
        Self {
            address: None,
            user: None,
            label: None,
            session: None,
            event,
        }
    }

    /// About someone there.
    #[must_use]
    pub fn from(self, address: IpAddr) -> Self {
        Self {
            address: Some(address.to_canonical()),
            ..self
        }
    }

    /// About someone who says that this is its name.
    #[must_use]
    pub fn by(self, user: impl Into<String>) -> Self {
        Self {
            user: Some(user.into()),
            ..self
        }
    }

    /// The line of the log, with its line break.
    pub fn line(&self, at: Timestamp) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            at: String,
            #[serde(flatten)]
            entry: &'a Entry,
        }
        let line = Line {
            at: format!("{at:.3}"),
            entry: self,
        };
        // Nothing in it can fail to be written as JSON; a lost line would still be one.
        let json = serde_json::to_string(&line).unwrap_or_else(|error| {
            format!("{{\"event\":\"lost\",\"error\":{:?}}}", error.to_string())
        });
        let mut out = String::with_capacity(json.len() + 1);
        if !json.chars().any(acts_unseen) {
            out.push_str(&json);
            out.push('\n');
            return out;
        }
        for c in json.chars() {
            if acts_unseen(c) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // A String takes everything.
                    write!(out, "\\u{unit:04x}").unwrap_or_default();
                }
            } else {
                out.push(c);
            }
        }
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(path: &str) -> String {
        let at: Timestamp = "2026-11-26T12:00:00.123456Z".parse().unwrap();
        let entry = Entry::new(Event::Mkdir {
            path: path.to_owned(),
        });
        entry
            .from(IpAddr::from([192, 0, 2, 7]))
            .by("quayside")
            .line(at)
    }

    #[test]
    fn a_line_says_when_who_and_what() {
        assert_eq!(
            line("Björk – ½"),
            "{\"at\":\"2026-11-26T12:00:00.123Z\",\"address\":\"192.0.2.7\",\
             \"user\":\"quayside\",\"event\":\"mkdir\",\"path\":\"Björk – ½\"}\n"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_name_holds_it_is_one_line_and_comes_back(name in any::<String>()) {
            let line = line(&name);
            let body = line.strip_suffix('\n').unwrap();
            prop_assert!(!body.chars().any(acts_unseen), "{body:?}");
            let value: serde_json::Value = serde_json::from_str(body).unwrap();
            prop_assert_eq!(value["path"].as_str().unwrap(), name);
        }
    }
}
