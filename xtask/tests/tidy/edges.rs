//! Who may import whom: every manifest, every kind of dependency.

use crate::assert_none;
use crate::files::root;
use std::collections::{BTreeMap, BTreeSet};

/// The rooms, whom the product may import, and whom its tests may import beside.
const EDGES: [(&str, &[&str], &[&str]); 9] = [
    ("core", &[], &[]),
    ("store", &["core"], &[]),
    ("connectors", &["core"], &["sandbox"]),
    ("engine", &["core"], &["store"]),
    (
        "server",
        &["core", "store", "connectors", "engine", "sandbox"],
        &[],
    ),
    ("sandbox", &[], &[]),
    ("proof", &["server", "connectors"], &[]),
    (
        "sim",
        &["core", "engine", "store", "connectors", "sandbox"],
        &[],
    ),
    ("xtask", &[], &[]),
];

/// Manifest tables with dependencies: of the product or of its tests.
const TABLES: [(&str, bool); 3] = [
    ("dependencies", false),
    ("build-dependencies", false),
    ("dev-dependencies", true),
];

fn manifests() -> BTreeMap<String, toml::Table> {
    let mut found = BTreeMap::new();
    let read = |path: std::path::PathBuf| -> Option<toml::Table> {
        std::fs::read_to_string(path).ok()?.parse().ok()
    };
    for entry in std::fs::read_dir(root().join("crates")).expect("crates") {
        let folder = entry.expect("an entry").path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let manifest = read(folder.join("Cargo.toml"));
        found.insert(name, manifest.expect("a manifest"));
    }
    let own = read(root().join("xtask/Cargo.toml")).expect("a manifest");
    found.insert("xtask".into(), own);
    found
}

#[test]
fn rooms_import_only_whom_they_may() {
    let manifests = manifests();
    let rooms: BTreeSet<&str> = EDGES.iter().map(|(room, ..)| *room).collect();
    let crates: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    assert_eq!(
        crates, rooms,
        "a room without rules, or rules without a room"
    );
    let mut wrong = Vec::new();
    for (room, product, tests) in EDGES {
        for (table, of_tests) in TABLES {
            for import in ours(&manifests[room], table) {
                let import = import.as_str();
                let allowed = product.contains(&import) || of_tests && tests.contains(&import);
                if !allowed {
                    wrong.push(format!("{room} imports {import} in [{table}]"));
                }
            }
        }
    }
    assert_none("not an allowed edge", &wrong);
}

/// Our crates in a table of a manifest, also under `[target.…]`.
fn ours(manifest: &toml::Table, table: &str) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let nested = targets.into_iter().flat_map(|targets| targets.values());
    std::iter::once(manifest)
        .chain(nested.filter_map(toml::Value::as_table))
        .filter_map(|tables| tables.get(table)?.as_table())
        .flat_map(|dependencies| dependencies.keys())
        .filter_map(|name| name.strip_prefix("tandem-").map(str::to_owned))
        .collect()
}

#[test]
fn every_crate_takes_the_workspaces_lints_and_versions() {
    let mut wrong = Vec::new();
    for (room, manifest) in manifests() {
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            wrong.push(format!("{room}: [lints] workspace = true"));
        }
        for (table, _) in TABLES {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else {
                continue;
            };
            let own = dependencies.iter().filter(|(_, how)| {
                how.get("workspace").and_then(toml::Value::as_bool) != Some(true)
            });
            wrong.extend(own.map(|(name, _)| format!("{room}: {name} has a version of its own")));
        }
    }
    assert_none("not taken from the workspace", &wrong);
}

#[test]
fn an_import_is_found_wherever_it_stands() {
    let manifest: toml::Table = "[dependencies]\ntandem-core = {}\nserde = {}\n\
         [target.'cfg(unix)'.dependencies]\ntandem-store = {}\n"
        .parse()
        .expect("a manifest");
    assert_eq!(ours(&manifest, "dependencies"), ["core", "store"]);
    assert_eq!(ours(&manifest, "dev-dependencies"), Vec::<String>::new());
}
