//! The rules of the protocol, and a way for tests to break them one at a time: whoever checks the protocol has to
//! find each of them broken. In a build that is not for tests every rule holds, at no cost.

/// The rules by which each promise is kept, numbered as in the head of `protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// 1: "database space exceeded" may come after the transaction was carried out.
    FullIsADoubt,
    /// 2: no guard is ever 0.
    NoGuardIsZero,
    /// 3: what is presumed is never put back.
    PresumedIsNotPutBack,
    /// 4: no queue's records lie among another's.
    RecordsDoNotOverlap,
    /// 5: a slot that is absent says that nothing more will be done, and not that nothing was.
    AbsentIsNotVoid,
    /// 6: no two sessions have the same id, whatever becomes of the store.
    IdsCarryANonce,
}

impl Rule {
    /// All of them, in order.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::FullIsADoubt,
        Self::NoGuardIsZero,
        Self::PresumedIsNotPutBack,
        Self::RecordsDoNotOverlap,
        Self::AbsentIsNotVoid,
        Self::IdsCarryANonce,
    ];

    #[cfg(not(test))]
    pub(crate) const fn holds(self) -> bool {
        true
    }

    #[cfg(test)]
    pub(crate) fn holds(self) -> bool {
        BROKEN.get() != Some(self)
    }
}

#[cfg(test)]
thread_local! {
    static BROKEN: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

/// Does something on this thread while one rule is broken, or none.
#[cfg(test)]
pub(crate) fn with_broken<T>(rule: Option<Rule>, f: impl FnOnce() -> T) -> T {
    struct Mend(Option<Rule>);
    impl Drop for Mend {
        fn drop(&mut self) {
            BROKEN.set(self.0);
        }
    }
    let _mend = Mend(BROKEN.replace(rule));
    f()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_broken_only_for_as_long_as_it_is_asked_for() {
        let holding = || Rule::ALL.iter().filter(|rule| rule.holds()).count();
        assert_eq!(with_broken(Some(Rule::NoGuardIsZero), holding), 5);
        assert_eq!(holding(), 6);
    }
}
