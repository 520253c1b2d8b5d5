//! Header blocks with every string in them written out (RFC 7541, section 6).

use super::huffman::{NotHuffman, decode};

/// The flag of a string that is Huffman-coded.
const CODED: u8 = 0x80;

/// What stands before a string or an index: this many of an octet's lowest bits begin the number.
const STRING_BITS: u32 = 7;

/// The same block, none of its strings Huffman-coded. It means the same, and leaves the same tables behind.
///
/// What is no block is left as it is from there on, for its reader to refuse.
///
/// # Errors
/// A string is not coded as it says.
pub(super) fn written_out(block: &[u8]) -> Result<Vec<u8>, NotHuffman> {
    let mut plain = Vec::with_capacity(block.len() * 2);
    let mut rest = block;
    let mut octets = Vec::new();
    while let Some((field, later)) = Field::first(rest) {
        plain.extend_from_slice(field.head);
        for string in field.strings.into_iter().flatten() {
            match string {
                Text::Plain(whole) => plain.extend_from_slice(whole),
                Text::Coded(coded) => {
                    octets.clear();
                    decode(coded, &mut octets)?;
                    push_length(octets.len(), &mut plain);
                    plain.extend_from_slice(&octets);
                }
            }
        }
        rest = later;
    }
    plain.extend_from_slice(rest);
    Ok(plain)
}

/// One field, or one change of the table's size.
struct Field<'a> {
    /// What it is, and the index of what is in a table.
    head: &'a [u8],
    /// Its name and its value, as far as they are in no table.
    strings: [Option<Text<'a>>; 2],
}

/// A string.
enum Text<'a> {
    /// With its length before it.
    Plain(&'a [u8]),
    /// Without.
    Coded(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The first field of a block, and what comes after it.
    fn first(block: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let index_bits = match block.first()? {
            0x80.. => 7,
            0x40..=0x7f => 6,
            0x20..=0x3f => 5,
            0..=0x1f => 4,
        };
        let (index, head_bytes) = number(block, index_bits)?;
        let (head, rest) = block.split_at_checked(head_bytes)?;
        // In a table whole, or no field at all.
        if matches!(index_bits, 7 | 5) {
            return Some((Self { head, strings: [None, None] }, rest));
        }
        let (name, rest) = match index {
            0 => Text::first(rest).map(|(name, rest)| (Some(name), rest))?,
            _ => (None, rest),
        };
        let (value, rest) = Text::first(rest)?;
        Some((Self { head, strings: [name, Some(value)] }, rest))
    }
}

impl<'a> Text<'a> {
    fn first(block: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, length_bytes) = number(block, STRING_BITS)?;
        let (whole, rest) = block.split_at_checked(length.checked_add(length_bytes)?)?;
        let text = match block.first()? & CODED {
            0 => Self::Plain(whole),
            _ => Self::Coded(whole.get(length_bytes..)?),
        };
        Some((text, rest))
    }
}

/// A number and how many octets it takes (RFC 7541, section 5.1); none where it is cut off or enormous.
fn number(block: &[u8], bits: u32) -> Option<(usize, usize)> {
    let most = (1_usize << bits) - 1;
    let (first, more) = block.split_first()?;
    let start = usize::from(*first) & most;
    if start < most {
        return Some((start, 1));
    }
    let mut value = most;
    for (index, octet) in more.iter().enumerate().take(4) {
        value += usize::from(octet & 0x7f) << (7 * index);
        if octet & 0x80 == 0 {
            return Some((value, index + 2));
        }
    }
    None
}

/// The length of a string that is not coded.
fn push_length(length: usize, block: &mut Vec<u8>) {
    let most = (1_usize << STRING_BITS) - 1;
    let low = |value: usize| u8::try_from(value & 0x7f).unwrap_or_default();
    if length < most {
        return block.push(low(length));
    }
    block.push(low(most));
    let mut left = length - most;
    while left > 0x7f {
        block.push(low(left) | 0x80);
        left >>= 7;
    }
    block.push(low(left));
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
