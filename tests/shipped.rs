//! The shipped sweeps, cut small: their `runs.parquet` is known to the byte.

use std::fs;
use std::path::Path;

use super::common::small_sweeps;
use super::{sha256, succeed};

/// The SHA-256 of `runs.parquet` of each of [`small_sweeps`]. They may change only together with
/// the results version, the schema version or the version of the Parquet library.
const PINNED: [(&str, &str); 17] = [
    ("chain.toml", "90dd76326ba6dae619258cc33cb9bf795b4e8187e36e7b1871a67cfb5e01aa31"),
    ("convergence.toml", "6e5265c365056a133f1533ad8a1602b422cf7f95e0a888ed83b8221e498975b0"),
    ("convergence_tuning.toml", "c31367e5746fc7a5b1d906c5a806294fd409818c7ae6e0ef29146fffe9fc67c0"),
    ("mirrored.toml", "84b4ca229f6747a899b1c43a9ae5442cd197a2d4bff61cd52107b94f997c88ec"),
    ("mirrored_tuning.toml", "75fda6a0f3956384861707c2c37f8c9accb97ac578f140f6316c1bf5d7739b4b"),
    ("moment.toml", "49cd9d49f683badbe54b976e2ebf8527cee454fd1f2d187bda805648b9612840"),
    ("population.toml", "3b8ffc915086c305db50e684d93dd9079cb9c2bada14f8699af18abb00922b7b"),
    ("remedy.toml", "85b46e6ded42e567eba51fb6523f762f09a43580ad907ff43bb330e41e0c8d79"),
    ("sample_complexity.toml", "0967e0a6d6e932591480f23c3deaa72a9c607c5979bd96804fe4f4b120610c54"),
    ("smoke.toml", "bd468e065d92b3940de16270f8d7b55dbed3e54f2f5232087182c13283eb3a47"),
    ("softmax.toml", "127c10b70b6e6ca5efa0d7b540f8e76339bc090a4d3c95a68d95d0c4e408fc44"),
    ("stage_two.toml", "de7e0cd4fd01560a0b5e484073e26def40e83d20c012a44b93ea8bf958bdd935"),
    ("text.toml", "70713352ef61ff960cd82ce140dfad45ad4b8ea0120974dcfe4b877d171f720f"),
    ("text_bytes.toml", "c5a36016963dc2c45cfd0a23c6e702f097e2478d87819209091c9a6e8cec9255"),
    ("transfer.toml", "664f864c48000bd45a4e0279e5ced2c21757a06e599d1df4f80d68b037676345"),
    ("tuned.toml", "af0534417258aae6be4368e6cb5605be51985a5f0c3394ee0cfdc02cf9b180fd"),
    ("two_stages.toml", "745e61815f616d648762e196510b098c3d9b220a5d7104103972973afbe47ae7"),
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
