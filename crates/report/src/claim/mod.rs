//! Claims of the paper, and of ours, one a file: what is claimed, what the runs say of it, a
//! figure.
//!
//! A sweep names its claim (`answer.claim`). Every sentence of a claim gets a *finding* that is
//! computed from the data by a rule which is fixed before: an interval lies where the claim says,
//! or where it does not, or neither.
//!
//! Three things keep a sentence from being decided whatever the interval says. It rests on a cell
//! whose chosen setting lies at the edge of its tuning grid, or in which nothing could be chosen
//! (`Verdict::resting_on`): a wider grid may say otherwise. It is one of agreement, and the
//! smallest difference that the runs would have shown is large: not to be rejected is not to be
//! confirmed. Or runs that share a task were taken for independent ones: intervals here are by
//! tasks.
//!
//! | file | holds |
//! |---|---|
//! | `verdict`, `verdicts_table` | what the data say of a sentence; the columns of `verdicts.parquet` |
//! | `evidence` | what claims are examined by |
//! | `shares`, `agreement`, `agreement_rule`, `growth`, `mixture`, `one_step`, `within` | the questions that several claims ask |
//! | the others | a claim each, named in `claims!` below: `examine` |

mod agreement;
mod agreement_rule;
mod evidence;
mod growth;
mod mixture;
mod one_step;
mod shares;
mod verdict;
mod verdicts_table;
mod within;

pub use evidence::{Evidence, Matrices, TaskFact, TaskFacts, Wanted};
pub use verdict::{ExaminedClaim, Finding, Verdict};
pub use verdicts_table::verdicts_table;

/// Declares the modules and the list of claims. What a config calls a claim is the name of its
/// file.
macro_rules! claims {
    ($($(#[doc = $meaning:literal])* $claim:ident = $module:ident),* $(,)?) => {
        $(mod $module;)*

        /// A claim that a sweep is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Claim {
            $($(#[doc = $meaning])* $claim),*
        }

        impl Claim {
            /// All of them.
            pub const ALL: [Self; [$(stringify!($module)),*].len()] = [$(Self::$claim),*];

            /// What a config calls it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$claim => stringify!($module)),*
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$claim => concat!($($meaning),*).trim_ascii()),*
                }
            }

            /// What the runs say of it.
            #[must_use]
            pub fn examine(self, evidence: &Evidence<'_>) -> ExaminedClaim {
                match self {
                    $(Self::$claim => $module::examine(evidence)),*
                }
            }
        }
    };
}

claims!(
    /// Algorithm 1 recovers where vanilla SGD does not.
    Convergence = convergence,
    /// The first stage takes a power of T, the second does not.
    TwoStages = two_stages,
    /// A related V to start from makes the dependence on T vanish.
    Transfer = transfer,
    /// Softmax attention learns what linear attention does.
    Softmax = softmax,
    /// An estimator without gradients takes `log T` samples.
    Moment = moment,
    /// How often runs are mirrored, and what may be done about it.
    Mirrored = mirrored,
    /// Which constants of a chain decide how many samples it takes.
    Chain = chain,
    /// What the chain of a real text takes, beside what theory has for it.
    Text = text,
);

impl Claim {
    /// The runs that it shows with their traces, or with what they learned, if these are not at hand.
    #[must_use]
    pub fn wanted(self, evidence: &Evidence<'_>) -> Vec<Wanted> {
        match self {
            Self::Softmax => softmax::wanted(evidence),
            _ => Vec::new(),
        }
    }

    /// What it needs to know of the tasks of runs that records do not hold.
    #[must_use]
    pub fn asks_of_tasks(self) -> &'static [TaskFact] {
        match self {
            Self::TwoStages => &[TaskFact::OneStep],
            Self::Chain => &[TaskFact::MuMin],
            Self::Mirrored => &[TaskFact::Mirrored],
            Self::Text => &[TaskFact::MuMin, TaskFact::OneStep, TaskFact::Signal],
            Self::Convergence | Self::Transfer | Self::Softmax | Self::Moment => &[],
        }
    }
}
