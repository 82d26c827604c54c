//! Booklets and sheet music in ERN 4.3.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v43;
use super::super::shown::{artist_names, display_titles, release_artists};
use super::super::values::{TEXT_TYPES_OF_4, holds, text_codec};
use super::resources::file_node;
use super::{coded, locals};
use crate::domain::release::{Coded, Text};

/// One of them.
pub(super) fn sheet(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let sheet = job.sheets.get(index)?;
    let (other, files, id) = (sheet.other, sheet.files.clone(), sheet.id.clone());
    let is_text = other.element == "Text";
    let mut node = Node::new(if is_text { "Text" } else { "SheetMusic" });
    node.push(Node::text("ResourceReference", &sheet.reference));
    let owner = job.owner();
    node.push(kind(other.kind.as_ref(), is_text, &owner));
    node.push(
        Node::text("ProprietaryId", id)
            .with("Namespace", format!("DPID:{}", job.out.sender.dpid))
            .inside("ResourceId"),
    );
    if let Some(title) = &other.title {
        node.push(Node::text("DisplayTitleText", title.as_str()));
        node.push(Node::text("TitleText", title.as_str()).inside("DisplayTitle"));
    }
    if !is_text {
        // Whose it is; the schema wants it here, and not of a booklet.
        let main = job.main;
        let title = display_titles(&main.titles).into_iter().next();
        let at = title.map_or_else(Text::default, |title| title.text);
        let names = artist_names(&main.more.artist_names, &release_artists(job), &at);
        node.extend(locals(job, "DisplayArtistName", &names, true));
    }
    for file in files {
        let mut details = Node::new("TechnicalDetails");
        let reference = job.next_technical();
        details.push(Node::text("TechnicalResourceDetailsReference", reference));
        if is_text {
            details.push_text("TextCodecType", text_codec(&file.name));
        }
        details.push(file_node(file));
        node.push(details.in_order(v43::TECHNICAL_TEXT_DETAILS));
    }
    Some(node.in_order(if is_text { v43::TEXT } else { v43::SHEET_MUSIC }))
}

/// Its type, which 4.3 wants; DDEX lists none for sheet music.
fn kind(stated: Option<&Coded>, is_text: bool, owner: &str) -> Node {
    match stated {
        Some(kind) => {
            let known = is_text && holds(TEXT_TYPES_OF_4, kind.text.as_str());
            coded("Type", kind, known, owner)
        }
        None if is_text => Node::text("Type", "Unknown"),
        None => Node::text("Type", "UserDefined")
            .with("Namespace", owner)
            .with("UserDefinedValue", "SheetMusic"),
    }
}
