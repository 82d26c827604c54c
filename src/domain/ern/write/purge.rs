//! Being written.

use super::{Outgoing, Refusal, Written};
use crate::domain::release::Message;

pub(super) fn write(message: &Message, _out: &Outgoing) -> Result<Written, Vec<Refusal>> {
    Err(vec![Refusal {
        code: "DSP-001",
        message: "No message is written yet.".to_owned(),
        fix: String::new(),
        at: message.at.clone(),
    }])
}
