//! What the command line can name: the campaigns of this process, and those of many.

use clap::{ValueEnum, builder::PossibleValue};

use super::{campaign::Campaign, processes::Ordeal};

/// A campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Everybody works in this process.
    Here(Campaign),
    /// Everybody works in a process of their own.
    InProcesses(Ordeal),
}

impl Named {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 14] = [
        Self::Here(Campaign::Virtual),
        Self::Here(Campaign::Replies),
        Self::Here(Campaign::Kills),
        Self::Here(Campaign::Tokens),
        Self::Here(Campaign::Drops),
        Self::Here(Campaign::Mixed),
        Self::InProcesses(Ordeal::Held),
        Self::InProcesses(Ordeal::Pauses),
        Self::InProcesses(Ordeal::Quota),
        Self::InProcesses(Ordeal::Closes),
        Self::InProcesses(Ordeal::Clocks),
        Self::InProcesses(Ordeal::Deaths),
        Self::InProcesses(Ordeal::Weathers),
        Self::Here(Campaign::Recovery),
    ];
}

impl ValueEnum for Named {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Here(campaign) => campaign.to_possible_value(),
            Self::InProcesses(ordeal) => Some(PossibleValue::new(ordeal.name()).help(ordeal.about())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_campaign_can_be_named() {
        for campaign in Campaign::ALL {
            assert!(Named::ALL.contains(&Named::Here(campaign)), "{campaign:?}");
        }
        for ordeal in Ordeal::ALL {
            assert!(Named::ALL.contains(&Named::InProcesses(ordeal)), "{ordeal:?}");
        }
    }
}
