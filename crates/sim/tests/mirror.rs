//! Stories of merges, conversions, deletions and undeletes: the real engine and the real connector over the sandbox,
//! on a virtual clock. `cargo xtask prove scenarios` tells the same and thousands of random ones.

use tandem_sim::stories::{Told, random, written};

/// What is wrong in any of them.
fn faults(stories: &[Told]) -> Vec<String> {
    let of = |story: &Told| format!("{}\n    {}", story.title, story.faults.join("\n    "));
    let wrong = stories.iter().filter(|story| !story.faults.is_empty());
    wrong.map(of).collect()
}

#[test]
fn every_story_ends_as_it_says() {
    let stories: Vec<Told> = written().collect();
    assert!(stories.len() >= 40, "only {} stories", stories.len());
    assert_eq!(faults(&stories), [""; 0]);
    let undone = stories.iter().filter(|story| story.put_back > 0).count();
    assert!(undone >= 30, "only {undone} stories were undone");
}

#[test]
fn random_stories_leave_nothing_dangling() {
    let stories: Vec<Told> = (1..=25).map(random).collect();
    assert_eq!(faults(&stories), [""; 0]);
}
