//! `PurgeReleaseMessage`.

use super::job::refusal;
use super::node::Node;
use super::order;
use super::shown::display_titles;
use super::{Outgoing, Refusal, Target, Written, header, v43, v382};
use crate::domain::release::{Message, Release, Text, Title};

/// See `super::purge`.
pub(super) fn write(message: &Message, out: &Outgoing) -> Result<Written, Vec<Refusal>> {
    let mut refusals = header::check(out);
    let main = message.main_release();
    let id = main.map(|main| identifier(main, out)).unwrap_or_default();
    let Some(main) = main.filter(|_| !id.is_empty()) else {
        refusals.push(refusal(
            "The release has no identifier by which a store could find it.",
            "Give it its barcode as ICPN.",
            &message.at,
        ));
        return Err(refusals);
    };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut purged = Node::new("PurgedRelease");
    purged.push(id);
    purged.extend(display_titles(&main.titles).first().map(title));
    let language = message.language.as_ref().map_or("en", Text::as_str);
    let root = Node::new("PurgeReleaseMessage");
    let (mut root, namespace, order) = match out.target {
        Target::V43 => (
            v43::with_version(root, language),
            v43::NAMESPACE,
            order::v43::PURGED_RELEASE,
        ),
        Target::V382 => (
            v382::with_version(root, language),
            v382::NAMESPACE,
            order::v382::PURGED_RELEASE,
        ),
    };
    root.push(header::header(out));
    root.push(purged.in_order(order));
    Ok(Written {
        xml: root.document(namespace),
        losses: Vec::new(),
    })
}

fn identifier(main: &Release, out: &Outgoing) -> Node {
    let mut id = Node::new("ReleaseId");
    id.push_text("GRid", main.grid.as_ref().map(Text::as_str));
    id.push_text("ICPN", main.icpn.as_ref().map(Text::as_str));
    match out.target {
        Target::V382 => {
            id.push_text("ISRC", main.isrc.as_ref().map(Text::as_str));
            id.in_order(order::v382::RELEASE_ID)
        }
        Target::V43 => {
            if let (true, Some(isrc)) = (id.is_empty(), &main.isrc) {
                let namespace = format!("DPID:{}", out.sender.dpid);
                id.push(Node::text("ProprietaryId", isrc.as_str()).with("Namespace", namespace));
            }
            id.in_order(order::v43::RELEASE_ID)
        }
    }
}

fn title(title: &Title) -> Node {
    let mut node = Node::new("Title");
    node.push(Node::text("TitleText", title.text.as_str()));
    node.push_text("SubTitle", title.sub.as_ref().map(Text::as_str));
    node
}
