//! The shipped sweeps, cut small: their `runs.parquet` is known to the byte.

use std::fs;
use std::path::Path;

use super::common::small_sweeps;
use super::{sha256, succeed};

/// The SHA-256 of `runs.parquet` of each of [`small_sweeps`]. They may change only together with
/// the results version, the schema version or the version of the Parquet library.
const PINNED: [(&str, &str); 17] = [
    ("chain.toml", "90dd76326ba6dae619258cc33cb9bf795b4e8187e36e7b1871a67cfb5e01aa31"),
    ("convergence.toml", "ebde8df96203d370443823b4551c5027e3ecc06a35478ae239e2b570a5b054bf"),
    ("convergence_tuning.toml", "c31367e5746fc7a5b1d906c5a806294fd409818c7ae6e0ef29146fffe9fc67c0"),
    ("mirrored.toml", "84b4ca229f6747a899b1c43a9ae5442cd197a2d4bff61cd52107b94f997c88ec"),
    ("mirrored_tuning.toml", "75fda6a0f3956384861707c2c37f8c9accb97ac578f140f6316c1bf5d7739b4b"),
    ("moment.toml", "b1a7f986242a4ac1a236bd2b9b988694bc1f82d2b628bbc628090b17279a60fe"),
    ("population.toml", "511f9e24ef4e6efc220e821eaf5df5b8b253befa4e415859476afe3ff84c5f41"),
    ("remedy.toml", "85b46e6ded42e567eba51fb6523f762f09a43580ad907ff43bb330e41e0c8d79"),
    ("sample_complexity.toml", "0967e0a6d6e932591480f23c3deaa72a9c607c5979bd96804fe4f4b120610c54"),
    ("smoke.toml", "bd468e065d92b3940de16270f8d7b55dbed3e54f2f5232087182c13283eb3a47"),
    ("softmax.toml", "bdade2d4d96441557fbeb1b7f11dde4fa8b1d593523c9943980589c2554c6a5f"),
    ("stage_two.toml", "de7e0cd4fd01560a0b5e484073e26def40e83d20c012a44b93ea8bf958bdd935"),
    ("text.toml", "dc1df6c04a7d547dc40c7753b8da2e3aa58473d4849b91159e02c5d9b31ce776"),
    ("text_bytes.toml", "20d0301d0afa5e40e7766a28200926c5107c578811cc5388ce3357cfca7d2658"),
    ("transfer.toml", "9f794ca12fc4a99aa2ab4b9b581e1bd575cf1f59b5a9dfc579f8dc94035c594c"),
    ("tuned.toml", "af0534417258aae6be4368e6cb5605be51985a5f0c3394ee0cfdc02cf9b180fd"),
    ("two_stages.toml", "6d9d07ede769084618c56c47848a96bade48c6beb0022ba6c111d6116defed7d"),
];

#[test]
fn shipped_sweeps_are_pinned_by_sha256() {
    let sweeps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps");
    let home = tempfile::tempdir().unwrap();
    let measured: Vec<(&str, String)> = small_sweeps()
        .into_iter()
        .map(|(name, overrides)| {
            let path = sweeps.join(name);
            succeed(home.path(), &format!("run {} -q -o out/{name} {overrides}", path.display()));
            (name, sha256(&home.path().join("out").join(name).join("runs.parquet")))
        })
        .collect();
    let pinned: Vec<(&str, String)> = PINNED.iter().map(|(name, hash)| (*name, (*hash).to_owned())).collect();
    assert_eq!(measured, pinned);
}

/// Those that take hours: each is the longer companion of another, has a name of its own, and can be
/// planned.
#[test]
fn long_sweeps_can_be_planned() {
    let sweeps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sweeps");
    let home = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(sweeps.join("long")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(sweeps.join(format!("{stem}.toml")).exists(), "{stem} is the companion of none");
        assert!(fs::read_to_string(&path).unwrap().contains(&format!("\nname = \"{stem}_long\"\n")), "{stem}");
        succeed(home.path(), &format!("plan {}", path.display()));
    }
}

/// The line of the README's config that lists the algorithms, and the page of the library.
#[test]
fn the_readme_and_the_docs_name_every_algorithm() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let names: Vec<&str> = scb_core::learn::ALGORITHMS.iter().map(|algorithm| algorithm.name).collect();
    let readme = fs::read_to_string(top.join("crates/sweep/README.md")).unwrap();
    assert!(readme.contains(&format!("# {}\n", names.join(" | "))), "{names:?}");
    let docs = fs::read_to_string(top.join("crates/scb-core/src/learn/mod.rs")).unwrap();
    assert!(names.iter().all(|name| docs.contains(&format!("//! | `{name}` |"))), "{names:?}");
}
