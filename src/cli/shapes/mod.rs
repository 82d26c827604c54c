//! The public JSON of lists and details. Described by `schemas/*.schema.json`, which a test keeps
//! true; adding a field is fine, renaming or removing one is a breaking change.

mod label;
mod mail;
mod package;
mod preview;
mod push;
mod rule;
mod state;

pub use label::{LabelDetail, LabelList};
pub use mail::{MailDetail, MailLine, MailList};
pub use package::{HistoryLine, LetterLine, PackageDetail, PackageLine, PackageList};
pub use preview::{PreviewDetail, PreviewFault, PreviewFile};
pub use push::{GateLine, GateList, PushLine, PushList, TakedownDetail, TakesDown};
pub use rule::{FixDetail, RuleChangeLine, RuleDetail, RuleList};
pub use state::{FullLine, Pardoned, PenaltyLine, PenaltyList, StatusDetail};
