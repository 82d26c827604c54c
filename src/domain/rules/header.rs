//! HDR: who sends the message to whom, under which number, and when it was made.

use super::super::history::Earlier;
use super::super::lifecycle::Status;
use super::case::Case;
use super::findings::{Findings, Note};
use super::times::{made_at, moment, told};
use super::wording::{quoted, titled};
use super::{Needs, Rule, Weight};
use jiff::{SignedDuration, Timestamp};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "HDR-001",
        title: "Sender has no DDEX party identifier",
        weight: Weight::BY_PROFILE,
        why: "A DPID is “PADPIDA” and eleven letters or digits. Stores know a sender by it, and \
              ERN 4.3 demands it.",
        fix: "Get a DPID for your company at dpid.ddex.net and put it into \
              MessageSender/PartyId.",
        source: "DDEX Party Identifier; ERN 4.3 schema",
        ack: "IdentifierSyntaxInvalid",
        check: sender_without_dpid,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-002",
        title: "Message is from another sender",
        why: "An account delivers for its own DDEX party identifier only, so that no label can \
              change the releases of another.",
        fix: "Put your own DPID into MessageSender/PartyId, or upload with the account of that \
              sender.",
        source: "drop zone",
        ack: "IdentifierInvalid",
        safety: true,
        check: foreign_sender,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-003",
        title: "Message is addressed to somebody else",
        weight: Weight::WARNING,
        why: "MessageRecipient names who is to act on a message. Another party there is mostly a \
              template that was used again, and its deals may be meant for that party.",
        fix: "Put our DPID into MessageRecipient/PartyId; or make the message anew for us, if it \
              was made for another partner.",
        source: "DDEX ERN 3.8.2, MessageHeader; operator's guide",
        check: addressed_to_another,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-004",
        title: "MessageId was used for another release",
        weight: Weight::WARNING,
        why: "Every message should have a number of its own. It is never an error: whoever copies \
              the guide's example sends MSG-001.",
        fix: "Let your software give each message a new MessageId.",
        source: "DDEX knowledge base, MessageId and MessageThreadId",
        ack: "IdentifierInvalid",
        needs: Needs::History,
        check: used_message_id,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-005",
        title: "Message is older than one already accepted",
        why: "A message states the whole truth about a release. An older one would undo what the \
              newer one said. No message is taken to be newer than the moment at which it came.",
        fix: "If this is the right state, make the message again, so that it has a new \
              MessageCreatedDateTime.",
        source: "DDEX knowledge base, ERN messages as statements of truth",
        ack: "NewReleaseMessageInvalid",
        safety: true,
        needs: Needs::History,
        check: older_message,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-006",
        title: "MessageCreatedDateTime is doubtful",
        weight: Weight::WARNING,
        why: "The time decides which of two messages is the newer. Without a time zone it is read \
              as UTC; a time more than a day ahead cannot be right, and the time at which the message \
              came counts in its place.",
        fix: "Write date, time and zone, such as 2026-03-23T10:00:00Z.",
        source: "DDEX ERN 3.8.2, MessageHeader; ISO 8601",
        check: doubtful_time,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-007",
        title: "Test message",
        weight: Weight::INFO,
        why: "MessageControlType is TestMessage: the package is checked and reported, never \
              delivered.",
        fix: "Send it as LiveMessage when the release is to go to the stores.",
        source: "DDEX ERN 3.8.2, MessageControlType",
        check: test_message,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-008",
        title: "Live message from an account in its test phase",
        weight: Weight::WARNING,
        why: "While an account is being tried out, everything it sends is handled as a test: \
              checked and reported, never delivered.",
        fix: "Nothing, if this is a trial. When your account is live, upload the release again.",
        source: "drop zone; DDEX ERN 3.8.2, MessageControlType",
        check: live_while_in_test,
        ..Rule::BASE
    },
    Rule {
        code: "HDR-009",
        title: "Sent on behalf of somebody else",
        weight: Weight::WARNING,
        why: "SentOnBehalfOf names whose releases these are. Stores pay and report to that party, \
              and for this account only its own DPID is registered.",
        fix: "Remove SentOnBehalfOf if the release is your own; otherwise ask us to register the \
              party for your account.",
        source: "DDEX ERN 3.8.2, MessageHeader",
        ack: "IdentifierInvalid",
        check: on_behalf_of_another,
        ..Rule::BASE
    },
];

