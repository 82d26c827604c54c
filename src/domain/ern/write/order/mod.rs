//! The order that the schemas want: names of the elements of a type, as their sequences and choices
//! list them. Facts.

pub(super) mod v382;
pub(super) mod v43;

/// Names in their order, white space between them.
pub(super) type Order = &'static str;

/// Where a name stands; what is not in the list comes last.
pub(super) fn place(order: Order, name: &str) -> usize {
    order
        .split_ascii_whitespace()
        .position(|word| word == name)
        .unwrap_or(usize::MAX)
}
