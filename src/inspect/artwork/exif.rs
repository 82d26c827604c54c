//! Which way up a picture is said to be. Source: Exif 3.0, 4.6.5; TIFF 6.0, sections 2 and 8.

use crate::inspect::bytes::Order;

/// The tag "Orientation" of the first directory.
const ORIENTATION: u16 = 0x0112;
/// Entries of a directory that are looked at; cameras write about twenty.
const MOST_ENTRIES: usize = 500;

/// EXIF orientation, 1 to 8, out of a TIFF structure.
pub(super) fn orientation(tiff: &[u8]) -> Option<u32> {
    let order = match tiff.get(..4)? {
        b"II*\0" => Order::Little,
        b"MM\0*" => Order::Big,
        _ => return None,
    };
    let directory = order.u32(tiff, 4)? as usize;
    let count = usize::from(order.u16(tiff, directory)?);
    (0..count.min(MOST_ENTRIES))
        .map(|entry| directory.saturating_add(2 + 12 * entry))
        .find(|at| order.u16(tiff, *at) == Some(ORIENTATION))
        .and_then(|at| order.u16(tiff, at.saturating_add(8)))
        .map(u32::from)
        .filter(|value| (1..=8).contains(value))
}

#[cfg(test)]
mod tests {
    use super::orientation;

    #[test]
    fn both_byte_orders_are_read_and_nonsense_is_none() {
        let big = b"MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\0\x05\0\0\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        assert_eq!(orientation(big), Some(6));
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0";
        assert_eq!(orientation(little), Some(3));
        assert_eq!(orientation(&little[..18]), None);
        assert_eq!(
            orientation(b"II*\0\xff\xff\xff\xff\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"),
            None
        );
        assert_eq!(orientation(b""), None);
    }
}
