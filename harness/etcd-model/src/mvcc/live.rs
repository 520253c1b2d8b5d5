//! The keys that exist now, in order, counted, and searchable for the longest untouched.
//!
//! A queue asks for the oldest item of its prefix and how many there are, over and over. etcd reads, sorts and
//! counts the whole range for that; here each node of a balanced tree knows both about everything below it, so the
//! answer costs a walk from the root.

use std::{cmp::Ordering, collections::BinaryHeap};

use bytes::Bytes;

use super::{revision::Revision, span::Span};

/// A treap: in order by key, a heap by a priority drawn at insertion, and by that balanced whatever the keys are.
#[derive(Clone, Debug)]
pub(super) struct LiveKeys {
    root: Link,
    /// The state of the generator of priorities. It starts the same each time: runs are repeatable.
    draw: u64,
}

type Link = Option<Box<Node>>;

#[derive(Clone, Debug)]
struct Node {
    key: Bytes,
    modified: Revision,
    priority: u64,
    left: Link,
    right: Link,
    /// How many keys this node and all below it are.
    size: usize,
    /// The longest untouched of them.
    oldest: Age,
}

/// How long a key has been untouched: by revision, and by key among those of one revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    revision: i64,
    key: Bytes,
}

impl Default for LiveKeys {
    fn default() -> Self {
        Self { root: None, draw: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl LiveKeys {
    /// When `key` was last put, if it exists.
    pub(super) fn modified(&self, key: &[u8]) -> Option<Revision> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(node.key.as_ref()) {
                Ordering::Less => &node.left,
                Ordering::Greater => &node.right,
                Ordering::Equal => return Some(node.modified),
            };
        }
        None
    }

    /// Notes that `key` was put.
    pub(super) fn put(&mut self, key: Bytes, modified: Revision) {
        if touch(&mut self.root, &key, modified) {
            return;
        }
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        let oldest = Age { revision: modified.main, key: key.clone() };
        let priority = self.draw;
        let node = Node { key, modified, priority, left: None, right: None, size: 1, oldest };
        self.root = Some(insert(self.root.take(), Box::new(node)));
    }

    /// Notes that `key` was deleted.
    pub(super) fn remove(&mut self, key: &[u8]) {
        self.root = without(self.root.take(), key);
    }

    /// How many keys lie in `span`.
    pub(super) fn count(&self, span: &Span) -> usize {
        let up_to_its_end = count_while(&self.root, &|key| !span.is_before(key));
        let up_to_its_start = count_while(&self.root, &|key| span.is_after(key));
        up_to_its_end.saturating_sub(up_to_its_start)
    }

    /// The keys in `span` in their order, at most `limit`, each with when it was last put.
    pub(super) fn in_order(&self, span: &Span, limit: usize) -> Vec<(&Bytes, Revision)> {
        let mut found = Vec::new();
        walk(&self.root, span, limit, &mut found);
        found
    }

    /// When the keys in `span` were last put, longest untouched first, at most `limit`; those of one revision in
    /// the order of the keys.
    pub(super) fn oldest(&self, span: &Span, limit: usize) -> Vec<Revision> {
        let mut candidates = BinaryHeap::new();
        gather(&self.root, span, Inside::NEITHER, &mut candidates);
        let mut found = Vec::new();
        while found.len() < limit {
            match candidates.pop() {
                None => break,
                Some(Candidate { part: Part::Alone, node, .. }) => found.push(node.modified),
                Some(Candidate { part: Part::Whole, node, .. }) => {
                    candidates.push(Candidate::alone(node));
                    candidates.extend(
                        [&node.left, &node.right].into_iter().flatten().map(|node| Candidate::whole(node)),
                    );
                }
            }
        }
        found
    }
}

impl Node {
    /// Sums up what lies below, after it has changed.
    fn measure(&mut self) {
        self.size = 1;
        self.oldest = Age { revision: self.modified.main, key: self.key.clone() };
        for below in [&self.left, &self.right].into_iter().flatten() {
            self.size += below.size;
            if below.oldest < self.oldest {
                self.oldest = below.oldest.clone();
            }
        }
    }
}

/// Changes when `key` was last put; whether it was there.
fn touch(link: &mut Link, key: &[u8], modified: Revision) -> bool {
    let Some(node) = link else { return false };
    let found = match key.cmp(node.key.as_ref()) {
        Ordering::Less => touch(&mut node.left, key, modified),
        Ordering::Greater => touch(&mut node.right, key, modified),
        Ordering::Equal => {
            node.modified = modified;
            true
        }
    };
    if found {
        node.measure();
    }
    found
}

/// Adds a node whose key is not there yet.
fn insert(link: Link, mut node: Box<Node>) -> Box<Node> {
    let Some(mut root) = link else { return node };
    if node.priority > root.priority {
        (node.left, node.right) = split(Some(root), &node.key);
        node.measure();
        return node;
    }
    if node.key < root.key {
        root.left = Some(insert(root.left.take(), node));
    } else {
        root.right = Some(insert(root.right.take(), node));
    }
    root.measure();
    root
}

/// Everything below `key`, and everything from it on.
fn split(link: Link, key: &[u8]) -> (Link, Link) {
    let Some(mut root) = link else { return (None, None) };
    if root.key.as_ref() < key {
        let (below, above) = split(root.right.take(), key);
        root.right = below;
        root.measure();
        (Some(root), above)
    } else {
        let (below, above) = split(root.left.take(), key);
        root.left = above;
        root.measure();
        (below, Some(root))
    }
}

/// Both as one; every key of `below` is below every key of `above`.
fn join(below: Link, above: Link) -> Link {
    match (below, above) {
        (None, link) | (link, None) => link,
        (Some(mut below), Some(mut above)) => Some(if below.priority > above.priority {
            below.right = join(below.right.take(), Some(above));
            below.measure();
            below
        } else {
            above.left = join(Some(below), above.left.take());
            above.measure();
            above
        }),
    }
}

/// The same without `key`.
fn without(link: Link, key: &[u8]) -> Link {
    let mut root = link?;
    match key.cmp(root.key.as_ref()) {
        Ordering::Less => root.left = without(root.left.take(), key),
        Ordering::Greater => root.right = without(root.right.take(), key),
        Ordering::Equal => return join(root.left.take(), root.right.take()),
    }
    root.measure();
    Some(root)
}

/// How many keys `holds` is true of; it must be true up to some key and false from there on.
fn count_while(link: &Link, holds: &impl Fn(&[u8]) -> bool) -> usize {
    match link {
        None => 0,
        Some(node) if holds(&node.key) => {
            1 + node.left.as_ref().map_or(0, |left| left.size) + count_while(&node.right, holds)
        }
        Some(node) => count_while(&node.left, holds),
    }
}

fn walk<'tree>(link: &'tree Link, span: &Span, limit: usize, found: &mut Vec<(&'tree Bytes, Revision)>) {
    let Some(node) = link else { return };
    if !span.is_after(&node.key) {
        walk(&node.left, span, limit, found);
    }
    if found.len() >= limit {
        return;
    }
    if span.covers(&node.key) {
        found.push((&node.key, node.modified));
    }
    if !span.is_before(&node.key) {
        walk(&node.right, span, limit, found);
    }
}

/// On which sides a part of the tree is already known to lie within a range.
#[derive(Clone, Copy)]
struct Inside {
    start: bool,
    end: bool,
}

impl Inside {
    const NEITHER: Self = Self { start: false, end: false };
}

/// Takes a range apart into whole subtrees and single nodes: about two of each for each level.
fn gather<'tree>(link: &'tree Link, span: &Span, inside: Inside, found: &mut BinaryHeap<Candidate<'tree>>) {
    let Some(node) = link else { return };
    if inside.start && inside.end {
        found.push(Candidate::whole(node));
        return;
    }
    let starts = inside.start || !span.is_after(&node.key);
    let ends = inside.end || !span.is_before(&node.key);
    if starts && ends {
        found.push(Candidate::alone(node));
    }
    if starts {
        gather(&node.left, span, Inside { end: ends, ..inside }, found);
    }
    if ends {
        gather(&node.right, span, Inside { start: starts, ..inside }, found);
    }
}

/// Something that may hold the next oldest key.
struct Candidate<'tree> {
    oldest: (i64, &'tree Bytes),
    node: &'tree Node,
    part: Part,
}

/// How much of the tree a candidate is.
enum Part {
    /// One node without what lies below it.
    Alone,
    /// A node and all below it.
    Whole,
}

impl<'tree> Candidate<'tree> {
    fn alone(node: &'tree Node) -> Self {
        Self { oldest: (node.modified.main, &node.key), node, part: Part::Alone }
    }

    fn whole(node: &'tree Node) -> Self {
        Self { oldest: (node.oldest.revision, &node.oldest.key), node, part: Part::Whole }
    }
}

impl Ord for Candidate<'_> {
    /// The oldest is the greatest: a heap hands out its greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.oldest.cmp(&self.oldest)
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.oldest == other.oldest
    }
}

impl Eq for Candidate<'_> {}
