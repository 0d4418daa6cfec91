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
//! | `shares`, `agreement`, `agreement_rule`, `growth` | the questions that several claims ask |
//! | `convergence`, `two_stages`, `transfer`, `softmax`, `moment`, `mirrored` | a claim each |
//! | `claims` | the claims there are |

mod agreement;
mod agreement_rule;
mod claims;
mod convergence;
mod evidence;
mod growth;
mod mirrored;
mod moment;
mod shares;
mod softmax;
mod transfer;
mod two_stages;
mod verdict;
mod verdicts_table;

pub use claims::Claim;
pub use evidence::{Evidence, Matrices, Wanted};
pub use verdict::{ExaminedClaim, Finding, Verdict};
pub use verdicts_table::verdicts_table;
