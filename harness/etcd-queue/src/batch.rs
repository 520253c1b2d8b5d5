//! How much goes into one transaction.

/// etcd takes requests of 1.5 MiB unless it was started otherwise (etcd v3.5.16 server/embed/config.go,
/// `DefaultMaxRequestBytes`); comparisons, marks and framing want their share.
const MOST_BYTES: usize = 1024 * 1024;
/// What an item costs beyond its own bytes: its key is in a comparison too, and both are framed.
const FRAMING_BYTES: usize = 128;

/// How many of the first items, whose sizes are given, fit into one transaction of at most `most_items`; at
/// least one, however large it is: etcd then decides.
pub(crate) fn fitting(sizes: impl Iterator<Item = usize>, most_items: usize) -> usize {
    let mut bytes = 0_usize;
    let fit = sizes.take(most_items).take_while(|size| {
        bytes = bytes.saturating_add(size.saturating_add(FRAMING_BYTES));
        bytes <= MOST_BYTES
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_at_the_number_of_items_or_of_bytes_whichever_comes_first() {
        assert_eq!(fitting(std::iter::repeat(10), 126), 126);
        assert_eq!(fitting([10; 3].into_iter(), 126), 3);
        assert_eq!(fitting(std::iter::repeat(MOST_BYTES / 4 - FRAMING_BYTES), 126), 4);
        assert_eq!(fitting([MOST_BYTES, 1].into_iter(), 126), 1);
        assert_eq!(fitting([2 * MOST_BYTES].into_iter(), 126), 1);
    }
}
