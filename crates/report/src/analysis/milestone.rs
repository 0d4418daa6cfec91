//! What a run is asked for, and what one run says of it.

use crate::record::{Measures, Record, Status};
use crate::statistics::order_statistics::Reading;

/// What a run is asked for, as named in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// Both correlations at the signal threshold.
    Signal,
    /// The support is right, and stays so.
    Support,
    /// The rounded model is within epsilon.
    Recovery,
    /// From signal to recovery: what the later stages need.
    SignalToRecovery,
}

impl Milestone {
    /// All, in the order a run passes them.
    pub const ALL: [Self; 4] = [Self::Signal, Self::Support, Self::Recovery, Self::SignalToRecovery];

    /// Those that are counted from the start of a run.
    pub const FROM_START: [Self; 3] = [Self::Signal, Self::Support, Self::Recovery];

    /// Its name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Support => "support",
            Self::Recovery => "recovery",
            Self::SignalToRecovery => "recovery - signal",
        }
    }

    /// What runs do that get there: runs that `recover the truth`.
    #[must_use]
    pub fn arrive(self) -> &'static str {
        match self {
            Self::Signal => "have a signal",
            Self::Support => "find the support",
            Self::Recovery => "recover the truth",
            Self::SignalToRecovery => "get from the signal to recovery",
        }
    }

    /// What it means.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Signal => "both correlations, alpha_V and alpha_A, are at `training.signal` or above",
            Self::Support => {
                "for every query token the Q largest attention entries are the true positions, from here to the end \
                 of the run"
            }
            Self::Recovery => {
                "the rounded model is within `training.epsilon` of the truth in both factors, in units of the \
                 uninformative start: |A - Q|_mu <= epsilon sqrt(K_Q) and |V - P|_mu <= epsilon sqrt(K_P)"
            }
            Self::SignalToRecovery => "the samples from the signal to recovery",
        }
    }

    /// The column of `runs.parquet` that says when it was reached, if there is one.
    pub(super) fn column(self) -> Option<&'static str> {
        match self {
            Self::Signal => Some("samples_to_signal"),
            Self::Support => Some("samples_to_support"),
            Self::Recovery => Some("samples_to_recovery"),
            Self::SignalToRecovery => None,
        }
    }

    /// The milestone that hyperparameters are chosen by. The distance from signal to recovery would
    /// favour settings that are slow before the signal.
    pub(super) fn chosen_by(self) -> Self {
        match self {
            Self::SignalToRecovery => Self::Recovery,
            other => other,
        }
    }

    /// How many samples it took.
    #[must_use]
    pub fn reached(self, measures: &Measures) -> Option<i64> {
        match self {
            Self::Signal => measures.samples_to_signal,
            Self::Support => measures.samples_to_support,
            Self::Recovery => measures.samples_to_recovery,
            Self::SignalToRecovery => {
                // Both are known to within the distance of two looks: a run that recovers may be
                // seen to do so first.
                let recovery = measures.samples_to_recovery?;
                Some((recovery - measures.samples_to_signal.unwrap_or(recovery)).max(0))
            }
        }
    }
}

impl Reading {
    /// Of one record; `None` if it failed.
    #[must_use]
    pub fn of(record: &Record, milestone: Milestone) -> Option<Self> {
        let measures = record.measures.as_ref()?;
        if let Some(samples) = milestone.reached(measures) {
            return Some(Self { samples, censored: false });
        }
        let seen = match record.status {
            // More would have been seen later.
            Status::Recovered | Status::Capped => measures.samples,
            _ => budget(record),
        };
        let before = match milestone {
            // A run without a signal has not begun with it; only of one that never would can more
            // be said.
            Milestone::SignalToRecovery if record.status == Status::Exhausted => {
                measures.samples_to_signal.unwrap_or(seen)
            }
            _ => 0,
        };
        Some(Self { samples: seen - before, censored: true })
    }
}

/// The budget in whole steps.
fn budget(record: &Record) -> i64 {
    record.max_samples / record.batch_size * record.batch_size
}

/// What the column `milestone` means.
pub(super) const MILESTONE: &str = "signal, support, recovery, or the samples between signal and recovery";
