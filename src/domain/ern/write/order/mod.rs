//! The order that the schemas want: names of the elements of a type, as their sequences and choices
//! list them. Facts.

pub(super) mod v382;
pub(super) mod v43;

/// The elements of one type in their order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Name of the schema's type, or of the element where the schema gives its type no name.
    pub kind: &'static str,
    /// Names in their order, white space between them.
    pub names: &'static str,
}

/// A constant for each type, and `ALL` of them for whoever checks the tables.
macro_rules! orders {
    ($($constant:ident = $kind:literal: $names:literal;)*) => {
        $(
            #[doc = concat!("`", $kind, "`.")]
            pub(in crate::domain::ern::write) const $constant: super::Order = super::Order {
                kind: $kind,
                names: $names,
            };
        )*

        /// Every table.
        pub(in crate::domain::ern::write) const ALL: &[super::Order] = &[$($constant),*];
    };
}
use orders;

/// Where a name stands; what is not in the list comes last.
pub(super) fn place(order: Order, name: &str) -> usize {
    let mut names = order.names.split_ascii_whitespace();
    names.position(|word| word == name).unwrap_or(usize::MAX)
}
