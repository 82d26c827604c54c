//! Check characters of the identifiers that are not ours: `GRid`, ISWC, ISNI and IPI. (GTIN and ISRC
//! are in `ids`.) An identifier is given as it was written; separators that people use are left out.

/// What is wrong with an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeFault {
    /// It has not the form that it has to have.
    Form,
    /// Its last character does not follow from the others; the right one is given.
    Check {
        /// The character that the rule asks for.
        expected: char,
    },
}

/// The characters of an identifier without the separators that people put between them.
pub fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '-' | '.' | ' ' | '\u{a0}'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// A Global Release Identifier: `A1`, issuer, number; 18 letters and digits, the last by ISO 7064
/// modulo 37,36.
pub fn check_grid(text: &str) -> Result<(), CodeFault> {
    let code = bare(text);
    let body = code.strip_suffix(|_: char| true).unwrap_or_default();
    if code.len() != 18
        || !code.starts_with("A1")
        || !code.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return Err(CodeFault::Form);
    }
    compare(&code, mod_37_36(body))
}

/// An International Standard Musical Work Code: `T` and ten digits, the last by ISO 15707.
pub fn check_iswc(text: &str) -> Result<(), CodeFault> {
    let code = bare(text);
    let digits = code.strip_prefix('T').ok_or(CodeFault::Form)?;
    if digits.len() != 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CodeFault::Form);
    }
    let sum: u32 = digits
        .bytes()
        .take(9)
        .zip(1..)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    compare(&code, char::from_digit((10 - (sum + 1) % 10) % 10, 10))
}

/// An International Standard Name Identifier: fifteen digits and a digit or `X`, by ISO 7064
/// modulo 11-2.
pub fn check_isni(text: &str) -> Result<(), CodeFault> {
    let code = bare(text);
    let (body, last) = code.split_at_checked(15).ok_or(CodeFault::Form)?;
    let is_last = last.len() == 1 && last.bytes().all(|b| b.is_ascii_digit() || b == b'X');
    if !is_last || !body.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CodeFault::Form);
    }
    let rest = body
        .bytes()
        .fold(0_u32, |p, digit| (p + u32::from(digit - b'0')) * 2 % 11);
    let expected = match (12 - rest) % 11 {
        10 => Some('X'),
        digit => char::from_digit(digit, 10),
    };
    compare(&code, expected)
}

/// An Interested Party Information number: nine to eleven digits. Leading zeros come and go, so its
/// check digits are not looked at.
pub fn check_ipi(text: &str) -> Result<(), CodeFault> {
    let code = bare(text);
    if (9..=11).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(CodeFault::Form)
    }
}

fn compare(code: &str, expected: Option<char>) -> Result<(), CodeFault> {
    match expected {
        Some(expected) if !code.ends_with(expected) => Err(CodeFault::Check { expected }),
        Some(_) => Ok(()),
        None => Err(CodeFault::Form),
    }
}

/// ISO 7064, hybrid system modulo 37,36, over digits and capital letters.
fn mod_37_36(body: &str) -> Option<char> {
    let mut product = 36;
    for c in body.chars() {
        let sum = (product + c.to_digit(36)?) % 36;
        product = (if sum == 0 { 36 } else { sum }) * 2 % 37;
    }
    let check = char::from_digit((37 - product) % 36, 36)?;
    Some(check.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_are_right() {
        for good in ["A1-2425G-ABC1234002-M", "A12425GABC1234002M"] {
            assert_eq!(check_grid(good), Ok(()), "{good}");
        }
        for good in ["T-034.524.680-1", "T0345246801", "t-000.000.001-0"] {
            assert_eq!(check_iswc(good), Ok(()), "{good}");
        }
        for good in [
            "0000 0001 2103 2683",
            "0000000121032683",
            "000000012146438X",
        ] {
            assert_eq!(check_isni(good), Ok(()), "{good}");
        }
        for good in ["00052210040", "123456789"] {
            assert_eq!(check_ipi(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_right_last_character_is_named() {
        let wrong = |expected| Err(CodeFault::Check { expected });
        assert_eq!(check_grid("A12425GABC1234002N"), wrong('M'));
        assert_eq!(check_iswc("T0345246802"), wrong('1'));
        assert_eq!(check_isni("0000000121032684"), wrong('3'));
    }

    #[test]
    fn other_texts_have_not_the_form() {
        for bad in ["", "A1", "B12425GABC1234002M", "A12425GABC12340é2M"] {
            assert_eq!(check_grid(bad), Err(CodeFault::Form), "{bad}");
        }
        for bad in ["", "0345246801", "T034524680", "T03452468é1"] {
            assert_eq!(check_iswc(bad), Err(CodeFault::Form), "{bad}");
        }
        for bad in ["", "123", "00000001210326833", "00000001210326é3"] {
            assert_eq!(check_isni(bad), Err(CodeFault::Form), "{bad}");
        }
        for bad in ["", "12345678", "123456789012", "I-00052210040"] {
            assert_eq!(check_ipi(bad), Err(CodeFault::Form), "{bad}");
        }
    }
}
