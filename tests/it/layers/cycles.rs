//! Import cycles between files. A module and the modules below it count as one unit: the parent declares its children, and they
//! may use what it defines. Every other pair of files must not import each other, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use super::lexer::Code;

type Path = Vec<String>;

/// The module of a file: `store/db.rs` and `store/mod.rs` are `store::db` and `store`.
pub fn module_of(path: &str) -> Path {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Groups of files that import each other in a circle, each sorted; without those that are only compiled for tests.
pub fn cycles<'f>(files: impl Iterator<Item = (&'f File, Code)>) -> Vec<BTreeSet<String>> {
    let files: Vec<(Path, &File, Code)> = files.map(|(file, code)| (module_of(&file.path), file, code)).collect();
    let modules: BTreeSet<&Path> = files.iter().map(|(module, ..)| module).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let by_module: BTreeMap<&Path, &str> = files.iter().map(|(module, file, _)| (module, file.path.as_str())).collect();
    for (module, file, code) in &files {
        for path in paths(module, &modules, &code.words()) {
            let target = (0..=path.len()).rev().find_map(|n| modules.get(&path[..n].to_vec()).copied());
            if let Some(target) = target.filter(|target| !target.starts_with(module) && !module.starts_with(target)) {
                imports.entry(&file.path).or_default().insert(by_module[target]);
            }
        }
    }
    circles(&imports)
}

/// Every path of the code that begins in this crate, as absolute segments.
fn paths(module: &Path, modules: &BTreeSet<&Path>, words: &[&str]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut n = 0;
    while n < words.len() {
        let starts = n == 0 || !matches!(words[n - 1], "::" | ".");
        if starts && words.get(n + 1) == Some(&"::") && is_name(words[n]) {
            let mut tree = Vec::new();
            n = read_tree(words, n, &mut Vec::new(), &mut tree);
            found.extend(tree.into_iter().filter_map(|path| absolute(module, modules, &path)));
        } else {
            n += 1;
        }
    }
    found
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads `a::b::{c, d::e}` from `n`; returns where it ends.
fn read_tree(words: &[&str], mut n: usize, prefix: &mut Path, found: &mut Vec<Path>) -> usize {
    let depth = prefix.len();
    while let Some(word) = words.get(n) {
        if *word == "{" {
            n += 1;
            while n < words.len() && words[n] != "}" {
                if words[n] == "," {
                    n += 1;
                } else {
                    let before = n;
                    n = read_tree(words, n, prefix, found);
                    n += usize::from(n == before);
                }
            }
            prefix.truncate(depth);
            return n + 1;
        }
        if !is_name(word) {
            break;
        }
        prefix.push((*word).to_owned());
        n += 1;
        if words.get(n) == Some(&"::") {
            n += 1;
        } else {
            break;
        }
    }
    found.push(prefix.clone());
    prefix.truncate(depth);
    n
}

/// The path from the crate's root; None for other crates and local names.
fn absolute(module: &Path, modules: &BTreeSet<&Path>, path: &Path) -> Option<Path> {
    let first = path.first()?.as_str();
    if matches!(first, "crate" | "hytte") {
        return Some(path[1..].to_vec());
    }
    let mut base = module.clone();
    if matches!(first, "super" | "self") {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let skip = path.iter().take_while(|part| matches!(part.as_str(), "super" | "self")).count();
        base.truncate(base.len().saturating_sub(ups));
        base.extend_from_slice(&path[skip..]);
        return Some(base);
    }
    base.push(first.to_owned());
    modules.contains(&base).then(|| module.iter().chain(path).cloned().collect())
}

/// The strongly connected groups of more than one file.
fn circles(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<BTreeSet<String>> {
    let reach = |start: &str| {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = imports.get(start).into_iter().flatten().copied().collect();
        while let Some(file) = next.pop() {
            if reached.insert(file) {
                next.extend(imports.get(file).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|file| (*file, reach(file))).collect();
    let mut groups: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (file, others) in reached.iter().filter(|(file, others)| others.contains(*file)) {
        let mut group: BTreeSet<String> = others
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .map(|f| (*f).to_owned())
            .collect();
        group.insert((*file).to_owned());
        groups.insert(group);
    }
    groups.into_iter().collect()
}
