//! Scripted stories of merges, conversions, deletions and undeletes: the real engine and the real connector
//! over the sandbox, on a virtual clock. `mirror/stories.txt` has the stories and says how to read them; the
//! second test plays random ones.

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows it in tests, not in their helpers"
)]

mod stage;

use stage::Stage;

const STORIES: &str = include_str!("mirror/stories.txt");

/// Title and lines of each story.
fn stories() -> Vec<(&'static str, Vec<&'static str>)> {
    let blocks = STORIES.split("\n== ").skip(1);
    let story = |block: &'static str| {
        let (title, body) = block.split_once('\n').unwrap();
        let lines = body.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        (title, lines.collect())
    };
    blocks.map(story).collect()
}

#[test]
fn every_story_ends_as_it_says() {
    let stories = stories();
    assert!(stories.len() >= 40, "only {} stories", stories.len());
    let mut wrong = Vec::new();
    let mut taken_back = 0;
    for (title, lines) in stories {
        let mut stage = Stage::new(1);
        for line in lines {
            if let Err(reason) = stage.play(line) {
                wrong.push(format!("{title}\n    {line}\n    {reason}"));
                break;
            }
        }
        if let Err(reason) = stage.check() {
            wrong.push(format!("{title}\n    {reason}"));
        }
        match stage.take_back() {
            Ok(records) => taken_back += usize::from(records > 0),
            Err(reason) => wrong.push(format!("{title}, undone\n    {reason}")),
        }
    }
    assert!(taken_back >= 30, "only {taken_back} stories were undone");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn random_stories_leave_nothing_dangling() {
    for seed in 1..=25 {
        let mut stage = Stage::new(seed);
        for line in stage.random_story() {
            let played = stage.play(&line);
            assert!(played.is_ok(), "seed {seed}: {line}: {played:?}");
        }
        let checked = stage.check();
        assert!(checked.is_ok(), "seed {seed}: {checked:?}");
        let taken_back = stage.take_back();
        assert!(taken_back.is_ok(), "seed {seed}, undone: {taken_back:?}");
    }
}
