#![allow(clippy::unwrap_used)]

use loona_hpack::{Decoder, Encoder};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::wire::huffman::encode;

/// RFC 7541, appendix C.4.1: the first request of the example, coded.
const REQUEST: [u8; 17] =
    [0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];

#[test]
fn a_coded_request_of_the_rfc_is_the_uncoded_one() {
    // RFC 7541, appendix C.3.1.
    let expected = [&[0x82, 0x86, 0x84, 0x41, 0x0f][..], b"www.example.com"].concat();
    assert_eq!(written_out(&REQUEST), Ok(expected));
}

#[test]
fn what_is_cut_off_is_left_for_its_reader() {
    for length in 0..REQUEST.len() {
        let cut = &REQUEST[..length];
        let plain = written_out(cut).unwrap();
        assert_eq!(plain, cut, "{length}");
    }
}

#[test]
fn a_string_that_is_not_coded_as_it_says_is_refused() {
    assert_eq!(written_out(&[0x41, 0x81, 0b0001_1110]), Err(NotHuffman));
}

#[test]
fn a_long_string_has_a_length_of_several_octets() {
    for length in [126, 127, 128, 254, 255, 16_510, 16_511] {
        let mut block = vec![0x41];
        push_length(length, &mut block);
        assert_eq!(number(&block[1..], STRING_BITS), Some((length, block.len() - 1)));
        block.extend(vec![b'x'; length]);
        assert_eq!(written_out(&block).unwrap(), block, "{length}");
    }
}

/// A literal field under a new name, both strings coded; it enters the table.
fn coded_field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut field = vec![0x40];
    for string in [encode(name), encode(value)] {
        let start = field.len();
        push_length(string.len(), &mut field);
        field[start] |= CODED;
        field.extend(string);
    }
    field
}

/// The fields of one block after the other.
type Headers = Vec<Vec<(Vec<u8>, Vec<u8>)>>;

fn headers() -> impl Strategy<Value = Headers> {
    let name = vec(prop::sample::select(b"abcdefgh-:".to_vec()), 1..20);
    vec(vec((name, vec(any::<u8>(), 0..200)), 0..10), 1..5)
}

proptest! {
    /// The library reads coded strings itself, slowly: what it makes of them is what is to come out here.
    #[test]
    fn a_block_written_out_means_the_same(headers in headers()) {
        let (mut ours, mut theirs) = (Decoder::new(), Decoder::new());
        for fields in headers {
            let block: Vec<u8> = fields.iter().flat_map(|(name, value)| coded_field(name, value)).collect();
            prop_assert_eq!(theirs.decode(&block).unwrap(), fields.clone());
            prop_assert_eq!(ours.decode(&written_out(&block).unwrap()).unwrap(), fields);
        }
    }

    #[test]
    fn any_octets_are_survived(octets in vec(any::<u8>(), 0..100)) {
        let _ = written_out(&octets);
    }

    /// What the library writes, it writes without codes: nothing is changed.
    #[test]
    fn what_is_not_coded_is_not_changed(headers in headers()) {
        let mut encoder = Encoder::new();
        for fields in headers {
            let block = encoder.encode(fields.iter().map(|(name, value)| (&name[..], &value[..])));
            prop_assert_eq!(written_out(&block).unwrap(), block);
        }
    }
}