/// `PADPIDA` and eleven letters or digits.
pub(super) fn is_dpid(text: &str) -> bool {
    text.strip_prefix("PADPIDA")
        .is_some_and(|rest| rest.len() == 11 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn sender_without_dpid(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let sender = &message.header.sender;
    let note = match sender.id.as_ref().filter(|id| !id.is_empty()) {
        None => Note::new("The message does not say who sends it: MessageSender has no PartyId.")
            .at(if sender.at.line > 0 {
                &sender.at
            } else {
                &message.header.at
            }),
        Some(id) if is_dpid(id.as_str()) => return,
        Some(id) if id.as_str() == "YOUR_LABEL_ID" => Note::new(
            "The sender's PartyId is “YOUR_LABEL_ID”, the placeholder of the guide's example.",
        )
        .at(&id.at)
        .found(id.as_str()),
        Some(id) => Note::new(format!(
            "The sender's PartyId is {}, which is no DDEX party identifier.",
            quoted(id.as_str())
        ))
        .at(&id.at)
        .found(id.as_str()),
    };
    findings.add(note.expected("PADPIDA and 11 letters or digits"));
}

fn foreign_sender(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(id) = case
        .message
        .and_then(|message| message.header.sender.id.as_ref())
    else {
        return;
    };
    let taken = case
        .subject
        .history
        .is_some_and(|history| history.dpid_of_other_label);
    let note = match case.subject.label_dpid {
        // What is no DPID at all is HDR-001's.
        Some(own) if is_dpid(id.as_str()) && !own.eq_ignore_ascii_case(id.as_str()) => {
            Note::new(format!(
                "This account delivers for {own}; the message says it is from {}.",
                quoted(id.as_str())
            ))
            .expected(own)
        }
        Some(_) => return,
        None if taken => Note::new(format!(
            "The message says it is from {}, which is registered for another account here.",
            quoted(id.as_str())
        )),
        None => return,
    };
    findings.add(note.at(&id.at).found(id.as_str()));
}

fn addressed_to_another(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some(message), Some(own)) = (case.message, case.subject.own_dpid) else {
        return;
    };
    let stated: Vec<_> = message
        .header
        .recipients
        .iter()
        .filter_map(|party| Some((party, party.id.as_ref()?)))
        // A placeholder such as the guide's `RECIPIENT_ID` names nobody else.
        .filter(|(_, id)| is_dpid(id.as_str()))
        .collect();
    if stated
        .iter()
        .any(|(_, id)| id.as_str().eq_ignore_ascii_case(own))
    {
        return;
    }
    let Some((party, id)) = stated.first() else {
        return;
    };
    let name = party.name.as_ref().filter(|name| !name.is_empty());
    findings.add(
        Note::new(format!(
            "The message is addressed to {}{}; our DPID is {own}.",
            quoted(id.as_str()),
            name.map(|name| format!(" ({})", quoted(name.as_str())))
                .unwrap_or_default(),
        ))
        .at(&id.at)
        .expected(own)
        .found(id.as_str()),
    );
}

fn used_message_id(case: &Case<'_>, findings: &mut Findings<'_>) {
    let id = case
        .message
        .and_then(|message| message.header.message_id.as_ref());
    let last = case
        .subject
        .history
        .and_then(|history| history.same_message_id.last());
    let (Some(id), Some(last)) = (id, last) else {
        return;
    };
    findings.add(
        Note::new(format!(
            "The MessageId {} was already used on {} for another release, {}.",
            quoted(id.as_str()),
            told(last.received_at),
            titled(&last.title)
        ))
        .at(&id.at)
        .found(id.as_str()),
    );
}

/// Packages that were checked and not turned down: what they said counts.
fn was_accepted(earlier: &Earlier) -> bool {
    match earlier.status {
        Status::NeedsQc | Status::QcApproved | Status::Delivered => true,
        Status::Superseded => earlier.judged,
        Status::Receiving
        | Status::Incoming
        | Status::Invalid
        | Status::QcRejected
        | Status::Parked => false,
    }
}

/// When a message was made, in words; one that says it was made after it came is known by when it came.
fn told_made(made: Timestamp, stated: &str) -> String {
    let is_stated = moment(stated).is_some_and(|(stated, _)| stated == made);
    let word = if is_stated { "made" } else { "received" };
    format!("{word} on {}", told(made))
}

fn older_message(case: &Case<'_>, findings: &mut Findings<'_>) {
    let created = case
        .message
        .and_then(|message| message.header.created.as_ref());
    let (Some(text), Some(history)) = (created, case.subject.history) else {
        return;
    };
    let received = history.received_at.unwrap_or(case.subject.now);
    let Some(mine) = made_at(text.as_str(), received) else {
        return;
    };
    let newest = history
        .same_release
        .iter()
        .filter(|earlier| was_accepted(earlier))
        .filter_map(|earlier| {
            let stated = earlier.message_created.as_deref()?;
            Some((made_at(stated, earlier.received_at)?, stated))
        })
        .max_by_key(|(made, _)| *made);
    // An operator's takedown has no message; its own time counts. Where other DSPs keep the release,
    // only the pushes to those that do not are held.
    let taken_down = history.takedowns.last_by_us();
    if let Some(taken_down) = taken_down.filter(|at| history.takedowns.everywhere && mine < *at) {
        findings.add(
            Note::new(format!(
                "This message was {}. On {} we took the release down, and an older message does not \
                 undo that.",
                told_made(mine, text.as_str()),
                told(taken_down)
            ))
            .at(&text.at)
            .expected(format!("after {}", told(taken_down)))
            .found(text.as_str()),
        );
        return;
    }
    let Some((newest, stated)) = newest else {
        return;
    };
    if mine < newest {
        findings.add(
            Note::new(format!(
                "This message was {}. We already have a newer one of this release, {}.",
                told_made(mine, text.as_str()),
                told_made(newest, stated)
            ))
            .at(&text.at)
            .expected(format!("after {}", told(newest)))
            .found(text.as_str()),
        );
    }
}

fn doubtful_time(case: &Case<'_>, findings: &mut Findings<'_>) {
    let created = case
        .message
        .and_then(|message| message.header.created.as_ref());
    let Some(created) = created else {
        return;
    };
    let written = quoted(created.as_str());
    let tomorrow = case
        .subject
        .now
        .saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(case.subject.now);
    let what = match moment(created.as_str()) {
        None => format!("{written} is no date and time. We cannot tell how old this message is."),
        Some((moment, _)) if moment > tomorrow => {
            format!(
                "The message says it was made on {}, which is in the future.",
                told(moment)
            )
        }
        Some((_, false)) => format!("{written} has no time zone; we read it as UTC."),
        Some((_, true)) => return,
    };
    findings.add(Note::new(what).at(&created.at).found(created.as_str()));
}

fn test_message(case: &Case<'_>, findings: &mut Findings<'_>) {
    let control = case
        .message
        .and_then(|message| message.header.control_type.as_ref());
    if let Some(control) = control.filter(|control| control.as_str() == "TestMessage") {
        findings.add(
            Note::new("This is a test message: it is checked and reported, and not delivered.")
                .at(&control.at),
        );
    }
}

fn live_while_in_test(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message.filter(|_| case.subject.in_test) else {
        return;
    };
    let control = message.header.control_type.as_ref();
    if control.is_some_and(|control| control.as_str() == "TestMessage") {
        return;
    }
    findings.add(
        Note::new(
            "Your account is in its test phase: this live message was handled as a test and is not \
             delivered.",
        )
        .at(control.map_or(&message.header.at, |control| &control.at)),
    );
}

fn on_behalf_of_another(case: &Case<'_>, findings: &mut Findings<'_>) {
    let party = case
        .message
        .and_then(|message| message.header.on_behalf_of.as_ref());
    let (Some(party), Some(own)) = (party, case.subject.label_dpid) else {
        return;
    };
    let Some(id) = party.id.as_ref().filter(|id| !id.is_empty()) else {
        return;
    };
    if id.as_str().eq_ignore_ascii_case(own) {
        return;
    }
    let name = party.name.as_ref().filter(|name| !name.is_empty());
    let whose = name.map(|name| format!(" ({})", quoted(name.as_str())));
    findings.add(
        Note::new(format!(
            "The message is sent on behalf of {}{}, which is not registered for this account.",
            quoted(id.as_str()),
            whose.unwrap_or_default()
        ))
        .at(&id.at)
        .expected(own)
        .found(id.as_str()),
    );
}
