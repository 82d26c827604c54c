//! Booklets and sheet music in ERN 3.8.2.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v382;
use super::super::values::{TEXT_TYPES, holds, text_codec};
use super::coded;
use super::resources::file_node;
use crate::domain::release::Text;

/// One of them.
pub(super) fn sheet(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let sheet = job.sheets.get(index)?;
    let (other, files) = (sheet.other, sheet.files.clone());
    let owner = job.owner();
    let sender = format!("DPID:{}", job.out.sender.dpid);
    let id = Node::text("ProprietaryId", &sheet.id).with("Namespace", sender.as_str());
    let reference = Node::text("ResourceReference", &sheet.reference);
    let title = other.title.as_ref().map(Text::as_str);
    let is_text = other.element == "Text";
    let (mut node, order) = if is_text {
        let mut node = Node::new("Text");
        node.push(id.inside("TextId"));
        let title = title.map(|title| Node::text("TitleText", title).inside("Title"));
        node.extend(title);
        (node, v382::TEXT)
    } else {
        let mut node = Node::new("SheetMusic");
        node.push(id.inside("SheetMusicId"));
        let title = title.unwrap_or_else(|| job.main.title());
        node.push(Node::text("TitleText", title).inside("ReferenceTitle"));
        (node, v382::SHEET_MUSIC)
    };
    node.push(reference);
    if let Some(kind) = &other.kind {
        let (name, known) = if is_text {
            ("TextType", holds(TEXT_TYPES, kind.text.as_str()))
        } else {
            ("SheetMusicType", false)
        };
        node.push(coded(name, kind, known, &owner));
    }
    let (details, technical) = if is_text {
        ("TextDetailsByTerritory", "TechnicalTextDetails")
    } else {
        ("SheetMusicDetailsByTerritory", "TechnicalSheetMusicDetails")
    };
    let mut block = Node::new(details);
    block.push(Node::text("TerritoryCode", "Worldwide"));
    for file in files {
        let mut inner = Node::new(technical);
        let reference = job.next_technical();
        inner.push(Node::text("TechnicalResourceDetailsReference", reference));
        if is_text {
            inner.push_text("TextCodecType", text_codec(&file.name));
        }
        inner.push(file_node(file, &sender));
        block.push(inner.in_order(v382::TECHNICAL_TEXT_DETAILS));
    }
    node.push(block.in_order(v382::TEXT_DETAILS_BY_TERRITORY));
    Some(node.in_order(order))
}
