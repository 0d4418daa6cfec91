//! The program explains itself: templates, names, the schema of configs, completions, manual pages.

use std::fs;

use super::{fail, succeed, with_small};

#[test]
fn a_template_is_written_once_and_can_be_run() {
    let home = with_small();
    let (said, _) = succeed(home.path(), "new mine");
    assert!(said.contains("mine.toml") && said.contains("sweep.schema.json"), "{said}");
    let text = fs::read_to_string(home.path().join("mine.toml")).unwrap();
    succeed(home.path(), "plan mine.toml");
    assert!(fail(home.path(), "new mine.toml", 2).contains("mine.toml exists"));
    assert_eq!(fs::read_to_string(home.path().join("mine.toml")).unwrap(), text);
    assert!(fail(home.path(), "new no/mine", 2).contains("there is no folder no"));
    assert!(fail(home.path(), "new my+exp", 2).contains("cannot name a sweep"));
    let (out, _) = succeed(home.path(), "run mine.toml T=32 Q=1 replicates=4 search.rungs=[2,4] max_samples=3000");
    assert!(out.contains("Report: output/mine/report.html"), "{out}");
    let page = fs::read_to_string(home.path().join("output/mine/report.html")).unwrap();
    assert!(page.contains("How do needed samples grow with T?"), "the title is the headline");
}

#[test]
fn a_chain_of_ones_own_comes_from_numpy_or_text() {
    let home = with_small();
    // np.save of [[0.9, 0.2], [0.1, 0.8]]: the format is a magic number, a version, a header, doubles.
    let header = format!("{:<117}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }");
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    [0.9f64, 0.2, 0.1, 0.8].iter().for_each(|p| npy.extend(p.to_le_bytes()));
    fs::write(home.path().join("p.npy"), &npy).unwrap();
    fs::write(home.path().join("p.csv"), "0.9,0.2\n0.1,0.8\n").unwrap();
    succeed(home.path(), "new own --matrix p.npy");
    let text = fs::read_to_string(home.path().join("own.toml")).unwrap();
    assert!(text.contains("N = 2") && text.contains("matrix = \"p.npy\""), "{text}");
    let list = |matrix: &str| succeed(home.path(), &format!("plan small.toml N=2 T=32 --list task.matrix={matrix}")).0;
    assert_eq!(list("p.npy"), list("p.csv"), "the same numbers are the same jobs");
    assert_eq!(list("p.npy"), list("[[0.9,0.2],[0.1,0.8]]"));
    // Rounded to six decimals a column sums to 0.999999: it is divided by that.
    let rounded = list("[[0.333333,0.666667],[0.666666,0.333333]]");
    let sum = 0.333333f64 + 0.666666;
    assert_eq!(rounded, list(&format!("[[{},0.666667],[{},0.333333]]", 0.333333 / sum, 0.666666 / sum)));
    for (matrix, said) in [
        ("[[0.9,0.1],[0.2,0.8]]", "transpose it"),
        ("[[0.9,0.2],[0.09,0.8]]", "each column sums to 1"),
        ("none.npy", "cannot read the matrix none.npy"),
        ("small.toml", "is no number"),
    ] {
        let err = fail(home.path(), &format!("plan small.toml N=2 task.matrix={matrix}"), 2);
        assert!(err.contains(said), "{matrix}: {err}");
    }
    npy[20] = b'X';
    fs::write(home.path().join("p.npy"), &npy).unwrap();
    assert!(fail(home.path(), "plan small.toml N=2 task.matrix=p.npy", 2).contains("cannot read the matrix p.npy"));
    assert!(fail(home.path(), "new other --matrix p.npy", 2).contains("cannot read the matrix"));
    assert!(!home.path().join("other.toml").exists());
}

#[test]
fn names_are_explained_and_unknown_ones_are_not() {
    let home = with_small();
    let (out, _) = succeed(home.path(), "explain lambda");
    assert!(out.contains("l1 regularisation") && out.contains("0.003"), "{out}");
    assert!(succeed(home.path(), "explain at_edge").0.contains("needed.parquet"));
    assert!(fail(home.path(), "explain lamda", 2).contains("did you mean `lambda`?"));
    let (all, _) = succeed(home.path(), "explain");
    assert!(["Milestones", "recovered", "softmax_adam", "search.rungs"].iter().all(|said| all.contains(said)), "{all}");
    let (schema, _) = succeed(home.path(), "explain --schema");
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sweeps/sweep.schema.json")).unwrap();
    assert_eq!(schema, shipped, "make it anew: sweep explain --schema > sweeps/sweep.schema.json");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let home = with_small();
    let (bash, _) = succeed(home.path(), "completions bash");
    assert!(bash.contains("complete -F _sweep"), "{bash}");
    fs::create_dir(home.path().join("man")).unwrap();
    succeed(home.path(), "man man");
    let page = fs::read_to_string(home.path().join("man/sweep-export.1")).unwrap();
    assert!(page.contains("gradient_V_start") && page.contains(".TH"), "{page}");
    assert!(fail(home.path(), "man nowhere", 2).contains("nowhere is no folder"));
}
