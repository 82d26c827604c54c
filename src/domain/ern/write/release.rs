//! Being written.

use super::{OutFile, Outgoing, Refusal, Takedown, Written};
use crate::domain::release::Message;

pub(super) fn write(
    message: &Message,
    _files: &[OutFile],
    _out: &Outgoing,
    _how: Option<Takedown>,
) -> Result<Written, Vec<Refusal>> {
    Err(vec![Refusal {
        code: "DSP-001",
        message: "No message is written yet.".to_owned(),
        fix: String::new(),
        at: message.at.clone(),
    }])
}
