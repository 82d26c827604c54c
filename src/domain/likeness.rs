//! Whether two pictures look alike, by the 128 bits that inspection makes of each: 64 of shapes,
//! then 64 of colours.

/// Bits that copies of one picture may differ by, after scaling and compressing it again. Other
/// pictures differ by about 32; a new title on the same picture by few.
const MOST_SHAPES: u32 = 4;
const MOST_COLOURS: u32 = 6;

/// Whether two likenesses are of one picture.
pub fn alike(one: &str, other: &str) -> bool {
    let (Some((shapes, colours)), Some((other_shapes, other_colours))) =
        (halves(one), halves(other))
    else {
        return false;
    };
    (shapes ^ other_shapes).count_ones() <= MOST_SHAPES
        && (colours ^ other_colours).count_ones() <= MOST_COLOURS
}

fn halves(likeness: &str) -> Option<(u64, u64)> {
    let (shapes, colours) = likeness.split_at_checked(16)?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((
        number(shapes)?,
        number(colours).filter(|_| colours.len() == 16)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn few_bits_are_a_copy_and_many_another_picture() {
        let cover = "1a6d9652baa12dcaeaa8eaa3eaaa28e3";
        assert!(alike(cover, cover));
        assert!(alike(cover, "1a6d9652baa12dc8eaa8eaa3eaaa28e1"));
        assert!(
            !alike(cover, "1a6d9652baa12dca0000eaa3eaaa28e3"),
            "other colours"
        );
        assert!(
            !alike(cover, "156d9652baa12dc5eaa8eaa3eaaa28e3"),
            "other shapes"
        );
        assert!(!alike("", "") && !alike("x", cover) && !alike(&cover[..16], &cover[..16]));
    }
}
