//! Options of sbatch: which words are options, and which of them are not for the user to give.

/// Whether a word for sbatch is an option; any other one, a negative number too, belongs to the
/// option before it.
#[must_use]
pub fn is_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_alphabetic()))
}

/// Options of sbatch that `sweep slurm` sets itself, by their long and short names.
const SET_HERE: [(&str, Option<char>); 6] = [
    ("array", Some('a')),
    ("dependency", Some('d')),
    ("output", Some('o')),
    ("job-name", Some('J')),
    ("open-mode", None),
    ("kill-on-invalid-dep", None),
];

/// Options that must not be given: with them nothing is submitted, or the script, the answer or the
/// cluster is another one.
const BREAKING: [(&str, Option<char>); 9] = [
    ("wrap", None),
    ("parsable", None),
    ("quiet", Some('Q')),
    ("test-only", None),
    ("wait", Some('W')),
    ("clusters", Some('M')),
    ("help", Some('h')),
    ("usage", Some('u')),
    ("version", Some('V')),
];

/// Letters of sbatch that take no value, so that others may follow in the same word.
const WITHOUT_VALUE: &str = "HhOQsuvVW";

/// The option that a word for sbatch means, if that is one that must not be given, and whether
/// `sweep slurm` sets it itself. sbatch takes options shortened, and letters together in one word.
#[must_use]
pub fn reserved(word: &str) -> Option<(&'static str, bool)> {
    let all = || SET_HERE.iter().map(|option| (option, true)).chain(BREAKING.iter().map(|option| (option, false)));
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split_once('=').map_or(long, |(name, _)| name);
        return all().find(|((ours, _), _)| ours.starts_with(name)).map(|((ours, _), set)| (*ours, set));
    }
    let letters = word.strip_prefix('-')?;
    let valued = letters.find(|c| !WITHOUT_VALUE.contains(c));
    let options = valued.map_or(letters, |at| letters.get(..=at).unwrap_or(&letters[..at]));
    let ours = |letter: char| all().find(|((_, short), _)| *short == Some(letter));
    options.chars().find_map(ours).map(|((ours, _), set)| (*ours, set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_known_by_any_of_their_names() {
        let ours = [
            "--array",
            "--array=1-9",
            "--arr=1",
            "-a",
            "-a1-9",
            "-Ha",
            "--depend=afterok:1",
            "-dafterok:1",
            "--outp=x",
            "-o",
            "-Jx",
        ];
        for word in ours.iter().chain(&["--job-name=x", "--open=truncate", "--kill-on-invalid-dep=no"]) {
            assert!(matches!(reserved(word), Some((_, true))), "{word}");
        }
        for word in [
            "--wrap=ls",
            "--parsable",
            "--test-only",
            "--test",
            "--wait",
            "-W",
            "-HW",
            "--clusters=b",
            "-Mb",
            "-Q",
            "--quiet",
            "-h",
        ] {
            assert!(matches!(reserved(word), Some((_, false))), "{word}");
        }
        // Bare dashes end the options of sbatch.
        assert!(reserved("--").is_some());
        let free = [
            "--qos=long",
            "-qlong",
            "--nice=-5",
            "--exclusive",
            "-n1",
            "-Caod",
            "--no-requeue",
            "-H",
            "-vv",
            "--wait-all-nodes=1",
            "-é",
        ];
        for word in free.iter().chain(&["--comment=--array", "--deadline=1", "-5", "long"]) {
            assert_eq!(reserved(word), None, "{word}");
        }
    }
}
