//! No circles of imports: data flows one way through the modules of a crate, and through the files
//! of each folder.
//!
//! The source files are read as text. A path that begins with `crate::`, `super::` or a child of
//! its module is an import of the file that it leads to, in `use` and elsewhere, with braces opened
//! and re-exports followed. Test modules and comments do not count. What a `mod.rs` (or `lib.rs`)
//! re-exports leads on to the file that has it and is no import of the folder's own; only items
//! that stand in it make it a file like the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What introduces an item with a name.
const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "static"];

/// The names that lead to a module, or to an item, from the root of its crate; the root itself has
/// none.
type Names = Vec<String>;

/// Which node imports which others.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The modules of a crate.
#[derive(Default)]
struct Crate {
    /// Their text, without tests, comments, and what a `mod.rs` re-exports.
    texts: BTreeMap<Names, String>,
    /// What each re-exports: a name, or `*`, and the path that it comes from.
    exports: BTreeMap<Names, Vec<(String, Names)>>,
}

impl Crate {
    fn read(src: &Path) -> Self {
        let mut read = Self::default();
        read.folder(src, &[]);
        read
    }

    fn folder(&mut self, folder: &Path, names: &[String]) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let inside = ["mod", "lib"].contains(&stem.as_str());
            let module = if inside { names.to_vec() } else { [names, std::slice::from_ref(&stem)].concat() };
            if path.is_dir() {
                self.folder(&path, &module);
            } else if !["main", "tests"].contains(&stem.as_str()) && path.extension().is_some_and(|e| e == "rs") {
                let text = without_tests_and_comments(&fs::read_to_string(&path).unwrap());
                let (mut own, mut exports) = (String::new(), Vec::new());
                for statement in text.split_inclusive(';') {
                    let words = ["pub use ", "pub(crate) use ", "pub(super) use "];
                    let found = words.iter().find_map(|word| Some(statement.find(word)? + word.len()));
                    if let Some(at) = found {
                        leaves(&[], &statement[at..], &mut exports);
                    }
                    own += if inside { &statement[..found.unwrap_or(statement.len())] } else { statement };
                }
                self.texts.insert(module.clone(), own);
                self.exports.insert(module, exports);
            }
        }
    }

    /// The module that holds what a path from the root leads to.
    fn holder(&self, path: &[String]) -> Option<Names> {
        let depth = (0..=path.len()).rev().find(|&depth| self.texts.contains_key(&path[..depth]))?;
        let (module, rest) = path.split_at(depth);
        let Some(name) = rest.first() else { return Some(module.to_vec()) };
        for (exported, from) in &self.exports[module] {
            let Some(from) = self.absolute(module, from) else { continue };
            if exported == name {
                return self.holder(&from);
            }
            let glob = from.strip_suffix(&["*".to_owned()]).filter(|_| exported == "*");
            let text = glob.and_then(|from| self.texts.get(from));
            if text.is_some_and(|text| ITEMS.iter().any(|item| text.contains(&format!("{item} {name}")))) {
                return glob.map(<[String]>::to_vec);
            }
        }
        Some(module.to_vec())
    }

    /// A path that stands in a module, from the root; `None` if it leads out of the crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Names> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([module, &path[1..]].concat()),
            "super" => Some([&module[..module.len().checked_sub(supers)?], &path[supers..]].concat()),
            _ => self.texts.contains_key(&[module, &path[..1]].concat()).then(|| [module, path].concat()),
        }
    }

    /// Which modules a module imports.
    fn imports(&self, module: &Names) -> BTreeSet<Names> {
        let (text, mut paths) = (&self.texts[module], Vec::new());
        for (at, _) in text.match_indices("::") {
            let name = |c: char| c.is_alphanumeric() || c == '_';
            let start = text[..at].trim_end_matches(name).len();
            if !text[..start].ends_with("::") {
                leaves(&[], &text[start..], &mut paths);
            }
        }
        let held = paths.iter().filter_map(|(_, path)| self.holder(&self.absolute(module, path)?));
        held.filter(|holder| holder != module).collect()
    }

    /// A circle among the modules at the top, if there is one, and one among the files of each
    /// folder.
    fn circles(&self) -> Vec<String> {
        let mut graphs: BTreeMap<Names, Graph> = BTreeMap::new();
        for from in self.texts.keys() {
            for to in self.imports(from) {
                // The folder that has both, in which they are two nodes.
                let depth = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                let [from_node, to_node] = [from, &to].map(|m| m.get(depth).map_or("mod", String::as_str).to_owned());
                graphs.entry(from[..depth].to_vec()).or_default().entry(from_node).or_default().insert(to_node);
            }
        }
        let circle = |(folder, graph): (&Names, &Graph)| {
            let found = graph.keys().find_map(|node| circle(graph, &mut vec![node.clone()], &mut BTreeSet::new()))?;
            let folder = [&["src".to_owned()], &folder[..]].concat();
            Some([folder.join("/"), found.join(" -> ")].join(": "))
        };
        graphs.iter().filter_map(circle).collect()
    }
}

