//! An ERN message as we understand it, free of any version's spelling.
//!
//! Every value keeps the place where it was read, so that a finding can point at it. Values are
//! texts as they were sent (trimmed); whether they are right is for the rules to say.

mod deal;
mod message;
mod party;
mod product;
mod resource;
mod text;

pub use super::territories::Territories;
pub use deal::{ClaimPolicy, Deal, DealMore, Price, ReleaseDeal};
pub use message::{
    Dialect, DialectUse, Header, Message, MessageKind, ReadFault, ReadFaultKind, Reading,
};
pub use party::{Artist, NameForms, Party, PartyCode, RightsLine, Title};
pub use product::{GroupItem, RelatedRelease, Release, ReleaseMore, ResourceLink};
pub use resource::{
    Image, NamedFile, OtherResource, Recording, RecordingMore, RightsController, StatedHash,
    Technical,
};
pub use text::{Coded, Genre, Local, Pos, ProprietaryId, Text, Unread};
