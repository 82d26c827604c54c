//! Colour profiles to embed in generated covers. Source: ICC.1:2001-04, 6.

/// A display's profile of primaries in the profile connection space (X, Y, Z of red, green, blue),
/// a gamma in 256ths, and a description.
pub fn display(name: &str, primaries: [[f64; 3]; 3], gamma: u16) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let xyz = |values: [f64; 3]| [b"XYZ \0\0\0\0".to_vec(), values.map(fixed).concat()].concat();
    let curve = [
        b"curv\0\0\0\0\0\0\0\x01".as_slice(),
        &gamma.to_be_bytes(),
        &[0, 0],
    ]
    .concat();
    let described = [
        b"desc\0\0\0\0".as_slice(),
        &length(name.len() + 1),
        name.as_bytes(),
        // The end of the text, and no text in Unicode and in Macintosh's script.
        &[0; 79],
    ]
    .concat();
    let [red, green, blue] = primaries.map(xyz);
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", described),
        (b"cprt", b"text\0\0\0\0public domain\0".to_vec()),
        (b"wtpt", xyz(D50)),
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let mut table = length(tags.len()).to_vec();
    let mut data = Vec::new();
    let start = HEADER_BYTES + 4 + 12 * tags.len();
    for (name, content) in tags {
        table.extend(name);
        table.extend(length(start + data.len()));
        table.extend(length(content.len()));
        data.extend(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut profile = length(start + data.len()).to_vec();
    profile.extend(b"\0\0\0\0\x02\x10\0\0mntrRGB XYZ ");
    profile.resize(36, 0);
    profile.extend(b"acsp");
    profile.resize(68, 0);
    profile.extend(D50.map(fixed).concat());
    profile.resize(HEADER_BYTES, 0);
    profile.extend(table);
    profile.extend(data);
    profile
}

/// sRGB, its curve taken for a gamma of 2.2.
pub fn srgb() -> Vec<u8> {
    display("sRGB", SRGB, 0x0233)
}

/// sRGB's primaries.
pub const SRGB: [[f64; 3]; 3] = [
    [0.436_07, 0.222_49, 0.013_92],
    [0.385_15, 0.716_87, 0.097_08],
    [0.143_07, 0.060_61, 0.714_10],
];

const D50: [f64; 3] = [0.964_2, 1.0, 0.824_9];
const HEADER_BYTES: usize = 128;

/// s15Fixed16.
#[expect(
    clippy::cast_possible_truncation,
    reason = "primaries are between −2 and 2"
)]
fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}
