//! The Huffman code of header fields (RFC 7541, section 5.2 and appendix B).
//!
//! The library that keeps the tables of a connection reads such strings too, but makes the code's own table anew for
//! each of them, which took more than half of the time of a run. Here it is a constant.

/// The octets by the length of their codes, bits; in each row in the order of their codes.
///
/// The code is canonical, so that this is all of it: the first code of a length follows the last one of the length
/// before, and the codes of one length follow one another. The very last, of 30 bits, is no octet but the end.
const OCTETS: [(u32, &[u8]); 21] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\0$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, &[92, 195, 208]),
    (20, &[128, 130, 131, 162, 184, 194, 224, 226]),
    (21, &[153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]),
    (
        22,
        &[
            129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187,
            189, 190, 196, 198, 228, 232, 233,
        ],
    ),
    (
        23,
        &[
            1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174,
            175, 180, 182, 183, 188, 191, 197, 231, 239,
        ],
    ),
    (24, &[9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]),
    (25, &[199, 207, 234, 235]),
    (26, &[192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]),
    (27, &[203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254]),
    (
        28,
        &[
            2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31,
            127, 220, 249,
        ],
    ),
    (30, &[10, 13, 22]),
];

/// The first code of each length.
const FIRST: [u32; OCTETS.len()] = {
    let mut first = [0; OCTETS.len()];
    let mut row = 1;
    while row < OCTETS.len() {
        let (shorter, octets) = OCTETS[row - 1];
        first[row] = (first[row - 1] + octets.len() as u32) << (OCTETS[row].0 - shorter);
        row += 1;
    }
    first
};

/// The longest padding, bits: what is longer hides an octet's worth.
const LONGEST_PADDING: u32 = 7;

/// The bits are no string: an end in the middle, or a padding that is too long or is not all ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Huffman-coded string expected that ends in at most 7 bits of padding, all ones")]
pub(super) struct NotHuffman;

/// Appends the octets that are coded there.
pub(super) fn decode(coded: &[u8], octets: &mut Vec<u8>) -> Result<(), NotHuffman> {
    // The bits that are read and not yet used up are the lowest ones.
    let mut window: u64 = 0;
    let mut bits: u32 = 0;
    let mut rest = coded.iter();
    loop {
        while bits <= u32::BITS
            && let Some(octet) = rest.next()
        {
            window = window << 8 | u64::from(*octet);
            bits += 8;
        }
        match next(window, bits) {
            Some((octet, length)) => {
                octets.push(octet);
                bits -= length;
            }
            None => {
                let padding = (1 << bits.min(u32::BITS)) - 1;
                let padded = bits <= LONGEST_PADDING && window & padding == padding;
                return if padded { Ok(()) } else { Err(NotHuffman) };
            }
        }
    }
}

/// The octet that the lowest `bits` bits begin with, and the length of its code.
fn next(window: u64, bits: u32) -> Option<(u8, u32)> {
    for ((length, octets), first) in OCTETS.into_iter().zip(FIRST) {
        let spare = bits.checked_sub(length)?;
        let code = window >> spare & ((1 << length) - 1);
        let place = code.checked_sub(u64::from(first)).and_then(|place| usize::try_from(place).ok());
        if let Some(octet) = place.and_then(|place| octets.get(place)) {
            return Some((*octet, length));
        }
    }
    None
}

/// The code of these octets, for the tests of this room.
#[cfg(test)]
pub(super) fn encode(octets: &[u8]) -> Vec<u8> {
    let mut bits = Vec::new();
    for octet in octets {
        for ((length, coded), first) in OCTETS.into_iter().zip(FIRST) {
            let place = coded.iter().position(|coded| coded == octet);
            let code = place.and_then(|place| u32::try_from(place).ok()).map(|place| first + place);
            bits.extend(code.into_iter().flat_map(|code| (0..length).rev().map(move |bit| code >> bit & 1)));
        }
    }
    bits.chunks(8)
        .map(|bits| (0..8).fold(0, |octet, bit| octet << 1 | *bits.get(bit).unwrap_or(&1) as u8))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, NotHuffman> {
        let mut octets = Vec::new();
        decode(coded, &mut octets).map(|()| octets)
    }

    /// RFC 7541, appendix C.4.1 and C.6.1.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let coded = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&coded).unwrap(), b"www.example.com");
        assert_eq!(decoded(&[0xae, 0xc3, 0x77, 0x1a, 0x4b]).unwrap(), b"private");
    }

    #[test]
    fn a_padding_is_short_and_all_ones() {
        assert_eq!(decoded(&[]).unwrap(), b"");
        // The code of 'a' is 00011.
        assert_eq!(decoded(&[0b0001_1111]).unwrap(), b"a");
        assert_eq!(decoded(&[0b0001_1110]), Err(NotHuffman));
        assert_eq!(decoded(&[0b0001_1111, 0xff]), Err(NotHuffman));
        // Thirty ones are the end, which no string holds.
        assert_eq!(decoded(&[0xff; 4]), Err(NotHuffman));
    }

    #[test]
    fn every_octet_has_one_code_and_they_fill_the_space() {
        let mut all: Vec<u8> = OCTETS.iter().flat_map(|(_, octets)| octets.iter().copied()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..=255).collect::<Vec<_>>());
        let (longest, octets) = OCTETS[OCTETS.len() - 1];
        let end = FIRST[OCTETS.len() - 1] + u32::try_from(octets.len()).unwrap();
        assert_eq!(end, (1 << longest) - 1);
    }
}
