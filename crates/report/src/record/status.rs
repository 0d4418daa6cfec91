//! How a job ended.

use crate::table::{Kind, Tabulated, Value};

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It reached the recovery milestone.
    Recovered,
    /// Its budget was spent first.
    Exhausted,
    /// It grew into the mirrored solution.
    Mirrored,
    /// It blew up.
    Diverged,
    /// It was looked at up to the record's cap only, and would have gone on.
    Capped,
    /// It did not run to its end; see the error.
    Failed,
}

impl Status {
    /// Every status, in the order of the table's documentation.
    pub const ALL: [Self; 6] =
        [Self::Recovered, Self::Exhausted, Self::Mirrored, Self::Diverged, Self::Capped, Self::Failed];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Exhausted => "exhausted",
            Self::Mirrored => "mirrored",
            Self::Diverged => "diverged",
            Self::Capped => "capped",
            Self::Failed => "failed",
        }
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Recovered => "the run reached the recovery milestone",
            Self::Exhausted => "its budget was spent before it recovered",
            Self::Mirrored => "it grew into the mirrored solution, in which both correlations are negative",
            Self::Diverged => "it blew up, because a step was too large",
            Self::Capped => "a search looked at it up to its cap only; it would have gone on",
            Self::Failed => "it did not run to its end; the column `error` says why",
        }
    }

    /// Of runs that ended so, how many ended in each way, in the order of [`Status::ALL`].
    pub(crate) fn endings(runs: impl Iterator<Item = Self>) -> [usize; Self::ALL.len()] {
        let mut endings = [0; Self::ALL.len()];
        runs.for_each(|status| endings[status as usize] += 1);
        endings
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Tabulated for Status {
    const KIND: Kind = Kind::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(Some(self.name()))
    }

    fn put(&mut self, value: Value<'_>) -> bool {
        let Value::Text(Some(name)) = value else { return false };
        let Some(status) = Self::from_name(name) else { return false };
        *self = status;
        true
    }
}
