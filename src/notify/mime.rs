//! A letter's words → the bytes of a MIME message.
//!
//! Nothing is random: boundary, date and `Message-ID` come from the letter's row, so that every try
//! sends the same bytes. Bodies are quoted-printable, in which the boundary's `=_` cannot occur.

use crate::domain::ids::LetterId;
use crate::domain::letter::Due;
use crate::domain::visible::one_line;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::time::{Duration, SystemTime};

/// Longest subject, in characters.
const SUBJECT_CHARACTERS: usize = 200;

/// Who mails are from.
pub(super) struct Sender {
    /// `From`, and the address that bounces go to.
    pub(super) from: Mailbox,
    /// `Reply-To`.
    pub(super) reply_to: Option<Mailbox>,
    /// Right side of every `Message-ID`.
    pub(super) domain: String,
}

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// Subject line, not yet made safe.
    pub(super) subject: String,
    /// Plain text.
    pub(super) text: String,
    /// The same as HTML.
    pub(super) html: String,
}

/// Why a message could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    /// The recipient is no mail address; the transport will say so for good.
    #[error("the recipient is no mail address")]
    Recipient(#[source] lettre::address::AddressError),
    /// lettre refused.
    #[error("the message could not be put together")]
    Message(#[source] lettre::error::Error),
    /// A template failed, the embedded one too.
    #[error("the template failed: {0}")]
    Template(#[from] minijinja::Error),
}

/// Builds the message: text first, HTML as the better alternative.
pub(super) fn build(sender: &Sender, due: &Due, words: &Words) -> Result<Vec<u8>, BuildError> {
    let recipient: lettre::Address = due.recipient.parse().map_err(BuildError::Recipient)?;
    let envelope = Envelope::new(Some(sender.from.email.clone()), vec![recipient.clone()])
        .map_err(BuildError::Message)?;
    let mut message = Message::builder()
        .envelope(envelope)
        .from(sender.from.clone())
        .to(Mailbox::new(None, recipient))
        .subject(subject_line(&words.subject))
        .date(date(due.created_at))
        .message_id(Some(sender.message_id(&due.id)));
    if let Some(reply_to) = &sender.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    if let Some(root) = &due.thread_root {
        let root = sender.message_id(root);
        message = message.in_reply_to(root.clone()).references(root);
    }
    for (name, value) in marks(due) {
        message = message.raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str(name),
            value,
        ));
    }
    let body = MultiPart::alternative()
        .boundary(format!("=_{}", word(due.id.as_str())))
        .singlepart(part(ContentType::TEXT_PLAIN, &words.text))
        .singlepart(part(ContentType::TEXT_HTML, &words.html));
    Ok(message
        .multipart(body)
        .map_err(BuildError::Message)?
        .formatted())
}

/// The same letter without lettre and without HTML: short enough to be seen to be right.
pub(super) fn plain(sender: &Sender, due: &Due, (subject, text): &(String, String)) -> Vec<u8> {
    let mut lines = vec![
        format!("From: {}", header_word(sender.from.email.as_ref())),
        format!("To: {}", header_word(&due.recipient)),
        format!("Subject: {}", encoded_words(&subject_line(subject))),
        format!(
            "Date: {}",
            clamped(due.created_at).strftime("%a, %d %b %Y %H:%M:%S +0000")
        ),
        format!("Message-ID: {}", sender.message_id(&due.id)),
    ];
    if let Some(root) = &due.thread_root {
        let root = sender.message_id(root);
        lines.push(format!("In-Reply-To: {root}"));
        lines.push(format!("References: {root}"));
    }
    lines.extend(marks(due).map(|(name, value)| format!("{name}: {value}")));
    lines.extend(
        [
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
        ]
        .map(str::to_owned),
    );
    let encoded = STANDARD.encode(text.replace('\n', "\r\n"));
    let mut rest = encoded.as_str();
    while let Some((line, after)) = rest.split_at_checked(76) {
        lines.push(line.to_owned());
        rest = after;
    }
    lines.push(rest.to_owned());
    lines.push(String::new());
    lines.join("\r\n").into_bytes()
}

/// Headers that say that a machine wrote this (RFC 3834, and Microsoft's), and what about, for
/// mail filters.
fn marks(due: &Due) -> impl Iterator<Item = (&'static str, String)> {
    [
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("X-Dropzone-Letter", due.kind.as_str().to_owned()),
        ("X-Dropzone-Package", word(due.package.as_str())),
    ]
    .into_iter()
}

impl Sender {
    fn message_id(&self, letter: &LetterId) -> String {
        format!("<{}@{}>", word(letter.as_str()), self.domain)
    }
}

/// Identifiers are ours, yet only what may stand in any header is taken of them.
fn word(id: &str) -> String {
    id.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(60)
        .collect()
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text.to_owned())
}

/// One line without anything that acts; `=?` is broken up, because a mail program would decode what
/// a label wrote there.
pub(super) fn subject_line(text: &str) -> String {
    one_line(
        &one_line(text, usize::MAX).replace("=?", "= ?"),
        SUBJECT_CHARACTERS,
    )
}

/// Times outside 1970–9999 make the date library panic.
fn clamped(at: Timestamp) -> Timestamp {
    const LAST_SECOND: i64 = 253_402_200_000;
    Timestamp::from_second(at.as_second().clamp(0, LAST_SECOND)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn date(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(clamped(at).as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// ASCII without white space, for the plain form's addresses.
fn header_word(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(320)
        .collect()
}

/// RFC 2047 encoded words, each short enough for a line of its own.
fn encoded_words(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') && text.len() <= 200 {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let words: Vec<String> = characters
        .chunks(11)
        .map(|chunk| {
            let chunk: String = chunk.iter().collect();
            format!("=?utf-8?B?{}?=", STANDARD.encode(chunk))
        })
        .collect();
    words.join("\r\n ")
}