/// A circle that `way` leads into, as its nodes and the first one again. `closed`: nodes that lead
/// into none.
fn circle(graph: &Graph, way: &mut Names, closed: &mut BTreeSet<String>) -> Option<Names> {
    for next in graph.get(way.last()?)? {
        if let Some(at) = way.iter().position(|node| node == next) {
            return Some([&way[at..], std::slice::from_ref(next)].concat());
        }
        if !closed.contains(next) {
            way.push(next.clone());
            if let Some(found) = circle(graph, way, closed) {
                return Some(found);
            }
            closed.extend(way.pop());
        }
    }
    None
}

/// Finds the paths that a path with braces stands for, each with the name that it gets; the text
/// after it.
fn leaves<'t>(before: &[String], text: &'t str, found: &mut Vec<(String, Names)>) -> &'t str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match (rest.strip_prefix('}'), rest.chars().next()) {
                (Some(after), _) => return after,
                (None, Some(c)) if c.is_alphanumeric() || "_*".contains(c) => rest = leaves(before, rest, found),
                _ => return "",
            }
        }
    }
    let end = |text: &str| text.find(|c: char| !c.is_alphanumeric() && !"_*".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end(text));
    let itself = name == "self" && !before.is_empty();
    let path = if itself { before.to_vec() } else { [before, &[name.to_owned()]].concat() };
    if let Some(after) = rest.strip_prefix("::").filter(|after| !after.starts_with(['<', '('])) {
        return leaves(&path, after, found);
    }
    let renamed = rest.strip_prefix(" as ").map(|after| after.split_at(end(after)));
    let (name, rest) = renamed.unwrap_or((path.last().map_or("", String::as_str), rest));
    found.push((name.to_owned(), path.clone()));
    rest
}

/// The lines of a source file but for comments and for what `#[cfg(test)]` stands before, as
/// rustfmt lays it out.
fn without_tests_and_comments(text: &str) -> String {
    let (mut kept, mut lines) = (String::new(), text.lines());
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            let end = line[..line.len() - line.trim_start().len()].to_owned() + "}";
            let first = lines.find(|line| !line.trim_start().starts_with("#["));
            if first.is_some_and(|line| !line.ends_with(';') && !line.ends_with('}')) {
                lines.find(|line| *line == end);
            }
        } else if !line.trim_start().starts_with("//") {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

#[test]
fn no_module_imports_what_imports_it() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["scb-core", "report", "sweep"] {
        let read = Crate::read(&crates.join(name).join("src"));
        assert!(read.texts.len() > 10, "{name}: {:?}", read.texts.keys());
        let circles = read.circles();
        assert!(circles.is_empty(), "{name}: circles of imports\n{}", circles.join("\n"));
    }
}

#[test]
fn a_circle_is_written_out() {
    let circles = |files: &[(&str, &str)]| {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Crate::read(home.path()).circles()
    };
    let root = ("lib.rs", "pub mod a;\nmod b;\npub use b::B as Renamed;\npub use a::*;\n");
    let folder = ("a/mod.rs", "mod x;\nmod y;\npub use x::{self, X};\npub(crate) use y::Y;\n");
    let x = ("a/x.rs", "use super::y::Y;\npub struct X(Y);\n");
    let y = ("a/y.rs", "pub struct Y;\n// use crate::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::a::X;\n}\n");
    let b = ("b.rs", "use std::fmt;\nuse crate::{\n    a::{\n        X, x::X as Again,\n    },\n};\npub struct B;\n");
    assert_eq!(circles(&[root, folder, x, y, b]), [""; 0]);
    // In `use` with braces, through a re-export of the root, and in the midst of code.
    for back in ["use {crate::b::{B}};", "use super::super::Renamed;", "fn f() { crate::b::g::<u8>() }"] {
        let y = y.1.to_owned() + back;
        assert_eq!(circles(&[root, folder, x, ("a/y.rs", &y), b]), ["src: a -> b -> a"], "{back}");
    }
    let y = ("a/y.rs", "use crate::a::X;\npub struct Y;\n");
    assert_eq!(circles(&[root, folder, x, y, b]), ["src/a: x -> y -> x"]);
    // Items of a mod.rs are a node.
    let folder = ("a/mod.rs", "mod x;\npub use x::X;\npub struct Own;\nfn f() -> x::X {}\n");
    assert_eq!(circles(&[root, folder, ("a/x.rs", "use super::Own;\npub struct X;\n"), b]), ["src/a: mod -> x -> mod"]);
}
