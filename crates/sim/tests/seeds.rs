//! Runs that once broke: they are clean now.

use tandem_core::settings::Guards;

#[test]
fn runs_that_once_broke_are_clean() {
    let rows = include_str!("seeds.txt").lines();
    let mut broken = Vec::new();
    for row in rows.filter(|row| !row.starts_with('#')) {
        let (seed, showed) = row.split_once('|').expect("a seed and what it showed");
        let seed = seed.trim().parse().expect("a seed");
        if let Err(violation) = tandem_sim::run(seed, Guards::ALL) {
            broken.push(format!(
                "seed {seed} ({}): {}",
                showed.trim(),
                violation.what
            ));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
