//! `MessageHeader`, which both versions write alike.

use super::job::Job;
use super::node::Node;
use super::order::{v43, v382};
use super::values::is_dpid;
use super::{OutParty, Outgoing, Refusal, Target};
use crate::domain::release::Pos;

/// The header of a message.
pub(super) fn header(out: &Outgoing) -> Node {
    let mut header = Node::new("MessageHeader");
    header.push(Node::text("MessageThreadId", &out.thread_id));
    header.push(Node::text("MessageId", &out.message_id));
    header.push(party("MessageSender", &out.sender));
    let behalf = out
        .on_behalf_of
        .as_ref()
        .filter(|party| is_dpid(&party.dpid));
    header.extend(behalf.map(|label| party("SentOnBehalfOf", label)));
    header.push(party("MessageRecipient", &out.recipient));
    let created = out.created_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    header.push(Node::text("MessageCreatedDateTime", created));
    let control = if out.is_test {
        "TestMessage"
    } else {
        "LiveMessage"
    };
    header.push(Node::text("MessageControlType", control));
    header.in_order(match out.target {
        Target::V43 => v43::MESSAGE_HEADER,
        Target::V382 => v382::MESSAGE_HEADER,
    })
}

fn party(name: &'static str, party: &OutParty) -> Node {
    let mut node = Node::new(name);
    node.push(Node::text("PartyId", &party.dpid));
    if !party.name.is_empty() {
        node.push(Node::text("FullName", &party.name).inside("PartyName"));
    }
    node.in_order(v43::MESSAGING_PARTY)
}

/// DSP-002: identifiers of ours that no schema takes.
pub(super) fn check(out: &Outgoing) -> Vec<Refusal> {
    let parties = [("sender", &out.sender), ("recipient", &out.recipient)];
    let wrong = parties.iter().filter(|(_, party)| !is_dpid(&party.dpid));
    let refused = wrong.map(|(role, party)| Refusal {
        code: "DSP-002",
        message: format!(
            "The {role} of the message is “{}”, which is no DDEX party identifier: PADPIDA and letters or digits.",
            party.dpid
        ),
        fix: "Set `dpid` of [party] in dropzone.toml for the sender, `dpid` of [message_options] in the DSP's profile for the recipient.".to_owned(),
        at: Pos::default(),
    });
    refused.collect()
}

/// A label without an identifier of DDEX is not named in the header.
pub(super) fn tell_behalf(job: &mut Job<'_>) {
    let behalf = job.out.on_behalf_of.as_ref();
    if let Some(label) = behalf.filter(|party| !is_dpid(&party.dpid)) {
        let what = format!("SentOnBehalfOf {}", label.name);
        let at = job.message.header.at.clone();
        job.lose(
            what,
            "The header names parties by their DDEX identifier, and the label's is not known.",
            &at,
        );
    }
}
