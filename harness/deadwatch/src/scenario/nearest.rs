//! The right name for a wrong one.

/// The name that was most likely meant, if any is near enough to be worth naming.
pub(super) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .filter_map(|name| Some((distance(wrong, name)?, name)))
        // The first of several that are equally near: the order in which they are documented.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The scenarios that were most likely meant, at most three, nearest first. A scenario's folder may be left
/// out or wrong, and `.toml` may follow.
pub(super) fn nearest_scenarios(wrong: &str, names: &[String]) -> Vec<String> {
    let wrong = wrong.strip_suffix(".toml").unwrap_or(wrong);
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .filter_map(|name| {
            let whole = distance(wrong, name);
            // One more than the whole name, so that `auth/quik` finds `auth/quick` before `other/quick`.
            let by_last = distance(&last(wrong), &last(name)).map(|distance| distance + 1);
            Some((whole.into_iter().chain(by_last).min()?, name))
        })
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name.clone()).collect()
}

/// How far apart two names are in single edits; none if too far to be the same name misspelt. Case
/// costs nothing.
fn distance(wrong: &str, name: &str) -> Option<usize> {
    let plain = |text: &str| text.to_lowercase();
    let (wrong, name) = (plain(wrong), plain(name));
    let edits = strsim::damerau_levenshtein(&wrong, &name);
    let longer = wrong.chars().count().max(name.chars().count());
    let shorter = wrong.chars().count().min(name.chars().count());
    // `ttl` for `token-ttl`: many edits apart, and yet plain what was meant.
    let part = shorter >= 3 && (name.contains(&wrong) || wrong.contains(&name));
    (part || edits * 3 <= longer + 1).then_some(edits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_right_one() {
        let names = ["start", "name", "client", "on-error"];
        assert_eq!(nearest("strat", names), Some("start"));
        assert_eq!(nearest("on_error", names), Some("on-error"));
        assert_eq!(nearest("ON-ERROR", names), Some("on-error"));
        assert_eq!(nearest("On-Eror", names), Some("on-error"));
        assert_eq!(nearest("error", names), Some("on-error"));
    }

    #[test]
    fn a_name_unlike_all_others_finds_none() {
        assert_eq!(nearest("colour", ["start", "name"]), None);
        assert_eq!(nearest("", ["at", "enqueue"]), None);
        assert_eq!(nearest("x", ["at"]), None);
    }

    #[test]
    fn a_scenario_is_found_without_its_folder_and_with_its_ending() {
        let names = ["auth/quick", "auth/story", "auth/story-retry", "control/no-auth"].map(str::to_owned);
        assert_eq!(nearest_scenarios("story", &names), ["auth/story", "auth/story-retry"]);
        assert_eq!(nearest_scenarios("auth/quik.toml", &names), ["auth/quick"]);
        assert_eq!(nearest_scenarios("controls/noauth", &names), ["control/no-auth"]);
        assert_eq!(nearest_scenarios("control/stroy", &names)[0], "auth/story");
        assert!(nearest_scenarios("compaction", &names).is_empty());
    }
}
